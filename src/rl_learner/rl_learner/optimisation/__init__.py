# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Steps along gradients, and how long they are."""

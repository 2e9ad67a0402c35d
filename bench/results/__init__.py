# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""From rows of results to pictures and numbers."""

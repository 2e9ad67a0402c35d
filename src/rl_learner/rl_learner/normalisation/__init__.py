# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Running statistics by which observations and rewards are normalised."""

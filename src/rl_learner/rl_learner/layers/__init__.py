# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Neural networks as such: ensembles of MLPs, BatchNorm, distributions of actions."""

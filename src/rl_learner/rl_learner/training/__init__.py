# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The learner: when it updates, what an update does, checkpoints, devices."""

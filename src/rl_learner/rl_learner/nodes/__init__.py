# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The ROS nodes of the learner machine, one module per executable."""

# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""How exactly commands keep their schedule, the agent's and those of a plain rclpy node."""

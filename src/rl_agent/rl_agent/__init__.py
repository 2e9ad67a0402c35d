# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What a robot needs to learn: environment, policy, safety, spool, and their ROS 2 nodes."""

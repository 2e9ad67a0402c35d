# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Numbers of ROS messages by path: read from sensor messages, written into commands."""

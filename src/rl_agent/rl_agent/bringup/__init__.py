# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Starting nodes: launch arguments, node specifications, which Python runs them.

Plain Python without dependencies, because the Python of `ros2 launch` imports it.
"""

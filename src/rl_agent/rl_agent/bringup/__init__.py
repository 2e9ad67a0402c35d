# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Starting nodes: their parameters, launch arguments, specifications, and the Python to run them.

Only the standard library is used, because the Python of `ros2 launch` imports this room.
"""

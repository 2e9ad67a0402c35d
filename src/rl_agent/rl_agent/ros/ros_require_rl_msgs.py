# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Exits with one line if rl_msgs is not built; imported wherever rl_msgs is imported."""

import sys

try:
    import rl_msgs.msg
    import rl_msgs.srv  # noqa: F401
except ImportError as error:
    sys.exit(
        f'error: rl_msgs: not built for {sys.executable} ({error}); accepted: after `make setup`,'
        ' or after `colcon build` and sourcing its install/setup.bash'
    )

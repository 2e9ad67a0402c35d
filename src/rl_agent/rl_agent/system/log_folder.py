# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Whether ROS can write the logs of this process: where it cannot, no node starts."""

from collections.abc import Mapping
import os
from pathlib import Path
import tempfile


def why_no_logs() -> str:
    """Return which folder ROS cannot write its logs into, and why; empty: it can.

    The folder is ROS_LOG_DIR, else ROS_HOME/log, else ~/.ros/log; ROS makes it, and so does this.
    """
    variables = os.environ
    name = variables.get('ROS_LOG_DIR') or f'{variables.get("ROS_HOME") or "~/.ros"}/log'
    if name.startswith('~') and not variables.get('HOME'):
        return f'{name}: HOME is not set'
    folder = Path(name).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return f'{folder}: {error.strerror}'
    return ''


def log_variables(folder: Path) -> Mapping[str, str]:
    """Return the variables with which ROS can write its logs: none where it can already.

    Args:
        folder: for the logs where the usual one cannot be used.
    """
    return {'ROS_LOG_DIR': str(folder.absolute())} if why_no_logs() else {}

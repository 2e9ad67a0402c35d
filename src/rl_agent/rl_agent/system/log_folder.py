# Copyright 2026 The rl_agent authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""The folder of the ROS logs: if ROS cannot write it, no node starts."""

from collections.abc import Mapping
import os
from pathlib import Path
import tempfile


def log_folder_error() -> str:
    """Return the folder in which ROS cannot write its logs, and the reason; empty if it can.

    The folder is ROS_LOG_DIR, else ROS_HOME/log, else ~/.ros/log. This creates it, as ROS would.
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
    """Return the environment variables that let ROS write its logs; empty if it already can.

    Args:
        folder: folder for the logs if the usual one cannot be written.
    """
    return {'ROS_LOG_DIR': str(folder.absolute())} if log_folder_error() else {}

# Copyright 2026 The rl_learner authors
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

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Ranks as processes of this machine, without torchrun."""

import contextlib
import os
from pathlib import Path
import subprocess
import sys

from rl_learner.system.ports import free_port


def rank_environments(size, timeout_s=60.0):
    """Return the variables of ranks on this machine, as torchrun sets them."""
    folders = [str(Path(__file__).parent), os.environ.get('PYTHONPATH', '')]
    common = {
        **os.environ,
        'PYTHONPATH': os.pathsep.join(filter(None, folders)),
        'OMP_NUM_THREADS': '1',
        'MASTER_ADDR': '127.0.0.1',
        'MASTER_PORT': str(free_port()),
        'WORLD_SIZE': str(size),
        'LOCAL_WORLD_SIZE': str(size),
        'RL_RANK_TIMEOUT_S': str(timeout_s),
    }
    return [{**common, 'RANK': str(rank), 'LOCAL_RANK': str(rank)} for rank in range(size)]


@contextlib.contextmanager
def started(script, commands, environments):
    """Yield processes of a script beside this file, one for each list of arguments."""
    processes = []
    try:
        for arguments, environment in zip(commands, environments, strict=True):
            command = [sys.executable, Path(__file__).with_name(script), *arguments]
            processes.append(
                subprocess.Popen(
                    command,
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
            )
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()

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

"""A node that is interrupted while it imports ends at once, without a stack trace."""

import os
from pathlib import Path
import signal
import subprocess
import sys

import pytest

SLOW = """
import sys, time
print('importing', *sys.argv[1:], flush=True)
time.sleep(300)
"""
WHOLE = """
import sys
def main():
    print('ran', *sys.argv[1:])
    sys.exit(3)
"""
WITHIN_S = 60


def started(folder: Path, module: str, content: str) -> 'subprocess.Popen[str]':
    """Start a module in a folder by the runner of launch files."""
    (folder / f'{module}.py').write_text(content)
    paths = os.pathsep.join([str(folder), *filter(None, [os.environ.get('PYTHONPATH')])])
    return subprocess.Popen(
        [
            sys.executable,
            '-m',
            'rl_agent.bringup.node_process',
            module,
            '--ros-args',
            '-p',
            'a:=1',
        ],
        env={**os.environ, 'PYTHONPATH': paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ('number', 'code'), [(signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM)]
)
def test_a_signal_during_imports_ends_it_without_a_word(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    process = started(tmp_path, 'slow_node', SLOW)
    assert process.stdout is not None
    assert process.stdout.readline() == 'importing --ros-args -p a:=1\n'
    process.send_signal(number)
    output, errors = process.communicate(timeout=WITHIN_S)
    assert (process.returncode, output, errors) == (code, '', '')


def test_a_node_gets_its_arguments_and_gives_its_exit_code(tmp_path: Path) -> None:
    process = started(tmp_path, 'whole_node', WHOLE)
    output, errors = process.communicate(timeout=WITHIN_S)
    assert (process.returncode, output, errors) == (3, 'ran --ros-args -p a:=1\n', '')

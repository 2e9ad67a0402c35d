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

"""Executables on a Python that lacks a library, as the one of apt does."""

import os
from pathlib import Path
import subprocess
import sys

import pytest
from rl_agent.entry_points import Command


@pytest.mark.parametrize(
    ('name', 'module', 'words'),
    [
        ('agent', 'nodes.agent_node', ['pendulum']),
        ('check_robot', 'robot_check.check_robot', ['pendulum']),
        ('rl_describe', 'robot_draft.rl_describe', []),
        ('gazebo_robot', 'nodes.gazebo_robot_node', ['pendulum']),
    ],
)
def test_one_line_says_what_a_stock_python_lacks(
    name: str, module: str, words: list[str], tmp_path: Path
) -> None:
    (tmp_path / 'pydantic.py').write_text('__version__ = "1.10.14"\n')
    path = os.pathsep.join([str(tmp_path), os.environ.get('PYTHONPATH', '')])
    program = f'import sys\nfrom rl_agent.entry_points import {name}\nsys.exit({name}())'
    done = subprocess.run(
        [sys.executable, '-c', program, *words],
        env={**os.environ, 'PYTHONPATH': path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f'error: {sys.executable} lacks pydantic 2 or later (it has 1.10.14);')
    assert line.endswith(f'~/rl_python/bin/python -m rl_agent.{module}')


def test_another_import_that_fails_is_not_hidden() -> None:
    with pytest.raises(ImportError, match='no_such_module'):
        Command('no_such_module')()

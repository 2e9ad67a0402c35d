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

"""The linters of ROS, where they are installed: `colcon test` runs them with apt's tools."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1]
MODULES = [str(PACKAGE / name) for name in (PACKAGE.name, 'launch')]
LINTERS = {
    'ament_copyright': [str(PACKAGE)],
    'ament_flake8': ['--config', str(PACKAGE / 'setup.cfg'), str(PACKAGE)],
    'ament_pep257': ['--convention', 'google', *MODULES],
}


@pytest.mark.parametrize('name', LINTERS)
def test_a_linter_has_nothing_to_say(name: str) -> None:
    pytest.importorskip(name, reason=f'{name} is not installed; it comes with ROS')
    main: Callable[[list[str]], int] = import_module(f'{name}.main').main
    assert main(LINTERS[name]) == 0

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

"""Lets `colcon test` run these tests with what a ROS 2 installation has.

Its pytest is old, plugins are missing, and so is what the learner needs: tests that cannot run
there are skipped and say why.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
import sys
from typing import NoReturn

import pytest

_NEEDED = ('gymnasium', 'mcap', 'pydantic_core', 'reverb', 'torch')
_MISSING = ', '.join(module for module in _NEEDED if find_spec(module) is None)
_OPTIONS = {'pythonpath': '_pytest.python_path', 'timeout': 'pytest_timeout'}

# what `pythonpath` in pyproject.toml does, also for this folder alone and for an old pytest
sys.path.insert(0, str(Path(__file__).parent / 'helpers'))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Accept the options in pyproject.toml that this pytest does not know."""
    for name, module in _OPTIONS.items():
        if find_spec(module) is None:
            parser.addini(name, f'ignored, for there is no {module}')


def pytest_configure(config: pytest.Config) -> None:
    """Accept the marks of a plugin that is missing."""
    config.addinivalue_line('markers', 'timeout(seconds): largest duration of a test')


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Skip each file where something is missing, instead of failing to import it."""

    def collect() -> NoReturn:
        pytest.skip(f'no {_MISSING}; accepted: the Python of .venv')

    if _MISSING and isinstance(collector, pytest.Module):
        collector.collect = collect

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

"""OpenMP threads spin only briefly in the learner."""

import os
import subprocess
import sys

import pytest
from rl_learner.system.openmp import openmp_environment

LEARNER = """
import pathlib
import rl_learner.nodes.learner_node
print('gomp', 'libgomp' in pathlib.Path('/proc/self/maps').read_text())
"""


@pytest.mark.parametrize('name', ['GOMP_SPINCOUNT', 'OMP_WAIT_POLICY'])
def test_given_settings_are_kept(name: str) -> None:
    assert openmp_environment({name: 'passive'}) == {}
    assert list(openmp_environment({'OMP_NUM_THREADS': '2'})) == ['GOMP_SPINCOUNT']


def test_learner_limits_spinning_before_torch_is_loaded() -> None:
    environment = {**os.environ, 'OMP_DISPLAY_ENV': 'verbose'}  # printed when OpenMP is loaded
    for name in ('GOMP_SPINCOUNT', 'OMP_WAIT_POLICY'):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, '-c', LEARNER],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    if 'gomp True' not in done.stdout:
        pytest.skip('this torch does not use GNU OpenMP')
    expected = openmp_environment({})['GOMP_SPINCOUNT']
    assert f"GOMP_SPINCOUNT = '{expected}'" in done.stderr

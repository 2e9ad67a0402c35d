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

"""Actions in [-1, 1] and commands from low to high."""

import numpy as np
import pytest
from rl_agent.description.action_scale import ActionScale


@pytest.mark.parametrize(
    ('action', 'command'),
    [
        ([-1.0, -1.0], [-2.0, 0.0]),
        ([1.0, 1.0], [2.0, 10.0]),
        ([0.0, 0.0], [0.0, 5.0]),
        ([0.5, -0.5], [1.0, 2.5]),
        ([-0.25, 0.75], [-0.5, 8.75]),
    ],
)
def test_commands_by_hand(action: list[float], command: list[float]) -> None:
    given = ActionScale((-2.0, 0.0), (2.0, 10.0)).command(np.array(action, np.float32))
    assert given.dtype == np.float64
    assert given.tolist() == command


def test_commands_become_actions_within_their_bounds() -> None:
    scale = ActionScale((-2.0, 0.0), (2.0, 10.0))
    commands = np.array([[-2.0, 10.0], [1.0, 2.5], [3.0, -1.0]])
    actions = scale.action(commands)
    assert actions.dtype == np.float32
    assert actions.tolist() == [[-1.0, 1.0], [0.5, -0.5], [1.0, -1.0]]

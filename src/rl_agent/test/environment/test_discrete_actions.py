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

"""Numbered actions stand for actions of the box, on robots and on other environments."""

from typing import Any

import gymnasium
from gymnasium.spaces import Box, Discrete
from gymnasium.utils.env_checker import check_env
import numpy as np
from pendulum_robot import describe, PendulumRobot
import pytest
from rl_agent.environment.discrete_actions import DiscreteActions
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.errors import ConfigurationError


class Plane(gymnasium.Env[Any, Any]):
    """Returns its action as observation.

    Attributes:
        acted: the last action.
    """

    def __init__(self, box: Any) -> None:
        """Take actions of a box."""
        self.action_space = box
        self.observation_space = Box(-100.0, 100.0, (1,), np.float64)
        self.acted: Any = None

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        return np.zeros(1), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.acted = action
        return np.zeros(1), 0.0, False, False, {}


WIDE = Box(np.array([-2.0, 0.0], np.float32), np.array([2.0, 10.0], np.float32))


def test_all_combinations_with_both_ends() -> None:
    env = DiscreteActions(Plane(WIDE), (3, 2))
    assert env.action_space == Discrete(6)
    assert env.table.tolist() == [[-2, 0], [-2, 10], [0, 0], [0, 10], [2, 0], [2, 10]]
    assert env.table.dtype == np.float32
    env.step(np.int64(3))
    plane = env.unwrapped
    assert isinstance(plane, Plane)
    assert plane.acted.tolist() == [0.0, 10.0]


def test_a_table_of_ones_own() -> None:
    env = DiscreteActions(Plane(WIDE), actions=[[0, 5], [0.5, 10]])
    assert env.action_space == Discrete(2)
    assert env.action(np.int64(1)).tolist() == [0.5, 10.0]


def test_a_box_of_any_shape() -> None:
    env = DiscreteActions(Plane(Box(-1.0, 1.0, (2, 1), np.float64)), 2)
    assert env.table.shape == (4, 2, 1)
    assert env.action(np.int64(2)).tolist() == [[1.0], [-1.0]]


def test_a_robot_executes_the_action_of_the_box() -> None:
    env = DiscreteActions(RobotEnv(PendulumRobot(), describe()), 5)
    env.reset()
    *_, info = env.step(np.int64(1))
    assert info['executed_action'].tolist() == [-0.5]
    assert info['command'].tolist() == [-1.0]


def test_the_environment_passes_the_check_of_gymnasium() -> None:
    env = DiscreteActions(gymnasium.make('Pendulum-v1').unwrapped)
    check_env(env, skip_render_check=True)


@pytest.mark.parametrize(
    ('box', 'options', 'words'),
    [
        (Discrete(3), {}, r'env: given actions Discrete\(3\); accepted: a box with bounds'),
        (Box(-np.inf, 1.0, (1,)), {}, 'env: given actions Box.*; accepted: a box with bounds'),
        (WIDE, {'levels': 1}, 'levels: given 1; accepted: 2 or more, one number or one for each'),
        (WIDE, {'levels': (3,)}, r'levels: given \(3,\); accepted: 2 or more, .* of the 2 axes'),
        (WIDE, {'levels': 40}, 'which makes 1600 actions; accepted: up to 1000; choose fewer'),
        (WIDE, {'actions': [[0]]}, r'table of shape \(1, 1\); accepted: rows of 2 numbers'),
        (WIDE, {'actions': []}, 'accepted: rows of 2 numbers'),
        (WIDE, {'actions': [[0, 0], [3, 0]]}, r'actions.1: given \[3.0, 0.0\]; accepted: in Box'),
        (WIDE, {'actions': [[np.nan, 0]]}, r'actions.0: given \[nan, 0.0\]; accepted: in Box'),
    ],
)
def test_what_cannot_be_numbered_is_refused(box: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        DiscreteActions(Plane(box), **options)


@pytest.mark.parametrize('number', [-1, 3, 1.5])
def test_a_number_beyond_the_table_is_refused(number: Any) -> None:
    env = DiscreteActions(RobotEnv(PendulumRobot(), describe()))
    env.reset()
    with pytest.raises(ConfigurationError, match=r'action: given .*; accepted: 0 to 2'):
        env.step(number)

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

"""Where the parts of the panel of actions are, and the goal of a task."""

import math

import pytest
from rl_agent.display.action_panel import ActionPanel
from rl_agent.display.goal import find_goal, Goal

PANEL = ActionPanel(['forward', 'turn'], ['m/s', 'rad/s'], [-0.1, -2.0], [0.22, 2.0], 0.6, 0.5)


def test_the_first_number_is_on_top_and_plus_one_is_to_the_left() -> None:
    first, second = PANEL.rows([0.5, -1.0], [0.5, -0.5], [0.14, -1.0])
    assert first.low == pytest.approx((0.0, -0.25, 0.66))
    assert first.high == pytest.approx((0.0, 0.25, 0.66))
    assert first.zero == pytest.approx((0.0, 0.0, 0.66))
    assert first.executed == first.wanted == pytest.approx((0.0, 0.125, 0.66))
    assert second.executed == pytest.approx((0.0, -0.125, 0.6))
    assert second.wanted == pytest.approx((0.0, -0.25, 0.6))
    assert (first.is_changed, second.is_changed) == (False, True)
    assert PANEL.top[2] > first.high[2]


def test_a_label_has_command_unit_and_bounds() -> None:
    first, _ = PANEL.rows([0.5, 0.0], [0.5, 0.0], [0.14, 0.0])
    assert first.label == 'forward 0.14 m/s in [-0.1, 0.22]'


def test_an_action_outside_of_the_box_is_drawn_close_to_it() -> None:
    first, _ = PANEL.rows([50.0, 0.0], [1.0, 0.0], [0.22, 0.0])
    assert first.wanted == pytest.approx((0.0, 0.5, 0.66))


def test_steps_of_another_robot_are_refused() -> None:
    with pytest.raises(ValueError, match='argument'):
        PANEL.rows([0.0], [0.0], [0.0])


@pytest.mark.parametrize(
    ('parameters', 'names', 'observation', 'goal'),
    [
        ({}, ['speed'], [1.0], None),
        ({'goal_x_m': 1.0}, [], [], None),
        ({'goal_x_m': 1.0, 'goal_y_m': 2.0}, [], [], Goal((1.0, 2.0, 0.0), 0.05)),
        (
            {'goal_x_m': 1.0, 'goal_y_m': 2.0, 'goal_z_m': 3.0, 'goal_radius_m': 0.2},
            ['target/0', 'target/1'],
            [8.0, 9.0],
            Goal((1.0, 2.0, 3.0), 0.2),
        ),
        (
            {},
            ['hand/0', 'target/0', 'target/1', 'target/2', 'target/0@-1'],
            [5.0, 1.0, 2.0, 3.0, 9.0],
            Goal((1.0, 2.0, 3.0), 0.05),
        ),
        ({}, ['target/0', 'target/1'], [1.0, math.nan], None),
        ({}, ['target/0', 'target/1', 'target/2', 'target/3'], [1.0, 2.0, 3.0, 4.0], None),
        ({'goal_x_m': math.inf, 'goal_y_m': 2.0}, [], [], None),
    ],
)
def test_a_goal_is_found_in_parameters_or_in_the_observation(
    parameters: dict[str, float],
    names: list[str],
    observation: list[float],
    goal: Goal | None,
) -> None:
    assert find_goal(parameters, names, observation) == goal

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

"""Rewards and terminations of `reach_goal`, computed by hand."""

import itertools

import numpy as np
import pytest
from rl_agent.array_types import FieldValues
from rl_agent.description.robot import load_robot
from rl_agent.environment.transforms import heading
from rl_agent.tasks.reach_goal import ReachGoal

TASK = ReachGoal(goal_x_m=3.0, goal_y_m=4.0)
COMMAND = np.array([0.2, 0.0])


def at(x: float, y: float, nearest_m: float = 1.0) -> FieldValues:
    return {'position': np.array([x, y]), 'scan': np.array([3.5, nearest_m, 3.5])}


def test_progress_is_worth_ten_per_metre() -> None:
    """From 5 m to 4 m: 10 x 1 - 0.05."""
    outcome = TASK.outcome(at(0.0, 0.0), COMMAND, at(0.6, 0.8))
    assert outcome.parts == pytest.approx(
        {'progress': 10.0, 'time': -0.05, 'goal': 0.0, 'collision': 0.0}
    )
    assert outcome.reward == pytest.approx(9.95)
    assert not outcome.terminated


def test_moving_away_costs_as_much() -> None:
    assert TASK.outcome(at(0.6, 0.8), COMMAND, at(0.0, 0.0)).reward == pytest.approx(-10.05)


def test_standing_still_costs_time() -> None:
    assert TASK.outcome(at(0.0, 0.0), COMMAND, at(0.0, 0.0)).reward == pytest.approx(-0.05)


@pytest.mark.parametrize(('distance_m', 'reached'), [(0.19, True), (0.2, False), (0.21, False)])
def test_the_goal_is_reached_within_its_radius(distance_m: float, reached: bool) -> None:
    outcome = TASK.outcome(at(3.0, 3.0), COMMAND, at(3.0, 4.0 - distance_m))
    assert outcome.terminated is reached
    assert outcome.parts['goal'] == (20.0 if reached else 0.0)


@pytest.mark.parametrize(('nearest_m', 'collided'), [(0.13, True), (0.14, False), (0.15, False)])
def test_a_collision_terminates(nearest_m: float, collided: bool) -> None:
    outcome = TASK.outcome(at(0.0, 0.0), COMMAND, at(0.0, 0.0, nearest_m))
    assert outcome.terminated is collided
    assert outcome.parts['collision'] == (-20.0 if collided else 0.0)


def test_a_collision_at_the_goal_counts_as_the_goal() -> None:
    outcome = TASK.outcome(at(3.0, 3.0), COMMAND, at(3.0, 4.0, 0.1))
    assert outcome.terminated
    assert outcome.reward == pytest.approx(10.0 - 0.05 + 20.0)


def test_rewards_along_a_line_add_up_to_its_length() -> None:
    """From 5 m to the goal in 10 steps along a straight line: 10 x 4.9 - 10 x 0.05 + 20."""
    line = [at(3.0 * fraction, 4.0 * fraction) for fraction in np.linspace(0.0, 0.98, 11)]
    outcomes = [TASK.outcome(before, COMMAND, after) for before, after in itertools.pairwise(line)]
    assert sum(outcome.reward for outcome in outcomes) == pytest.approx(49.0 - 0.5 + 20.0)
    assert [outcome.terminated for outcome in outcomes] == [False] * 9 + [True]


def test_the_differential_drive_robot_uses_this_task() -> None:
    """Its observation: 24 beams, x and y, cosine and sine, two speeds."""
    description = load_robot('diff_drive')
    assert description.task.name == 'reach_goal'
    names = [name for item in description.observation for name in item.element_names]
    assert len(names) == 24 + 2 + 2 + 2
    assert names[:2] == ['scan/0', 'scan/15']
    assert names[26:28] == ['heading/cos', 'heading/sin']


@pytest.mark.parametrize(
    ('yaw', 'expected'), [(0.0, (1.0, 0.0)), (np.pi / 2, (0.0, 1.0)), (3.0, (-0.98999, 0.14112))]
)
def test_a_heading_is_cosine_and_sine_of_the_yaw(
    yaw: float, expected: tuple[float, float]
) -> None:
    """A quaternion and its negative are the same rotation."""
    quaternion = np.array([0.0, 0.0, np.sin(yaw / 2), np.cos(yaw / 2)])
    assert heading(quaternion) == pytest.approx(expected, abs=1e-5)
    assert heading(-quaternion) == pytest.approx(expected, abs=1e-5)

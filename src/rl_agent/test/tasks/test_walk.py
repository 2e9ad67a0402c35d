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

# mypy: disable-error-code="no-untyped-def"
"""The walking task against values computed by hand."""

import math

import numpy as np
import pytest
from rl_agent.errors import ConfigurationError
from rl_agent.tasks.walk import forward_reward, roll_and_pitch, Walk


def values(velocity=0.0, yaw_rate=0.0, roll=0.0, pitch=0.0):
    """Return an observation; gravity from rotations about y, then x."""
    return {
        'gravity': np.array(
            [
                math.sin(pitch),
                -math.sin(roll) * math.cos(pitch),
                -math.cos(roll) * math.cos(pitch),
            ]
        ),
        'angular_velocity': np.array([0.3, -0.2, yaw_rate]),
        'linear_velocity': np.array([velocity, 0.5, -0.1]),
    }


def outcome(task, **after):
    return task.outcome(values(9.0, 9.0, 1.0, 1.0), np.zeros(12), values(**after))


@pytest.mark.parametrize(
    ('velocity', 'reward'),
    [
        (-3.0, 0.0),
        (-0.5, 0.0),  # -v
        (-0.25, 0.25),
        (0.0, 0.5),
        (0.25, 0.75),
        (0.5, 1.0),  # v
        (0.75, 1.0),
        (1.0, 1.0),  # 2 v
        (1.25, 0.75),
        (1.5, 0.5),
        (2.0, 0.0),  # 4 v
        (5.0, 0.0),
    ],
)
def test_forward_reward(velocity, reward):
    assert forward_reward(velocity, 0.5) == pytest.approx(reward, abs=1e-12)
    assert forward_reward(2 * velocity, 1.0) == pytest.approx(reward, abs=1e-12)


@pytest.mark.parametrize('edge', [-0.5, 0.5, 1.0, 2.0])
def test_forward_reward_is_continuous(edge):
    below, above = forward_reward(edge - 1e-9, 0.5), forward_reward(edge + 1e-9, 0.5)
    assert below == pytest.approx(above, abs=1e-8)


def test_the_reward_is_the_sum_of_its_parts():
    result = outcome(Walk(target_velocity=0.5), velocity=0.25, yaw_rate=-2.0)
    assert result.parts == pytest.approx({'forward': 0.75, 'yaw_rate': -0.4})
    assert result.reward == pytest.approx(0.35)
    assert not result.terminated


@pytest.mark.parametrize('angle', ['roll', 'pitch'])
@pytest.mark.parametrize('sign', [-1, 1])
def test_a_fall_is_a_tilt_of_more_than_30_degrees(angle, sign):
    task = Walk()
    assert not outcome(task, **{angle: sign * math.radians(29.9)}).terminated
    assert outcome(task, **{angle: sign * math.radians(30.1)}).terminated


def test_roll_and_pitch():
    gravity = values(roll=0.4, pitch=-0.7)['gravity']
    assert roll_and_pitch(gravity) == pytest.approx((0.4, -0.7))
    assert abs(roll_and_pitch(np.array([0.0, 0.0, 1.0]))[0]) == pytest.approx(math.pi)


def test_a_robot_on_its_back_has_fallen():
    upside_down = {**values(), 'gravity': np.array([0.0, 0.0, 1.0])}
    assert Walk().outcome(values(), np.zeros(12), upside_down).terminated


@pytest.mark.parametrize('velocity', [0.0, 0.09, -0.5, 2.1, math.nan, math.inf])
def test_a_target_velocity_out_of_range_is_refused(velocity):
    with pytest.raises(ConfigurationError, match=r'target_velocity: given .*0\.1 to 2 m/s'):
        Walk(target_velocity=velocity)


def test_other_parameters_out_of_range_are_refused():
    with pytest.raises(ConfigurationError, match='yaw_rate_cost: given -1'):
        Walk(yaw_rate_cost=-1.0)
    with pytest.raises(ConfigurationError, match='largest_tilt: given 2'):
        Walk(largest_tilt=2.0)

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

"""What a description asks for and no command may do is refused before anything moves."""

from collections.abc import Iterator
import copy
import math
from pathlib import Path
from typing import Any

import pytest
from rl_agent.description.robot import load_robot
from rl_agent.errors import ConfigurationError
from robot_contents import write
import yaml

JOINT = """
name: joint
rate_hz: 50
episode_steps: 100
observation:
  - {name: angle, topic: joints, type: sensor_msgs/msg/JointState, field: position,
     joints: [knee], unit: rad}
  - {name: cos_angle, topic: joints, type: sensor_msgs/msg/JointState, field: position,
     joints: [knee], transform: cos, max_age_s: 1.0, replace_nan: 0.0}
  - {name: sin_angle, topic: joints, type: sensor_msgs/msg/JointState, field: position,
     joints: [knee], transform: sin, bounds: [-1.0, 1.0]}
  - {name: velocity, topic: joints, type: sensor_msgs/msg/JointState, field: velocity,
     joints: [knee]}
  - {name: attitude, topic: imu, type: sensor_msgs/msg/Imu, field: orientation, size: 4}
action: {topic: commands, type: std_msgs/msg/Float64MultiArray, joints: [knee], unit: rad,
         low: [-2.0], high: [2.0], default: [0.25], time_from_start_s: 0.1}
task: {name: swing_up, parameters: {effort_cost: 0.5}}
reset: {move_to_pose: {field: angle, pose: [0.25], seconds: 3.0, tolerance: 0.1}, timeout_s: 3.0}
safety:
  command_low: [-1.0]
  command_high: [0.5]
  slew_per_s: [1.0]
  low_pass_hz: 8.0
  pose_tolerance: [0.1]
  limits: [{name: far, observation: angle, low: [-0.9], high: [1.5]}]
  tilt: {observation: attitude, max_roll_rad: 0.5, max_pitch_rad: 0.5}
  stop: {reaction: default_pose, duration_s: 1.0}
  emergency_stop: {reaction: zero}
  policy_watchdog: {max_age_s: 5.0}
"""


def content(**sections: dict[str, Any]) -> dict[str, Any]:
    """Return the joint's description with these keys in these sections."""
    made: dict[str, Any] = yaml.safe_load(JOINT)
    for name, keys in sections.items():
        made[name].update(keys)
    return made


def refusal(tmp_path: Path, made: dict[str, Any]) -> list[str]:
    """Return the lines of the error at start."""
    with pytest.raises(ConfigurationError) as caught:
        load_robot(write(tmp_path, made))
    return str(caught.value).splitlines()


def test_what_fits_is_accepted(tmp_path: Path) -> None:
    assert load_robot(write(tmp_path, content())).safety.pose_tolerance == (0.1,)


POSE = {'field': 'angle', 'tolerance': 0.1}
FAR = {'limits': [{'name': 'far', 'observation': 'angle', 'low': [2.0], 'high': [-2.0]}]}


@pytest.mark.parametrize(
    ('sections', 'expected'),
    [
        (  # 1.9 rad, with bounds of -1 to 0.5
            {'reset': {'move_to_pose': {**POSE, 'pose': [1.9], 'seconds': 9.0}}},
            'reset.move_to_pose.pose: given 1.9 for knee; accepted: -0.9 to 0.5, ',
        ),
        (  # 1.5 rad at 1 rad/s from the farther end of the box
            {'reset': {'move_to_pose': {**POSE, 'pose': [0.5], 'seconds': 0.5}}},
            'reset.move_to_pose.seconds: given 0.5; accepted: 1.5 or more, because of',
        ),
        (
            {
                'action': {'default': [0.75]},
                'reset': {'move_to_pose': {**POSE, 'pose': [0.0], 'seconds': 3.0}},
            },
            "safety.stop.reaction: given 'default_pose', and action.default: given 0.75 for knee;"
            ' accepted: -0.9 to 0.5',
        ),
        (
            {
                'action': {'default': [-0.95]},
                'reset': {'move_to_pose': {**POSE, 'seconds': 3.0}},
                'safety': {'stop': {'reaction': 'hold'}},
            },
            'reset.move_to_pose: action.default: given -0.95 for knee; accepted: -0.9 to 0.5',
        ),
        (
            {'safety': {'command_low': [0.125]}},
            "safety: emergency_stop.reaction: given 'zero' with bounds that exclude 0",
        ),
        ({'safety': FAR}, 'safety.limits.0: given low 2, high -2; accepted: low before high'),
        (
            {'safety': {'pose_tolerance': [-0.1]}},
            'safety.pose_tolerance: given [-0.1]; accepted: 0 or above',
        ),
        (
            {'safety': {'pose_tolerance': [0.1, 0.1]}},
            'safety: pose_tolerance: given 2 values; accepted: 1 or 1',
        ),
    ],
)
def test_what_no_command_may_do_is_refused(
    tmp_path: Path, sections: dict[str, Any], expected: str
) -> None:
    lines = refusal(tmp_path, content(**sections))
    assert len(lines) == 1, lines
    assert expected in lines[0]


def test_a_motion_that_is_just_slow_enough_is_accepted(tmp_path: Path) -> None:
    move = {'move_to_pose': {**POSE, 'pose': [0.5], 'seconds': 1.5}}
    load_robot(write(tmp_path, content(reset=move)))


def test_without_a_safety_section_the_bounds_of_the_action_count(tmp_path: Path) -> None:
    made = content(reset={'move_to_pose': {**POSE, 'pose': [2.5]}})
    del made['safety']
    (line,) = refusal(tmp_path, made)
    assert 'reset.move_to_pose.pose: given 2.5 for knee; accepted: -2 to 2' in line


def numbers_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where the numbers are."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from numbers_in(item, (*path, key))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path


@pytest.mark.parametrize('number', [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    'path', list(numbers_in(yaml.safe_load(JOINT))), ids=lambda path: '.'.join(map(str, path))
)
def test_a_number_that_is_not_finite_is_refused_everywhere(
    tmp_path: Path, path: tuple[Any, ...], number: float
) -> None:
    made = copy.deepcopy(content())
    place: Any = made
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = number
    assert any(
        str(path[-2] if isinstance(path[-1], int) else path[-1]) in line
        for line in refusal(tmp_path, made)
    )

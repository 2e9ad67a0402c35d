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

"""Mistakes in the safety section are reported all at once, before anything moves."""

from pathlib import Path

import pytest
from rl_agent.description.command import find_pose
from rl_agent.description.robot import load_robot, RobotDescription
from rl_agent.errors import ConfigurationError

LEG = """
name: leg
rate_hz: 50
episode_steps: 100
observation:
  - {name: angle, topic: joints, type: sensor_msgs/msg/JointState, field: position,
     joints: [knee, hip], unit: rad}
  - {name: speed, topic: joints, type: sensor_msgs/msg/JointState, field: velocity,
     joints: [hip, knee], unit: rad/s}
  - {name: cos_angle, topic: joints, type: sensor_msgs/msg/JointState, field: position,
     joints: [hip], transform: cos}
  - {name: sin_angle, topic: joints, type: sensor_msgs/msg/JointState, field: position,
     joints: [hip], transform: sin}
  - {name: velocity, topic: joints, type: sensor_msgs/msg/JointState, field: velocity,
     joints: [hip]}
  - {name: attitude, topic: imu, type: sensor_msgs/msg/Imu, field: orientation, size: 4,
     transform: projected_gravity}
action: {topic: commands, type: std_msgs/msg/Float64MultiArray, joints: [hip, knee], unit: rad,
         low: [-1.0, 0.5], high: [1.0, 2.0]}
task: {name: swing_up}
reset: {service: reset}
safety:
"""


def load(tmp_path: Path, safety: str) -> RobotDescription:
    """Return the leg's description with a safety section."""
    path = tmp_path / 'leg.yaml'
    path.write_text(LEG + '\n'.join(f'  {line}' for line in safety.splitlines()) + '\n')
    return load_robot(str(path))


def test_valid_section(tmp_path: Path) -> None:
    description = load(
        tmp_path,
        'command_low: [-0.5, 0.75]\nslew_per_s: [5]\nlow_pass_hz: 8\n'
        'limits: [{name: fast, observation: speed, low: [-9], high: [9, 12]}]\n'
        'tilt: {observation: attitude, max_roll_rad: 0.5, max_pitch_rad: 0.5}\n'
        'trip: {reaction: hold}\npolicy_watchdog: {max_age_s: 60}',
    )
    assert description.safety.slew_per_s == (5.0,)
    assert description.safety.policy_watchdog is not None
    assert description.safety.policy_watchdog.reaction == 'damped_stop'


def test_pose_field_is_found_by_unit_and_joints(tmp_path: Path) -> None:
    """The order of the joints in the field does not matter."""
    description = load(tmp_path, 'low_pass_hz: 8')
    found = find_pose(description.command, description.observation, description.safety.pose_field)
    assert found == [('angle', [1, 0], [0, 1])]


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(
            tmp_path,
            'command_low: [-2.0, 0.6]\nslew_per_s: [1, 2, 3]\nlow_pass_hz: 25\n'
            'limits: [{name: fast, observation: sped, high: [1]},'
            ' {name: far, observation: angle, low: [1, 2, 3]}]\n'
            'tilt: {observation: speed, max_roll_rad: 0.5, max_pitch_rad: 0.5}\n'
            'stop: {reaction: zero}\nemergency_stop: {reaction: default_pose}\n'
            'pose_field: speed',
        )
    lines = str(caught.value).splitlines()
    expected = [
        'safety: slew_per_s: given 3 values; accepted: 1 or 2',
        'safety: low_pass_hz: given 25; accepted: below 25, half the control rate',
        "safety: stop.reaction: given 'zero' with bounds that exclude 0; accepted: with bounds",
        "safety: emergency_stop.reaction: given 'default_pose' without action.default; accepted",
        "safety: limits.fast.observation: given 'sped'; accepted: angle, speed, ",
        'safety: limits.far.low: given 3 values; accepted: 1 or 2',
        "safety: tilt.observation: given 'speed'; accepted: a field with the 4 numbers",
        "safety: pose_field: given 'speed'; accepted: an observation field",
    ]
    assert len(lines) == len(expected), lines
    for line, words in zip(lines, expected, strict=True):
        assert words in line


@pytest.mark.parametrize(
    ('safety', 'words'),
    [
        ('command_low: [-2.0, 0.6]', 'of hip: given -2, 1; accepted: low before high, within the'),
        ('command_high: [1.0, 0.25]', 'of knee: given 0.5, 0.25; accepted: low before high'),
        ('slew_per_s: [0]', 'slew_per_s: given [0.0]; accepted: above 0'),
        ('slewpers: [1]', 'safety.slewpers: unknown key (did you mean'),
        ('stop: {reaction: brake}', "stop.reaction: given 'brake'; accepted: 'hold', 'zero'"),
        ('stop: {duration_s: 0}', 'stop.duration_s: given 0'),
        ('limits: [{name: fast, observation: speed}]', 'given neither low nor high'),
        (
            'limits: [{name: a, observation: speed, low: [0]},'
            ' {name: a, observation: speed, high: [1]}]',
            'safety.limits: given twice: a; accepted: each once',
        ),
        ('sensor_watchdog: {max_age_s: -1}', 'max_age_s: given -1; accepted: greater than 0'),
        ('sensor_watchdog: {latch: 1}', 'latch: given 1; accepted: true or false'),
    ],
)
def test_one_mistake_is_one_line(tmp_path: Path, safety: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, safety)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1

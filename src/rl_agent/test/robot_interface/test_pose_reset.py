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

"""A robot is moved to a pose in steps, and its arrival is checked."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
import pytest
from rl_agent.description.action import ActionDescription
from rl_agent.description.observation import ObservationField
from rl_agent.description.reset import PoseDescription, ResetDescription
from rl_agent.description.robot import RobotDescription
from rl_agent.description.task import TaskDescription
from rl_agent.environment.robot import Reading
from rl_agent.errors import RobotError
from rl_agent.robot_interface.pose_reset import move_to_pose


@pytest.fixture(autouse=True)
def any_fields_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the task need no fields."""
    monkeypatch.setattr('rl_agent.tasks.swing_up.SwingUp.fields', ())


def describe(**pose: Any) -> RobotDescription:
    """Return a robot with joints a, b; its sensors name b, c, a."""
    return RobotDescription(
        name='arm',
        rate_hz=10.0,
        episode_steps=5,
        observation=(
            ObservationField(
                'where', 't', 'sensor_msgs/msg/JointState', 'position', ('b', 'c', 'a')
            ),
        ),
        action=ActionDescription(
            topic='c',
            type='std_msgs/msg/Float64MultiArray',
            unit='rad',
            joints=('a', 'b'),
            low=(-1.0, -1.0),
            high=(1.0, 1.0),
            default=(0.5, -0.5),
        ),
        task=TaskDescription('swing_up'),
        reset=ResetDescription(
            move_to_pose=PoseDescription('where', seconds=0.5, **pose), timeout_s=1.0
        ),
    )


class Follower:
    """Joints that cover a fraction of the distance to their command each step."""

    def __init__(self, fraction: float) -> None:
        """Start at a = -0.5, b = 1.5, outside the bounds of commands."""
        self._fraction = fraction
        self._position = np.array([-0.5, 1.5])
        self.commands: list[list[float]] = []

    def read(self) -> Reading:
        a, b = self._position
        return Reading({'where': np.array([b, 9.0, a])}, 0)

    def apply(self, command: NDArray[np.float64]) -> Reading:
        self.commands.append(command.round(12).tolist())
        self._position = self._position + self._fraction * (command - self._position)
        return self.read()


def test_the_commands_to_the_default_pose_by_hand() -> None:
    robot = Follower(1.0)
    reading = move_to_pose(robot.read(), robot.apply, describe())
    assert robot.commands == [[-0.3, 0.7], [-0.1, 0.4], [0.1, 0.1], [0.3, -0.2], [0.5, -0.5]]
    assert reading.values['where'].tolist() == [-0.5, 9.0, 0.5]


def test_a_slow_robot_is_waited_for() -> None:
    robot = Follower(0.5)
    reading = move_to_pose(robot.read(), robot.apply, describe(pose=(0.0, 0.0), tolerance=0.01))
    assert len(robot.commands) > 5
    assert robot.commands[-1] == [0.0, 0.0]
    assert np.abs(reading.values['where'][[0, 2]]).max() <= 0.01


def test_a_robot_that_does_not_arrive_is_an_error() -> None:
    robot = Follower(0.0)
    with pytest.raises(RobotError, match=r'reset: b is 2 away .* 1 s after .*; accepted: 0.05'):
        move_to_pose(robot.read(), robot.apply, describe())
    assert len(robot.commands) == 5 + 10  # the time of the move, and the time-out

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

"""A pose that cannot be true never becomes a command, and no episode begins there."""

from collections.abc import Sequence
from typing import Any

from gated_robot import Clock, describe, GatedRobot, LIMITS, PERIOD_S
import numpy as np
from numpy.typing import NDArray
import pytest
from rl_agent.description.robot import load_robot
from rl_agent.description.safety import ReactionDescription
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.errors import RobotError
from rl_agent.event_log import EventLog
from rl_agent.safety.command_bounds import bounds_of
from rl_agent.safety.measured_pose import MeasuredPose
from rl_agent.safety.safety_state import SafetyState, Stop

UP = np.array([0.75, 0.5], np.float32)  # 1.5 rad and 0.05 rad
DAMPED = {'trip': ReactionDescription('damped_stop', 0.1)}


class Made:
    """An environment on a robot of two joints.

    Attributes:
        sent: all commands.
    """

    def __init__(self, **safety: Any) -> None:
        """Begin nothing yet; a reset that waits for a re-arm ends with an error."""
        description = describe('rad', **{'slew_per_s': (4.0,), **safety})
        self.sent: list[NDArray[np.float64]] = []
        events = EventLog()
        self.state = SafetyState(events)
        self.robot = GatedRobot(description, self.sent.append, self.state, Clock())
        self.env = RobotEnv(self.robot, description, state=self.state, events=events)
        self.env.stop_waiting()


def end_of(made: Made, seen: Sequence[float], steps: int) -> list[list[float]]:
    """Return what is sent from the step on at whose end the encoders say something else."""
    made.env.reset()
    for _ in range(5):
        made.env.step(UP)
    sent = len(made.sent)
    made.robot.seen = made.robot.pose + seen
    made.env.step(UP)
    for _ in range(steps - 1):
        made.robot.wait(PERIOD_S)
    made.robot.seen = None
    made.robot.wait(10 * PERIOD_S)
    return [command.tolist() for command in made.sent[sent:]]


@pytest.mark.parametrize(
    ('seen', 'steps'),
    [((1e6, 1e6), 3), ((2 * np.pi, 0.0), 1), ((0.0, -2 * np.pi), 1), ((1e6, 0.0), 1)],
)
def test_a_glitched_encoder_holds_the_last_command(seen: tuple[float, float], steps: int) -> None:
    """Five steps of 4 / 50 rad from 0.5 rad, and one more."""
    made = Made(limits=LIMITS, **DAMPED)
    commands = end_of(made, seen, steps)
    assert made.state.summary.startswith('limit/where: ')
    assert commands[0] == pytest.approx([0.5 + 6 * 4 / 50, 0.05])
    assert len(commands) > 10
    assert all(command == commands[0] for command in commands)


def test_a_stop_without_a_limit_does_not_use_a_pose_beyond_the_box() -> None:
    made = Made()
    made.env.reset()
    made.env.step(UP)
    made.robot.seen = np.array([1e6, 0.05])
    made.env.step(UP)
    stop = Stop('emergency_stop', '', ReactionDescription('damped_stop', 0.1), True, lambda: None)
    made.state.begin(stop, emergency=True)
    made.robot.wait(20 * PERIOD_S)
    assert made.sent[-1] == pytest.approx([0.5 + 2 * 4 / 50, 0.05])


def numbers(pose: NDArray[np.float64] | None) -> list[float] | None:
    return None if pose is None else pose.tolist()


@pytest.mark.parametrize('joint', range(12))
def test_no_joint_of_the_quadruped_wraps_into_a_pose(joint: int) -> None:
    bounds = bounds_of(load_robot('quadruped'))
    measured = MeasuredPose(bounds)
    measured.update(bounds.rest, 1.0)
    wrapped = bounds.rest.copy()
    wrapped[joint] += 2 * np.pi
    measured.update(wrapped, 1.02)
    assert measured.at(1.02) is None
    measured.update(bounds.rest, 1.04)
    assert numbers(measured.at(1.04)) == bounds.rest.tolist()


def test_an_episode_does_not_begin_beyond_the_box() -> None:
    """The box is -2 to 2 rad, and 5 % of 4 rad to either side."""
    made = Made()
    made.robot.seen = np.array([50.0, 0.05])
    with pytest.raises(RobotError, match=r'pose_beyond_box: a: given 50; accepted: -2\.2 to'):
        made.env.reset()
    assert made.sent == []
    assert made.state.is_latched
    refused, why = made.state.rearm()
    assert not refused
    assert 'given 50; accepted: -2.2 to 2.2' in why
    made.robot.seen = None
    assert made.state.rearm()[0]
    made.env.reset()
    made.env.step(UP)
    assert made.sent[0] == pytest.approx([0.5 + 4 / 50, 0.05])


def test_a_described_tolerance_takes_precedence() -> None:
    made = Made(pose_tolerance=(60.0,))
    made.robot.seen = np.array([50.0, 0.05])
    made.env.reset()


def test_within_the_tolerance_the_first_command_starts_at_the_nearest_edge() -> None:
    made = Made()
    made.robot.seen = np.array([2.1, 0.05])
    made.env.reset()
    made.robot.seen = None
    made.env.step(np.array([-1.0, 0.5], np.float32))
    assert made.sent[0] == pytest.approx([2.0 - 4 / 50, 0.05])


def test_a_pose_is_used_while_it_is_young_and_possible() -> None:
    """The slew limit is 4 rad/s, so 0.2 rad of tolerance and 8 rad/s; the age 0.5 s."""
    bounds = bounds_of(describe('rad', slew_per_s=(4.0,)))
    measured = MeasuredPose(bounds)
    assert measured.at(0.0) is None
    measured.update(np.array([0.0, 0.0]), 1.0)
    measured.update(np.array([0.37, 0.0]), 1.02)
    assert measured.at(1.02) is None, 'too far in a period'
    measured.update(np.array([0.51, 0.0]), 1.04)
    assert numbers(measured.at(1.54)) == [0.51, 0.0]
    assert measured.at(1.55) is None, 'too old'
    assert numbers(measured.speed) == pytest.approx([0.51 / 0.04, 0.0])
    measured.update(np.array([np.nan, 0.0]), 1.06)
    assert measured.at(1.06) is None
    measured.forget()
    measured.update(np.array([-1.9, 0.0]), 1.08)
    assert numbers(measured.at(1.08)) == [-1.9, 0.0]

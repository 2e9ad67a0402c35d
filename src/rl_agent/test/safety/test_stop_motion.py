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

"""Each reaction that stops a robot, by hand."""

from joint_bounds import joint_bounds
import numpy as np
import pytest
from rl_agent.description.action import ActionDescription
from rl_agent.description.command import CommandDescription
from rl_agent.description.limits import LimitDescription
from rl_agent.description.observation import ObservationField
from rl_agent.description.safety import (
    ReactionDescription,
    ReactionKind,
    SafetyDescription,
)
from rl_agent.safety.command_bounds import make_bounds
from rl_agent.safety.stop_motion import StopInProgress, StopPlanner

TIMES_S = (-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 100.0)


def commands(
    unit: str, reaction: ReactionKind, last: float | None, pose: float | None
) -> list[float] | None:
    """Return the command at each of `TIMES_S`, default pose 4, duration 2 s."""
    action = ActionDescription(
        topic='commands',
        type='std_msgs/msg/Float64MultiArray',
        unit=unit,
        joints=('knee',),
        low=(-9.0,),
        high=(9.0,),
        default=(4.0,),
    )
    motion = StopPlanner(joint_bounds(action, 50.0)).plan(
        ReactionDescription(reaction, 2.0),
        None if last is None else np.array([last]),
        None if pose is None else np.array([pose]),
    )
    return None if motion is None else [float(motion.command(time_s)[0]) for time_s in TIMES_S]


@pytest.mark.parametrize(
    ('unit', 'reaction', 'expected'),
    [
        ('rad', 'hold', [2.0] * 7),
        ('N m', 'hold', [2.0] * 7),
        ('rad', 'zero', [0.0] * 7),
        ('N m', 'zero', [0.0] * 7),
        ('N m', 'damped_stop', [2.0, 2.0, 1.5, 1.0, 0.5, 0.0, 0.0]),
        ('m/s', 'damped_stop', [2.0, 2.0, 1.5, 1.0, 0.5, 0.0, 0.0]),
        ('rad', 'damped_stop', [2.0, 2.0, 1.75, 1.5, 1.25, 1.0, 1.0]),  # measured: 1 rad
        ('rad', 'default_pose', [2.0, 2.0, 2.5, 3.0, 3.5, 4.0, 4.0]),
    ],
)
def test_each_reaction(unit: str, reaction: ReactionKind, expected: list[float]) -> None:
    assert commands(unit, reaction, 2.0, 1.0) == pytest.approx(expected)


def test_without_a_measured_position_the_last_command_is_held() -> None:
    assert commands('rad', 'damped_stop', 2.0, None) == [2.0] * 7


@pytest.mark.parametrize('reaction', ['hold', 'damped_stop'])
def test_before_the_first_command_the_measured_position_is_held(reaction: ReactionKind) -> None:
    assert commands('rad', reaction, None, 1.0) == [1.0] * 7


@pytest.mark.parametrize('reaction', ['hold', 'damped_stop', 'default_pose'])
def test_an_unknown_position_is_not_commanded(reaction: ReactionKind) -> None:
    assert commands('rad', reaction, None, None) is None


@pytest.mark.parametrize('reaction', ['hold', 'zero', 'damped_stop'])
def test_a_motor_that_was_never_commanded_gets_zero(reaction: ReactionKind) -> None:
    assert commands('N m', reaction, None, None) == [0.0] * 7


@pytest.mark.parametrize(
    ('reaction', 'expected'),
    [('hold', 0.0), ('zero', 0.0), ('damped_stop', 0.5), ('default_pose', 3.0)],
)
def test_default_durations(reaction: ReactionKind, expected: float) -> None:
    assert ReactionDescription(reaction).ramp_s == expected


def knee(slew_per_s: float | None = None, unit: str = 'rad', high: float = 9.0) -> StopPlanner:
    """Return a planner for a knee from -9 to `high`, limited to -1.5 to 1.5 as measured."""
    action = ActionDescription(
        topic='commands',
        type='std_msgs/msg/Float64MultiArray',
        unit=unit,
        joints=('knee',),
        low=(-9.0,),
        high=(9.0,),
        default=(1.0,),
    )
    field = ObservationField(
        'angle', 'joints', 'sensor_msgs/msg/JointState', 'position', ('knee',), unit='rad'
    )
    safety = SafetyDescription(
        slew_per_s=None if slew_per_s is None else (slew_per_s,),
        command_high=(high,),
        limits=(LimitDescription('knee', 'angle', low=(-1.5,), high=(1.5,)),),
    )
    command = CommandDescription((action,))
    return StopPlanner(make_bounds(command, 50.0, safety, (field,)))


def ends(
    planner: StopPlanner, reaction: ReactionKind, last: float, pose: float | None, *speeds: float
) -> tuple[float, float, float]:
    """Return first and last command of a stop, and its duration; 0.5 s are described."""
    motion = planner.plan(
        ReactionDescription(reaction, 0.5),
        np.array([last]),
        None if pose is None else np.array([pose]),
        [np.array([speed]) for speed in speeds],
    )
    assert motion is not None
    first, final = motion.command(0.0), motion.command(100.0)
    return float(first[0]), float(final[0]), motion.ramp_s


@pytest.mark.parametrize(
    ('reaction', 'expected'),
    [
        ('hold', (1.0, 1.0, 0.0)),
        ('zero', (1.0, 0.0, 2.0)),
        ('damped_stop', (1.0, -1.0, 4.0)),
        ('default_pose', (1.0, 1.0, 0.5)),
    ],
)
def test_a_ramp_obeys_the_slew_limit(
    reaction: ReactionKind, expected: tuple[float, float, float]
) -> None:
    """Half a radian per second from 1 rad; the pose is -1 rad."""
    assert ends(knee(0.5), reaction, 1.0, -1.0) == pytest.approx(expected)


def test_zero_effort_is_immediate() -> None:
    motion = knee(0.5, 'N m').plan(ReactionDescription('zero'), np.array([1.0]), None)
    assert motion is not None
    assert (motion.command(0.0).tolist(), motion.ramp_s) == ([0.0], 0.0)
    assert motion.at_once.tolist() == [True]


@pytest.mark.parametrize('speeds', [(2.0,), (0.0, 2.0), (0.2, 0.0), (-2.0, 2.0)])
def test_a_moving_joint_is_not_reversed(speeds: tuple[float, ...]) -> None:
    """Command or pose moves up; the pose is behind, or on both sides."""
    assert ends(knee(), 'damped_stop', 1.0, 0.75, *speeds) == (1.0, 1.0, 0.5)


@pytest.mark.parametrize('speeds', [(), (0.0,), (-2.0,), (1e-3, -1e-3)])
def test_a_joint_at_rest_or_on_its_way_there_goes_to_the_pose(speeds: tuple[float, ...]) -> None:
    assert ends(knee(), 'damped_stop', 1.0, 0.75, *speeds) == (1.0, 0.75, 0.5)


@pytest.mark.parametrize('reaction', ['hold', 'damped_stop'])
def test_a_command_beyond_a_limit_comes_back_to_it(reaction: ReactionKind) -> None:
    assert ends(knee(), reaction, 1.75, None)[:2] == (1.5, 1.5)
    assert ends(knee(0.5), reaction, 1.75, None) == (1.75, 1.5, 0.5)


@pytest.mark.parametrize('reaction', ['hold', 'zero', 'damped_stop', 'default_pose'])
@pytest.mark.parametrize('last', [-1e6, -3.0, 0.0, 1.2, 1e6])
@pytest.mark.parametrize('pose', [-1e6, 0.0, 1.3, 1e6])
def test_start_and_target_lie_in_the_box_and_within_the_limits(
    reaction: ReactionKind, last: float, pose: float
) -> None:
    first, final, _ = ends(knee(high=1.25), reaction, last, pose)
    assert -1.5 <= first <= 1.25
    assert -1.5 <= final <= 1.25


def test_a_late_thread_does_not_make_a_slow_stop_jump() -> None:
    """1 rad/s at 50 Hz, from 1 rad: 0.02 rad a command however late it is."""
    planner = knee(1.0)
    motion = planner.plan(ReactionDescription('zero'), np.array([1.0]), None)
    assert motion is not None
    stop = StopInProgress(motion, 10.0, planner.bounds)
    assert [float(stop.command(time_s)[0]) for time_s in (10.0, 10.5, 11.5, 11.51)] == (
        pytest.approx([1.0, 0.98, 0.96, 0.95])
    )
    assert stop.left_s(np.array([0.95])) == pytest.approx(0.02)


BASE = ActionDescription(
    topic='base',
    type='geometry_msgs/msg/Twist',
    unit='m/s',
    fields=('linear.x',),
    low=(-1.0,),
    high=(1.0,),
)
ARM = ActionDescription(
    topic='arm',
    type='std_msgs/msg/Float64MultiArray',
    unit='rad',
    joints=('knee',),
    low=(-2.0,),
    high=(2.0,),
    default=(1.0,),
)


def mobile_arm(*slew_per_s: float, measured: bool = True) -> StopPlanner:
    """Return the planner of a base with an arm of one joint."""
    field = ObservationField(
        'knee', 'joints', 'sensor_msgs/msg/JointState', 'position', ('knee',), unit='rad'
    )
    safety = SafetyDescription(slew_per_s=slew_per_s or None)
    command = CommandDescription((BASE, ARM))
    return StopPlanner(make_bounds(command, 50.0, safety, (field,) if measured else ()))


@pytest.mark.parametrize(
    ('reaction', 'slew_per_s', 'expected'),
    [
        ('hold', (), [[0.5, 0.4], [0.5, 0.4], [0.5, 0.4]]),
        ('zero', (), [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]),
        ('zero', (1.0, 0.1), [[0.0, 0.4], [0.0, 0.3], [0.0, 0.0]]),  # the arm within its slew
        ('damped_stop', (), [[0.5, 0.4], [0.25, 0.3], [0.0, 0.2]]),  # the arm is at 0.2 rad
        ('damped_stop', (1.0, 0.05), [[0.5, 0.4], [0.25, 0.35], [0.0, 0.2]]),
        ('default_pose', (), [[0.5, 0.4], [0.25, 0.7], [0.0, 1.0]]),
    ],
)
def test_a_base_and_its_arm_stop_each_in_its_way(
    reaction: ReactionKind, slew_per_s: tuple[float, ...], expected: list[list[float]]
) -> None:
    """In two seconds, from 0.5 m/s and 0.4 rad; commands at 0, 1 and 100 s."""
    motion = mobile_arm(*slew_per_s).plan(
        ReactionDescription(reaction, 2.0), np.array([0.5, 0.4]), np.array([0.0, 0.2])
    )
    assert motion is not None
    found = [motion.command(time_s).tolist() for time_s in (0.0, 1.0, 100.0)]
    assert found == [pytest.approx(numbers) for numbers in expected]


def test_before_the_first_command_the_base_stands_and_the_arm_is_where_it_is() -> None:
    pose = np.array([0.0, 0.2])
    motion = mobile_arm().plan(ReactionDescription('damped_stop', 2.0), None, pose)
    assert motion is not None
    assert motion.command(0.0).tolist() == pytest.approx([0.0, 0.2])
    assert mobile_arm().plan(ReactionDescription('damped_stop'), None, None) is None
    assert mobile_arm(measured=False).plan(ReactionDescription('hold'), None, pose) is None

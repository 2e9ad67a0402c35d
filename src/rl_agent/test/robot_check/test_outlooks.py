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

"""What limits could trip on, by what a robot sends: a leg with an IMU, described with limits."""

from collections.abc import Sequence
from dataclasses import dataclass
import math
from typing import Any, ClassVar

import numpy as np
import pytest
from rl_agent.array_types import Command, FieldValues
from rl_agent.configuration import build
from rl_agent.description.robot import RobotDescription
from rl_agent.errors import RobotError
from rl_agent.robot_check.control_ages import ControlAges
from rl_agent.robot_check.field_watch import FieldWatch
from rl_agent.robot_check.limit_outlook import limit_outlooks, LimitOutlook
from rl_agent.robot_check.timeout_outlook import pose_outlooks, timeout_outlooks
from rl_agent.tasks.task import Outcome, Parameters

UPRIGHT = [0.0, 0.0, 0.0, 1.0]
TILT = {'observation': 'orientation', 'max_roll_rad': 0.5, 'max_pitch_rad': 0.25}
UNKNOWN = 'orientation_covariance[0] is -1: the driver does not know orientation'
MOVING = [[0.0, 0.25], [0.5, -0.25]]


@dataclass(frozen=True)
class Idle(Parameters):
    """A task without reward."""

    fields: ClassVar[tuple[str, ...]] = ()

    def outcome(
        self, observation: FieldValues, command: Command, next_observation: FieldValues
    ) -> Outcome:
        """Return an outcome without reward."""
        return Outcome({}, terminated=False)


def describe(angle: dict[str, Any] | None = None, **safety: Any) -> RobotDescription:
    """Return the description of the leg with a safety section."""
    position = {'field': 'position', 'joints': ['hip', 'knee'], 'unit': 'rad'}
    orientation = {'field': 'orientation', 'size': 4, 'max_age_s': 0.1}
    content: dict[str, Any] = {
        'name': 'leg',
        'rate_hz': 50,
        'episode_steps': 100,
        'observation': [
            {
                'name': 'angle',
                'topic': 'joint_states',
                'type': 'sensor_msgs/msg/JointState',
                **position,
                **(angle or {}),
            },
            {
                'name': 'orientation',
                'topic': 'imu',
                'type': 'sensor_msgs/msg/Imu',
                **orientation,
            },
        ],
        'action': {
            'topic': 'commands',
            'type': 'std_msgs/msg/Float64MultiArray',
            'joints': ['hip', 'knee'],
            'unit': 'rad',
            'low': [-1, -1],
            'high': [1, 1],
        },
        'task': {'name': f'{__name__}:Idle'},
        'reset': {'person': True},
        'safety': safety,
    }
    return build(RobotDescription, content, 'leg.yaml')


def watch_all(
    description: RobotDescription,
    angles: Sequence[Sequence[float]],
    orientations: Sequence[Sequence[float] | RobotError],
) -> dict[str, FieldWatch]:
    """Return watches that have received these messages at 50 Hz."""

    def extract(message: Any) -> Any:
        if isinstance(message, RobotError):
            raise message
        return np.array(message, np.float64)

    found = {}
    messages = (angles, orientations)
    for field, sent in zip(description.observation, messages, strict=True):
        found[field.name] = watch = FieldWatch(field, f'/{field.topic}', extract)
        for number, message in enumerate(sent):
            watch.add(message, number / 50.0)
    return found


def of_limit(
    angles: Sequence[Sequence[float]],
    angle: dict[str, Any] | None = None,
    holds: tuple[float, float] | None = None,
    stops: dict[str, tuple[float, float]] | None = None,
    **limit: Any,
) -> LimitOutlook:
    """Return the outlook of one limit on the angles."""
    limits = [{'name': 'range', 'observation': 'angle', **limit}]
    description = describe(angle, limits=limits)
    watches = watch_all(description, angles, [UPRIGHT])
    holding = {'angle': holds} if holds else {}
    (found,) = limit_outlooks(description, watches, holding, stops or {})
    assert (found.name, found.field) == ('range', 'angle')
    return found


def of_tilt(orientations: Sequence[Sequence[float] | RobotError]) -> LimitOutlook:
    """Return the outlook of the tilt limit."""
    description = describe(tilt=TILT)
    (found,) = limit_outlooks(description, watch_all(description, MOVING, orientations), {}, {})
    return found


def test_a_limit_that_can_trip_says_how_near_it_is() -> None:
    found = of_limit(MOVING, low=[-2.0], high=[1.5, 1.0])
    assert found.could_trip == 'yes'
    assert found.reason == 'seen -0.25 to 0.5, 0.75 from high 1 of knee'
    found = of_limit(MOVING, low=[-0.5])
    assert found.reason == 'seen -0.25 to 0.5, 0.25 from low -0.5 of knee'


def test_a_limit_that_is_exceeded_now() -> None:
    found = of_limit(MOVING, high=[0.25, 1.0])
    assert (found.could_trip, found.reason) == ('now', 'hip: given 0.5; accepted: -inf to 0.25')


def test_a_joint_that_never_moved_tells_nothing() -> None:
    found = of_limit([[0.0, 0.0]] * 10, high=[1.0])
    assert found.could_trip == 'unsure'
    words = (
        'seen 0 to 0, 1 from high 1 of hip; unchanged in 10 messages, always 0: move it by hand'
    )
    assert found.reason == words
    assert of_limit([[0.0, 0.0]] * 9, high=[1.0]).could_trip == 'yes'


def test_bounds_beyond_all_that_the_encoder_shows() -> None:
    """A servo that reports 0 to 2 pi, with limits of -pi to pi (sts_hardware_interface#5)."""
    encoder = {'bounds': [0.0, 6.29]}
    found = of_limit([[0.5, 1.0], [0.25, 1.5]], encoder, low=[-3.14], high=[3.14])
    assert found.could_trip == 'yes'
    assert found.reason.endswith(
        '; never beyond low -3.14 of hip, low -3.14 of knee: outside of 0 to 6.29, the'
        " field's described bounds"
    )
    found = of_limit([[0.5, 1.0], [0.25, 1.5]], encoder, low=[-3.14], high=[9.5])
    assert found.could_trip == 'no'
    assert found.reason == "every bound: outside of 0 to 6.29, the field's described bounds"


def test_values_that_are_clipped_for_the_policy_may_exceed_their_bounds() -> None:
    clipped = {'bounds': [-1.0, 1.0], 'clip': True}
    assert of_limit(MOVING, clipped, low=[-1.5], high=[1.5]).could_trip == 'yes'


def test_bounds_that_the_number_type_cannot_hold() -> None:
    found = of_limit([[3.0, 4.0], [5.0, 6.0]], holds=(0.0, 255.0), low=[-1.0], high=[300.0])
    assert found.could_trip == 'no'
    assert found.reason == 'every bound: outside of 0 to 255, all that its number type holds'


def test_bounds_beyond_the_end_stops() -> None:
    """A joint never gets there; at the end stop itself the limit trips as it should."""
    stops = {'hip': (-1.0, 1.0), 'other': (-0.1, 0.1)}
    found = of_limit(MOVING, stops=stops, low=[-1.0, -9.0], high=[1.5])
    assert found.could_trip == 'yes'
    assert found.reason.endswith(
        '; never beyond high 1.5 of hip: beyond the end stops in the URDF'
    )
    stops['knee'] = (-1.0, 1.0)
    found = of_limit(MOVING, stops=stops, high=[1.5])
    assert (found.could_trip, found.reason) == (
        'no',
        'every bound: beyond the end stops in the URDF',
    )
    assert of_limit(MOVING, {'unit': 'rad/s'}, stops=stops, high=[1.5]).could_trip == 'yes'


def test_a_limit_beyond_one_turn() -> None:
    found = of_limit(MOVING, low=[-10.0], high=[10.0])
    assert found.could_trip == 'unsure'
    assert found.reason.endswith('an encoder that counts one turn never shows it')


def test_a_limit_on_a_silent_field() -> None:
    found = of_limit([], high=[1.0])
    assert found.could_trip == 'no'
    assert found.reason == 'no message that fits; the sensor watchdog stops the robot instead'


def test_tilt_of_an_imu_without_orientation() -> None:
    """The driver says so (depthai-ros#483), or sends zeros."""
    found = of_tilt([RobotError(f"observation field 'orientation': {UNKNOWN}")])
    assert found.could_trip == 'no'
    assert found.reason == f'{UNKNOWN}; the sensor watchdog stops the robot instead'
    found = of_tilt([[0.0, 0.0, 0.0, 0.0]])
    assert found.could_trip == 'now'
    assert found.reason == 'given [0.0, 0.0, 0.0, 0.0]; accepted: a quaternion'


def test_tilt_of_a_constant_orientation() -> None:
    found = of_tilt([UPRIGHT] * 10)
    assert found.could_trip == 'unsure'
    assert found.reason.startswith(
        'roll 0 of 0.5 rad, pitch 0 of 0.25 rad; unchanged in 10 messages, exactly level'
    )


def test_tilt_that_is_measured() -> None:
    leaning = [math.sin(0.1), 0.0, 0.0, math.cos(0.1)]  # 0.2 rad about x
    found = of_tilt([UPRIGHT, leaning])
    assert found.could_trip == 'yes'
    assert found.reason == 'roll 0.2 of 0.5 rad, pitch 0 of 0.25 rad'
    lying = [math.sqrt(0.5), 0.0, 0.0, math.sqrt(0.5)]
    assert of_tilt([lying]).could_trip == 'now'


def test_ages_and_heartbeat() -> None:
    description = describe(emergency_stop={'heartbeat_s': 1.0}, sensor_watchdog={'max_age_s': 0.2})
    watches = watch_all(description, MOVING, [UPRIGHT])
    ages = ControlAges(10, 0.0, 0.05, 0.15)

    def outlooks(*, is_lockstep: bool = False, stop_publishers: int = 0) -> list[tuple[str, str]]:
        found = timeout_outlooks(
            description,
            watches,
            {'angle': ages, 'orientation': ages},
            is_lockstep=is_lockstep,
            stop_publishers=stop_publishers,
        )
        return [(item.could_trip, item.reason) for item in found]

    assert outlooks() == [
        ('yes', 'worst age 0.150 s of 0.2 s'),
        ('now', 'worst age 0.150 s of 0.1 s'),  # the field's own largest age
        ('now', 'longest silence 1 s; publishers: 0: the robot waits for the first'),
    ]
    simulated = outlooks(is_lockstep=True, stop_publishers=1)
    assert [verdict for verdict, _ in simulated] == ['unsure'] * 3


def test_a_silent_field_is_too_old_at_once() -> None:
    description = describe()
    watches = watch_all(description, [], [UPRIGHT])
    nothing = dict.fromkeys(watches)
    found = timeout_outlooks(description, watches, nothing, is_lockstep=False, stop_publishers=0)
    assert found[0].could_trip == 'now'
    assert found[0].reason == 'no message that fits; accepted: 0.5 s'


@pytest.mark.parametrize(
    ('angles', 'verdict', 'words'),
    [
        ([[0.5, 0.5]], 'yes', 'the pose is within the command box'),
        ([[0.5, 1.5]], 'now', 'no episode would begin: knee: given 1.5; accepted: -1.1 to 1.1'),
        ([], 'no', 'the pose is not known'),
    ],
)
def test_the_pose_where_an_episode_would_begin(
    angles: list[list[float]], verdict: str, words: str
) -> None:
    """5 % of the box of 2 rad is tolerated."""
    description = describe()
    (found,) = pose_outlooks(description, watch_all(description, angles, [UPRIGHT]))
    assert found.could_trip == verdict
    assert found.reason.startswith(words)

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

"""Takeover and giving back without a jump, and what the numbers of each mode mean.

Reported of others: f1tenth_system#8 (a car jumps to autonomy when its joystick is lost),
teleop_twist_joy#29 (a speed that stays after the button was released).
"""

from typing import Any

import numpy as np
import pytest
from rl_agent.description.action import ActionDescription
from rl_agent.description.command import CommandDescription
from rl_agent.description.teaching.teleop import AxisDescription, TeleopDescription
from rl_agent.event_log import EventLog
from rl_agent.teaching.hand import Hand, HandMessage
from rl_agent.teaching.takeover import Takeover
from rl_agent.transport.transition import Intervention

NONE, LIMIT, PERSON = Intervention
RATE_HZ = 10.0
NAN = float('nan')
# forward speed of a differential drive, lopsided, and its turning; without a default
DRIVE: dict[str, Any] = {
    'type': 'geometry_msgs/msg/Twist',
    'fields': ('linear.x', 'angular.z'),
    'unit': 'm/s, rad/s',
    'low': (-0.1, -2.0),
    'high': (0.3, 2.0),
}
ARM: dict[str, Any] = {
    'type': 'std_msgs/msg/Float64MultiArray',
    'joints': ('a', 'b'),
    'unit': 'rad',
    'low': (-1.0, 0.0),
    'high': (1.0, 4.0),
}


class Bench:
    """A takeover whose policy and person want what a test says."""

    def __init__(self, action: dict[str, Any], without: str = '', **teleop: Any) -> None:
        """Let the policy drive; one number may be without an axis."""
        command = CommandDescription((ActionDescription(topic='commands', **action),))
        self.events, self._now_s = EventLog(), 0.0
        self._hand = Hand('/joy', 0.3, self.events)
        axes = {
            name: AxisDescription(axis=index)
            for index, name in enumerate(command.names)
            if name != without
        }
        self.takeover = Takeover(
            self._hand,
            TeleopDescription(topic='joy', axes=axes, **{'handover_s': 0.0, **teleop}),
            command,
            RATE_HZ,
            lambda: self._now_s,
        )
        self.last = np.zeros(2, np.float32)

    def step(
        self, wanted: tuple[float, float], person: tuple[float, float] | None = None
    ) -> tuple[Any, Intervention]:
        """Take a step with a message; `person` drives, NaN without axis. Return what is chosen."""
        self._now_s += 0.1
        numbers = np.array([0.0, 0.0] if person is None else person)
        self._hand.hear(HandMessage(numbers, frozenset(), person is not None), self._now_s)
        action, chosen_by = self.takeover.choose(np.array(wanted, np.float32), lambda: self.last)
        self.last = action
        return pytest.approx(action.tolist(), abs=1e-6), chosen_by


def test_the_policy_drives_untouched() -> None:
    bench = Bench(DRIVE)
    wanted = np.array([0.1, 0.2], np.float32)
    action, chosen_by = bench.takeover.choose(wanted, lambda: bench.last)
    assert action is wanted
    assert chosen_by is NONE


def test_an_absolute_stick_at_its_centre_is_rest() -> None:
    """Rest of -0.1 to 0.3 m/s is action -0.5; a robot must not creep with the stick released."""
    bench = Bench(DRIVE)
    bench.step((0.9, 0.9))
    assert bench.step((0.9, 0.9), (0.0, 0.0)) == ([-0.5, 0.0], PERSON)
    assert bench.step((0.9, 0.9), (1.0, -1.0)) == ([1.0, -1.0], PERSON)
    assert bench.step((0.9, 0.9), (-1.0, 0.5)) == ([-1.0, 0.5], PERSON)
    assert bench.step((0.9, 0.9), (0.5, 7.0)) == ([0.25, 1.0], PERSON)  # half of the way to 0.3


def test_a_default_is_the_centre() -> None:
    bench = Bench({**ARM, 'default': (0.0, 1.0)})  # action -0.5 of 0 to 4
    bench.step((0.0, 0.0))
    assert bench.step((0.0, 0.0), (0.0, 0.0)) == ([0.0, -0.5], PERSON)
    assert bench.step((0.0, 0.0), (0.0, 0.5)) == ([0.0, 0.25], PERSON)


def test_a_position_without_an_axis_stays_and_a_speed_goes_to_rest() -> None:
    arm = Bench(ARM, without='b')
    arm.step((0.2, 0.7))
    for _ in range(3):
        assert arm.step((-1.0, -1.0), (0.5, NAN)) == ([0.5, 0.7], PERSON)
    drive = Bench(DRIVE, without='linear.x')
    drive.step((0.2, 0.7))
    assert drive.step((-1.0, -1.0), (NAN, 0.5)) == ([-0.5, 0.5], PERSON)


def test_a_relative_stick_moves_the_command_by_its_speed() -> None:
    """A quarter of the box per second at 10 Hz: 0.05 of the action's 2 per step."""
    bench = Bench(ARM, mode='relative', speed=0.25)
    bench.step((0.2, 0.95))
    assert bench.step((1.0, 1.0), (1.0, 1.0)) == ([0.25, 1.0], PERSON)
    assert bench.step((1.0, 1.0), (-0.5, 1.0)) == ([0.225, 1.0], PERSON)
    assert bench.step((1.0, 1.0), (0.0, -1.0)) == ([0.225, 0.95], PERSON)


def test_a_relative_target_does_not_run_ahead_of_a_slew_limit() -> None:
    """0.3 s at a quarter of the box per second is 0.15 of the action."""
    bench = Bench(ARM, mode='relative', speed=0.25, handover_s=0.3)
    bench.step((0.0, 0.0))
    for _ in range(20):
        given, _ = bench.step((0.0, 0.0), (1.0, 0.0))
        bench.last = np.zeros(2, np.float32)  # a limit held it back
    assert given == [0.15, 0.0]


def test_the_mode_command_takes_the_units_of_the_robot() -> None:
    bench = Bench(DRIVE, mode='command')
    bench.step((0.0, 0.0))
    assert bench.step((0.0, 0.0), (0.1, -1.0)) == ([0.0, -0.5], PERSON)
    assert bench.step((0.0, 0.0), (9.0, 0.0)) == ([1.0, 0.0], PERSON)


def test_a_handover_has_no_jump_in_either_direction() -> None:
    """0.3 s at 10 Hz: three steps on the way, a quarter of the way each."""
    bench = Bench(ARM, without='b', handover_s=0.3)
    assert bench.step((-0.8, 0.0)) == ([-0.8, 0.0], NONE)
    taken = [bench.step((-0.8, 0.0), (0.8, NAN)) for _ in range(5)]
    assert taken == [([given, 0.0], PERSON) for given in (-0.4, 0.0, 0.4, 0.8, 0.8)]
    back = [bench.step((-0.8, 0.0)) for _ in range(5)]
    assert back == [
        ([0.4, 0.0], LIMIT),
        ([0.0, 0.0], LIMIT),
        ([-0.4, 0.0], LIMIT),
        ([-0.8, 0.0], NONE),
        ([-0.8, 0.0], NONE),
    ]


def test_a_handover_amid_a_handover_begins_where_the_command_is() -> None:
    bench = Bench(ARM, without='b', handover_s=0.3)
    bench.step((0.0, 0.0))
    assert bench.step((0.0, 0.0), (0.8, NAN)) == ([0.2, 0.0], PERSON)
    assert bench.step((-0.6, 0.0)) == ([0.0, 0.0], LIMIT)
    assert bench.step((-0.6, 0.0), (0.8, NAN)) == ([0.2, 0.0], PERSON)


def test_an_episode_begins_without_a_handover() -> None:
    bench = Bench(ARM, without='b', handover_s=0.3)
    bench.step((0.0, 0.0))
    bench.step((0.0, 0.0), (0.8, NAN))
    bench.takeover.begin()
    assert bench.step((-0.6, 0.0)) == ([-0.6, 0.0], NONE)


def test_without_a_policy_positions_hold_and_speeds_rest() -> None:
    last = np.array([0.3, -0.3], np.float32)
    np.testing.assert_array_equal(Bench(ARM).takeover.hold(last), last)
    np.testing.assert_array_equal(
        Bench(DRIVE).takeover.hold(last), np.array([-0.5, 0.0], np.float32)
    )

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

"""A robot of two joints behind a real command gate, with a clock and sensors that a test sets."""

from collections.abc import Callable
from dataclasses import replace
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_agent.description.action import ActionDescription
from rl_agent.description.limits import LimitDescription
from rl_agent.description.observation import ObservationField
from rl_agent.description.reset import PoseDescription, ResetDescription
from rl_agent.description.robot import RobotDescription
from rl_agent.description.safety import ReactionDescription, SafetyDescription
from rl_agent.description.task import TaskDescription
from rl_agent.environment.robot import Reading
from rl_agent.errors import StoppedError
from rl_agent.robot_interface.pose_reset import move_to_pose
from rl_agent.safety.command_bounds import bounds_of
from rl_agent.safety.command_gate import CommandGate
from rl_agent.safety.safety_state import SafetyState
from rl_agent.safety.watchdogs import WatchedInput

RATE_HZ, PERIOD_S, MAX_AGE_S = 50.0, 0.02, 0.1
LOW, HIGH, DEFAULT = (-2.0, -0.25), (2.0, 0.15), (0.5, 0.1)
_FOLLOWS = 0.4  # of the distance to its command in a period
_STATE = 'sensor_msgs/msg/JointState'


def describe(
    unit: str, *, to_pose: bool = False, other: str = '', **safety: Any
) -> RobotDescription:
    """Return a robot with joints a, b; an observation field measures their positions in rad.

    With `other`, the unit of b, a and b are commanded on topics of their own.
    """
    fields = (
        ObservationField('where', 'joints', _STATE, 'position', ('b', 'a'), unit='rad'),
        ObservationField('cos_angle', 'joints', _STATE, 'position', ('a',), 'cos'),
        ObservationField('sin_angle', 'joints', _STATE, 'position', ('a',), 'sin'),
        ObservationField('velocity', 'joints', _STATE, 'velocity', ('a',)),
    )
    to = (-0.5,) if other else (-0.5, 0.0)
    pose = PoseDescription('where', to, seconds=0.8, tolerance=0.1) if to_pose else None
    both = ActionDescription(
        topic='commands',
        type='std_msgs/msg/Float64MultiArray',
        unit=unit,
        joints=('a', 'b'),
        low=LOW,
        high=HIGH,
        default=DEFAULT,
    )
    actions = [both]
    if other:
        actions = [
            replace(
                both,
                topic=f'commands_of_{name}',
                unit=its_unit,
                joints=(name,),
                low=(LOW[index],),
                high=(HIGH[index],),
                default=(DEFAULT[index],) if its_unit == 'rad' else None,
            )
            for index, (name, its_unit) in enumerate({'a': unit, 'b': other}.items())
        ]
    return RobotDescription(
        name='two_joints',
        rate_hz=RATE_HZ,
        episode_steps=1000,
        observation=fields,
        action=actions[0],
        more_actions=tuple(actions[1:]),
        task=TaskDescription('swing_up'),
        reset=ResetDescription(
            service=None if to_pose else 'reset', move_to_pose=pose, timeout_s=0.3
        ),
        safety=SafetyDescription(**safety),
    )


LIMITS = (LimitDescription('where', 'where', low=(-0.2, -1.5), high=(0.12, 1.5)),)  # of b, a


class Clock:
    """A steady clock that passes only when told to.

    Attributes:
        now_s: the time.
        on_advance: called with each time that passes.
    """

    def __init__(self) -> None:
        """Begin some time after the start of the machine."""
        self.now_s = 100.0
        self.on_advance: Callable[[float], None] = lambda passed_s: None

    def read(self) -> float:
        """Return the time."""
        return self.now_s

    def advance(self, passed_s: float) -> None:
        """Let time pass."""
        self.now_s += passed_s
        self.on_advance(passed_s)


class GatedRobot:
    """Does what `RealtimeRobot` does between environment and gate, at a speed that a test sets.

    Attributes:
        pose: where the joints really are, (2,).
        seen: the pose that the encoders say; None: what is true.
        late_periods: by how much each period is longer than planned.
        silent: the sensors send nothing.
        gate: the real one, without its thread: `wait` does the thread's work.
        resting: the stop under way of `rest`.
        forgotten: number of times that something else has moved the robot, or the gate was opened.
    """

    def __init__(
        self,
        description: RobotDescription,
        publish: Callable[[NDArray[np.float64]], None],
        state: SafetyState,
        clock: Clock,
    ) -> None:
        """Stand at the default pose; the gate is open."""
        self._description, self._publish, self._state = description, publish, state
        self.clock, self.bounds = clock, bounds_of(description)
        self.pose = np.array(DEFAULT)
        self.seen: NDArray[np.float64] | None = None
        self.late_periods, self.silent, self.forgotten = 0.0, False, 0
        self.resting: ReactionDescription | None = None
        self._measured, self._measured_s = self.pose, clock.now_s
        watched = WatchedInput(
            'sensor_too_old/joints',
            'joints',
            replace(description.safety.sensor_watchdog, max_age_s=MAX_AGE_S),
            lambda: self._measured_s,
        )
        self.gate = CommandGate(
            self._send,
            state,
            self.bounds,
            description.safety.command_watchdog,
            [watched],
            self._poll,
            clock.read,
            clock.advance,
        )
        self._watched = watched
        clock.on_advance = self._move
        self.gate.open()

    def reset(self, check: Callable[[Reading], None] = lambda reading: None) -> Reading:
        """Bring the robot to a starting state, see `Robot.reset`."""
        self.rest()
        self.gate.forget_pose()

        def apply(command: NDArray[np.float64]) -> Reading:
            reading = self.apply(command)
            check(reading)
            if reading.command is not None or self._state.stop is not None:
                raise StoppedError('reset: stopped')
            return reading

        self.gate.pause()
        if self._description.reset.move_to_pose is None:
            self.move_externally(np.array(DEFAULT))
            return self._first_reading()
        start = self._first_reading()
        check(start)
        move_to_pose(start, apply, self._description)
        self.gate.pause()
        return self._first_reading()

    def rest(self, *, retire: bool = False) -> None:
        """Bring the robot to a stop, as at the end of an episode, or before a new start."""
        self.resting = self._description.safety.stop
        if retire:
            self.gate.retire(self.resting)
            self.forgotten += 1
            self.gate.open()
        else:
            self.gate.rest(self.resting)
        self.resting = None

    def apply(self, command: NDArray[np.float64]) -> Reading:
        """Send a command, let a period pass, see `Robot.apply`."""
        self.gate.send(command)
        self.wait((1.0 + self.late_periods) * PERIOD_S)
        self._poll()
        self.gate.watchdogs.update(moving=True)
        reading, last = self._reading(), self.gate.command_in_effect
        return reading if last is command else replace(reading, command=last)

    def wait(self, left_s: float) -> None:
        """Let time pass, in which the gate keeps watch."""

        def wait(longest_s: float | None) -> None:
            nonlocal left_s
            passed_s = left_s if longest_s is None else min(max(longest_s, 0.0), left_s)
            left_s -= passed_s
            self.clock.advance(passed_s)

        while left_s > 1e-9 and self.gate.keep_watch(wait):
            pass
        self.clock.advance(max(left_s, 0.0))

    def move_externally(self, pose: NDArray[np.float64]) -> None:
        """Let something else move the robot, as a reset service does."""
        self.pose = pose
        self.forgotten += 1
        self.gate.pause()
        if self.bounds.is_position.any():
            self.gate.on_external_motion()
        self._poll()
        self._reading()

    def sense(self) -> dict[str, NDArray[np.float64]] | None:
        """Return the newest values, see `SensingRobot`."""
        self._poll()
        is_fresh = self._watched.is_fresh(self.clock.now_s)
        return self._values() if is_fresh else None

    def _first_reading(self) -> Reading:
        """Return a reading, and where commands start."""
        self._poll()
        reading = self._reading()
        return replace(reading, command=self.gate.begin())

    def _reading(self) -> Reading:
        """Return the newest good values."""
        values = self._values()
        pose = self.bounds.measured_pose(values)
        if pose is not None:
            self.gate.update_pose(pose, self._measured_s)
        return Reading(values, 0, is_fresh=self._watched.is_fresh(self.clock.now_s))

    def _poll(self) -> None:
        """Receive what the encoders say; a reading that is not finite counts as silence."""
        seen = self.pose if self.seen is None else self.seen
        if self.silent:
            return
        if np.isfinite(seen).all():
            self._measured, self._measured_s = seen.copy(), self.clock.now_s
        else:
            self.gate.update_pose(seen, self.clock.now_s)

    def _values(self) -> dict[str, NDArray[np.float64]]:
        """Return the newest values of each field."""
        a, b = self._measured
        values = {'where': np.array([b, a]), 'velocity': np.zeros(1)}
        return {**values, 'cos_angle': np.array([a]), 'sin_angle': np.array([a])}

    def _send(self, command: NDArray[np.float64]) -> None:
        """Publish a command."""
        self._publish(command)

    def _move(self, passed_s: float) -> None:
        """Follow the command in effect, where it is a position."""
        command = self.gate.command_in_effect
        if command is not None:
            part = 1.0 - math.pow(1.0 - _FOLLOWS, passed_s / PERIOD_S)
            followed = self.pose + part * (command - self.pose)
            self.pose = np.where(self.bounds.is_position, followed, self.pose)

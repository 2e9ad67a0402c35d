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

"""Whatever happens, in any order: every command that leaves for the robot obeys its bounds.

`make test-properties` runs 100,000 sequences, `make test` a few hundred.
"""

from collections.abc import Callable
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray
import pytest
from rl_agent.array_checks import all_finite
from rl_agent.description.robot import RobotDescription
from rl_agent.description.safety import (
    CommandWatchdogDescription,
    EmergencyStopDescription,
    ReactionDescription,
    ReactionKind,
    WatchdogDescription,
)
from rl_agent.environment import robot_env
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.errors import RobotError
from rl_agent.event_log import EventLog
from rl_agent.safety.command_bounds import CommandBounds
from rl_agent.safety.safety_state import SafetyState, Stop

pytest.importorskip('hypothesis', reason='hypothesis is not installed: pip install hypothesis')
from gated_robot import Clock, describe, GatedRobot, LIMITS, PERIOD_S
from hypothesis import example, given, HealthCheck, settings
from hypothesis import strategies as st

SEQUENCES = int(os.environ.get('RL_TEST_SEQUENCES', '0'))
ROUNDING = 1e-6  # relative
Event = tuple[str, Any]


def reaction(kind: ReactionKind, duration_s: float = 0.1) -> ReactionDescription:
    return ReactionDescription(kind, None if kind in ('hold', 'zero') else duration_s)


SHORT: dict[str, Any] = {
    'sensor_watchdog': WatchdogDescription('damped_stop', 0.1, max_age_s=0.1),
    'command_watchdog': CommandWatchdogDescription('damped_stop', 0.1, max_age_s=0.06),
}
ROBOTS: dict[str, RobotDescription] = {
    'positions': describe('rad', slew_per_s=(4.0, 1.0), limits=LIMITS, **SHORT),
    'positions in a box': describe(
        'rad', command_low=(-1.0, -0.1), slew_per_s=(4.0,), low_pass_hz=8.0, **SHORT
    ),
    'positions without slew limit': describe('rad', limits=LIMITS, **SHORT),
    'moved to a pose': describe(
        'rad', to_pose=True, slew_per_s=(4.0, 1.0), limits=LIMITS, trip=reaction('hold'), **SHORT
    ),
    'efforts': describe('N m', slew_per_s=(20.0,), stop=reaction('damped_stop', 0.05), **SHORT),
    'speeds that stop at once': describe(
        'm/s',
        slew_per_s=(4.0,),
        stop=reaction('zero'),
        emergency_stop=EmergencyStopDescription('zero'),
        **SHORT,
    ),
    'positions and speeds': describe(
        'rad', other='m/s', slew_per_s=(4.0, 1.0), limits=LIMITS, **SHORT
    ),
    'positions moved to a pose and efforts': describe(
        'rad', other='N m', to_pose=True, slew_per_s=(4.0, 1.0), stop=reaction('zero'), **SHORT
    ),
    'speeds and positions': describe('m/s', other='rad', **SHORT),
}


class Watch:
    """Receives every command and checks it.

    Attributes:
        sent: all commands.
    """

    def __init__(self, description: RobotDescription, events: EventLog) -> None:
        """Watch a new robot."""
        waits = any(description.command.is_position)
        self.state, self.clock = SafetyState(events, waits_for_start=waits), Clock()
        self.sent: list[NDArray[np.float64]] = []
        self._forgotten = -1
        self._under_way: tuple[Stop | None, ReactionDescription | None] = (None, None)
        self._planned_with: NDArray[np.float64] | None = None  # pose
        self.robot = GatedRobot(description, self._on_command, self.state, self.clock)

    def _on_command(self, command: NDArray[np.float64]) -> None:
        """Check a command that leaves."""
        bounds, before = self.robot.bounds, self.sent[-1] if self.sent else None
        assert all_finite(command), 'not finite'
        assert (command >= bounds.low).all(), f'below the box: {command}'
        assert (command <= bounds.high).all(), f'above the box: {command}'
        stop = self.state.stop.reaction if self.state.stop else self.robot.resting
        is_first = before is None or self._forgotten != self.robot.forgotten
        self._forgotten = self.robot.forgotten
        at_once = ~bounds.is_position
        if stop is None or (command != bounds.zero)[at_once].any():
            at_once = np.zeros_like(at_once)
        if bounds.slew_per_s is not None:
            self._check_slew(command, before, at_once, is_first=is_first)
        self._check_reaction(stop, command, before, is_first=is_first)
        self.sent.append(command)

    def _check_slew(
        self,
        command: NDArray[np.float64],
        before: NDArray[np.float64] | None,
        at_once: NDArray[np.bool_],
        *,
        is_first: bool,
    ) -> None:
        """Check the change since the last command, or since the pose that something else made."""
        bounds = self.robot.bounds
        assert bounds.slew_per_s is not None
        starts = [] if before is None else [before]
        pose = self.robot.gate._pose.at(self.clock.now_s)
        if is_first and pose is not None:
            measured = np.clip(pose, bounds.low, bounds.high)
            known = bounds.rest if before is None else before
            starts.append(np.where(bounds.is_measured, measured, known))
        changes = [np.abs(command - start) / bounds.slew_per_s / PERIOD_S for start in starts]
        is_slow = [bool((at_once | (change <= 1.0 + ROUNDING)).all()) for change in changes]
        assert any(is_slow) or not starts, f'too fast: {starts} to {command}'

    def _check_reaction(
        self,
        stop: ReactionDescription | None,
        command: NDArray[np.float64],
        before: NDArray[np.float64] | None,
        *,
        is_first: bool,
    ) -> None:
        """Check that a stop makes the robot slower, and leads it no closer to a limit."""
        kind = stop.reaction if stop else None
        bounds, robot = self.robot.bounds, self.robot
        in_force = self.state.stop  # it goes on when the robot is retired meanwhile
        under_way = (in_force, None if in_force else robot.resting)
        if under_way != self._under_way:
            self._under_way = under_way
            self._planned_with = robot.gate._pose.at(self.clock.now_s)
        if kind in (None, 'default_pose') or before is None or is_first:
            return
        if kind != 'hold':
            grown = np.abs(command - bounds.zero) > np.abs(before - bounds.zero) + 1e-12
            assert not grown[~bounds.is_position].any(), f'faster: {before} to {command}'
        if kind == 'zero':
            return
        # on the way from the last command to a pose that was believed, or back from a limit
        pose = self._planned_with
        nearest = beyond(bounds, before)
        if pose is not None:
            nearest = np.maximum(nearest, beyond(bounds, pose))
        is_nearer = beyond(bounds, command) > nearest + 1e-12
        assert not is_nearer[bounds.is_position].any(), f'closer to a limit: {before} to {command}'


def beyond(bounds: CommandBounds, command: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how near each joint is to its limit, as a number that grows; beyond it is above 0."""
    nearness: NDArray[np.float64] = np.maximum(
        command - bounds.safe_high, bounds.safe_low - command
    )
    return nearness


joints = st.tuples(st.floats(-1.5, 1.5, width=32), st.floats(-1.5, 1.5, width=32))
poses = st.one_of(
    st.none(),
    st.tuples(st.floats(-1e7, 1e7), st.floats(-1e7, 1e7)),
    st.sampled_from(['wrap', 'wrap back', 'glitch', 'nan', 'inf', 'repeat', 'silence', 'near']),
)
kinds: st.SearchStrategy[ReactionKind] = st.sampled_from(
    ['hold', 'zero', 'damped_stop', 'default_pose']
)
# Once failed: a stop before the pose was known took the default for the pose.
STOPPED_BEFORE_THE_POSE_IS_KNOWN: list[Event] = [
    ('direct', (0.0, 0.0)),
    ('steps', ((0.0, 0.0), 3, None)),
    ('retire', None),
    ('direct', (0.0, 0.0)),
    ('direct', (0.0, 1.0)),
]
events: st.SearchStrategy[Event] = st.one_of(
    st.tuples(st.just('steps'), st.tuples(joints, st.integers(1, 6), poses)),
    st.tuples(st.just('steps'), st.tuples(joints, st.integers(1, 6), st.none())),
    st.tuples(st.just('stop'), st.tuples(kinds, st.booleans(), st.booleans())),
    st.tuples(st.just('late'), st.sampled_from([0.0, 0.0, -0.5, 0.3, 2.0, 5.0])),
    st.tuples(st.just('not finite'), st.sampled_from([np.nan, np.inf, -np.inf])),
    st.tuples(st.just('direct'), st.tuples(st.floats(-9, 9), st.floats(-9, 9))),
    st.tuples(st.just('moved'), st.tuples(st.floats(-3, 3), st.floats(-3, 3))),
    st.tuples(
        st.sampled_from(['wait', 'rest', 'retire', 'rearm', 'start', 'end', 'reset']), st.none()
    ),
)


class Player:
    """Plays a sequence of events on an environment with the real gate, filter and planner."""

    def __init__(self, description: RobotDescription) -> None:
        """Begin the first episode."""
        log = EventLog()
        self.watch = Watch(description, log)
        self.robot, self.state = self.watch.robot, self.watch.state
        self.env = RobotEnv(self.robot, description, state=self.state, events=log)
        self.env.stop_waiting()  # a reset that is refused ends at once
        self._running = False
        self._reset(None)

    def play(self, sequence: list[Event]) -> None:
        """Play all events."""
        plays: dict[str, Callable[[Any], None]] = {
            'steps': self._steps,
            'stop': self._stop,
            'late': self._late,
            'not finite': self._not_finite,
            'direct': self._direct,
            'moved': self._moved,
            'wait': lambda _: self.robot.wait(3 * PERIOD_S),
            'rest': self._rest,
            'retire': self._retire,
            'rearm': lambda _: self._ignore(self.state.rearm()),
            'start': lambda _: self._ignore(self.state.start()),
            'end': lambda _: self.state.end('test'),
            'reset': self._reset,
        }
        for name, given_values in sequence:
            plays[name](given_values)

    def _ignore(self, _: object) -> None:
        """Do nothing with a result."""

    def _sense(self, fault: Any) -> None:
        """Let the encoders say something from now on."""
        robot = self.robot
        robot.silent, last = fault == 'silence', robot.pose.copy()
        says = {
            'wrap': last + 2 * np.pi,
            'wrap back': last - 2 * np.pi,
            'glitch': np.full(2, 1e6),
            'nan': np.full(2, np.nan),
            'inf': np.full(2, np.inf),
            'repeat': last,
            'near': last + 0.3,
        }
        robot.seen = np.array(fault) if isinstance(fault, tuple) else says.get(fault or '')

    def _steps(self, given_values: Any) -> None:
        """Take steps; the encoders say something for their time."""
        action, count, fault = given_values
        self._sense(fault)
        for _ in range(count):
            if self._running:
                self._step(np.array(action, np.float32))
            else:
                self.robot.wait(PERIOD_S)
        self._sense(None)

    def _step(self, action: NDArray[np.float32]) -> None:
        """Take one step: what is stored is what was sent."""
        sent = len(self.watch.sent)
        *_, terminated, truncated, info = self.env.step(action)
        self._running = not (terminated or truncated)
        if info['observed'] and len(self.watch.sent) > sent:
            # a limit found in the reading stops the robot only after what the step has sent
            sent_now = [command.tolist() for command in self.watch.sent[sent:]]
            assert info['command'].tolist() in sent_now
            assert self.state.stop is not None or info['command'].tolist() == sent_now[-1]
            executed = self.env.filter.action_of(info['command'])
            np.testing.assert_allclose(info['executed_action'], executed, atol=1e-6)
        if self._running:
            assert info['stop'] == ''

    def _stop(self, given_values: Any) -> None:
        """Stop the robot, as another thread does."""
        kind, latched, emergency = given_values
        name = 'emergency_stop' if emergency else 'test'
        stop = Stop(name, '', reaction(kind), latched or emergency, lambda: None)
        self.state.begin(stop, emergency=emergency)

    def _late(self, periods: float) -> None:
        """Let the control thread be late, or early, from now on."""
        self.robot.late_periods = periods

    def _not_finite(self, number: float) -> None:
        """Let the policy, and then a program beside it, want what is not finite."""
        if self._running:
            self._step(np.array([0.0, number], np.float32))
        assert not self.robot.gate.send(np.array([number, 0.0]))

    def _direct(self, command: Any) -> None:
        """Send a command that no filter has seen."""
        self.robot.apply(np.array(command))
        self._running = False

    def _moved(self, pose: Any) -> None:
        """Let a person move the robot."""
        self.robot.move_externally(np.array(pose))
        self._running = False

    def _rest(self, _: None) -> None:
        """End the episode as the agent does."""
        self._running = False
        self.robot.rest()

    def _retire(self, _: None) -> None:
        """Deactivate and activate again."""
        self._running = False
        self.robot.rest(retire=True)
        self.watch.sent.clear()  # the first command after a start has none before it
        self.robot.wait(PERIOD_S)

    def _reset(self, _: None) -> None:
        """Begin an episode, if the robot may move."""
        self._running = False
        if self.state.stop is not None:
            return
        try:
            self.env.reset()
            self._running = True
        except RobotError:
            pass  # refused, or stopped on the way


@pytest.fixture(autouse=True, scope='module')
def no_waiting() -> Any:
    """Let a reset that waits for a re-arm look at once whether it may go on waiting."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(robot_env, '_POLL_PERIOD_S', 0.0)
        yield


@pytest.mark.parametrize('name', ROBOTS)
@settings(
    max_examples=max(SEQUENCES // len(ROBOTS), 1) if SEQUENCES else 50,
    derandomize=SEQUENCES == 0,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@example(STOPPED_BEFORE_THE_POSE_IS_KNOWN)
@given(sequence=st.lists(events, max_size=25))
def test_every_command_of_every_sequence(name: str, sequence: list[Event]) -> None:
    Player(ROBOTS[name]).play(sequence)

# mypy: disable-error-code="unreachable"
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

"""Commands are sent only while the robot may move, otherwise the reaction, from any thread."""

from collections.abc import Callable, Iterator
import dataclasses
import itertools
import math
import threading
import time

from joint_bounds import joint_bounds
import numpy as np
from numpy.typing import NDArray
import pytest
from rl_agent.description.action import ActionDescription
from rl_agent.description.safety import ReactionDescription, WatchdogDescription
from rl_agent.event_log import EventLog
from rl_agent.safety.command_gate import CommandGate
from rl_agent.safety.gate_state import GateState
from rl_agent.safety.safety_state import SafetyState, Stop

TIMEOUT_S = 30.0
LONG_S = 3600.0
PERIOD_S = 0.01
ZERO, HOLD = ReactionDescription('zero'), ReactionDescription('hold')
DAMPED = ReactionDescription('damped_stop', 0.2)
MOTOR = ActionDescription(
    topic='commands',
    type='std_msgs/msg/Float64MultiArray',
    unit='N m',
    joints=('knee',),
    low=(-9.0,),
    high=(9.0,),
)
JOINT = dataclasses.replace(MOTOR, unit='rad')


class Topic:
    """The command topic.

    Attributes:
        sent: each command, with the name of the sending thread.
    """

    def __init__(self) -> None:
        """Create an empty topic."""
        self.sent: list[tuple[float, str]] = []
        self._changed = threading.Condition()

    def publish(self, command: NDArray[np.float64]) -> None:
        """Store a command."""
        with self._changed:
            self.sent.append((float(command[0]), threading.current_thread().name))
            self._changed.notify_all()

    @property
    def numbers(self) -> list[float]:
        """The commands alone."""
        return [number for number, _ in self.sent]

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition on the sent commands."""
        with self._changed:
            assert self._changed.wait_for(condition, TIMEOUT_S)


class Bench:
    """A gate for one motor, with its surroundings."""

    def __init__(
        self,
        watchdog: WatchdogDescription,
        poll_sensors: Callable[[], None],
        action: ActionDescription,
    ) -> None:
        """Start it."""
        self.topic, self.events = Topic(), EventLog()
        self.state = SafetyState(self.events)
        self.persisting_cause: str | None = None
        self.gate = CommandGate(
            self.topic.publish,
            self.state,
            joint_bounds(action, 1.0 / PERIOD_S),
            watchdog,
            poll_sensors=poll_sensors,
        )
        self.gate.start()

    def send(self, number: float) -> bool:
        """Send a command as the control thread does."""
        return self.gate.send(np.array([number]))

    def measure(self, number: float) -> None:
        """Take a measured pose."""
        self.gate.update_pose(np.array([number]), time.monotonic())

    def stop(self, reaction: ReactionDescription, *, latched: bool = True) -> None:
        """Stop the robot."""
        self.state.begin(
            Stop('test', 'of a test', reaction, latched, lambda: self.persisting_cause)
        )


MakeBench = Callable[..., Bench]


@pytest.fixture
def make() -> Iterator[MakeBench]:
    """Return a function that makes a bench, which is closed after the test."""
    made: list[Bench] = []

    def make_bench(
        max_age_s: float = LONG_S,
        *,
        latch: bool = False,
        poll_sensors: Callable[[], None] = lambda: None,
        action: ActionDescription = MOTOR,
    ) -> Bench:
        watchdog = WatchdogDescription('zero', max_age_s=max_age_s, latch=latch)
        made.append(Bench(watchdog, poll_sensors, action))
        return made[-1]

    yield make_bench
    for bench in made:
        bench.gate.close()


def test_commands_pass_while_the_robot_may_move(make: MakeBench) -> None:
    bench = make()
    assert bench.gate.command_in_effect is None
    assert all(bench.send(number) for number in (1.0, 2.0, -3.0))
    assert bench.topic.numbers == [1.0, 2.0, -3.0]
    assert bench.gate.command_in_effect == [-3.0]
    assert bench.gate.state is GateState.MOVING


def test_the_reaction_is_sent_on_the_thread_that_begins_the_stop(make: MakeBench) -> None:
    """An emergency stop does not wait for another thread."""
    bench = make()
    bench.send(5.0)
    thread = threading.Thread(target=bench.stop, args=(ZERO,), name='stopper')
    thread.start()
    thread.join(TIMEOUT_S)
    assert bench.topic.sent[1] == (0.0, 'stopper')
    assert not bench.send(7.0)
    assert 7.0 not in bench.topic.numbers
    assert bench.gate.state is not GateState.MOVING


def test_the_reaction_is_repeated_until_rearm(make: MakeBench) -> None:
    bench = make()
    bench.send(5.0)
    bench.stop(HOLD)
    bench.topic.until(lambda: len(bench.topic.sent) >= 10)
    assert bench.topic.numbers == [5.0] * len(bench.topic.sent)
    assert 'command_gate' in {thread for _, thread in bench.topic.sent}
    assert bench.state.rearm()[0]
    assert bench.send(7.0)
    assert bench.topic.numbers[-1] == 7.0


def test_a_damped_stop_ramps_to_zero(make: MakeBench) -> None:
    bench = make()
    bench.send(4.0)
    bench.stop(DAMPED)
    bench.topic.until(lambda: bench.topic.numbers[-1] == 0.0)
    numbers = bench.topic.numbers
    assert all(after <= before for before, after in itertools.pairwise(numbers))
    assert numbers[1] > 3.0
    assert bench.gate.command_in_effect == [0.0]


def test_an_emergency_stop_replaces_another_reaction(make: MakeBench) -> None:
    bench = make()
    bench.send(4.0)
    bench.stop(HOLD)
    bench.state.begin(Stop('emergency_stop', '', ZERO, True, lambda: None), emergency=True)
    assert bench.gate.command_in_effect == [0.0]


def test_a_stop_before_the_first_command_sends_its_reaction_too(make: MakeBench) -> None:
    bench = make()
    bench.stop(DAMPED)
    assert bench.topic.numbers[0] == 0.0


def test_a_silent_control_thread_is_stopped(make: MakeBench) -> None:
    """By another thread; the stop is not latched and ends when commands come again."""
    bench = make(0.05)
    bench.send(5.0)
    bench.topic.until(lambda: bench.topic.numbers[-1] == 0.0)
    assert bench.topic.sent[-1][1] == 'command_gate'
    assert bench.state.summary == 'control_loop_stuck: no command for 0.05 s'
    assert bench.events.counts() == {'control_loop_stuck': 1}
    assert not bench.send(6.0)  # this ends the stop; the episode had ended before
    assert bench.state.stop is None
    assert bench.send(7.0)


def test_a_latched_command_watchdog_waits_for_a_person(make: MakeBench) -> None:
    bench = make(0.05, latch=True)
    bench.send(5.0)
    bench.topic.until(lambda: bench.topic.numbers[-1] == 0.0)
    assert not bench.send(6.0)
    assert bench.state.is_latched
    assert bench.state.rearm()[0]
    assert bench.send(7.0)


def test_no_command_is_due_between_two_episodes(make: MakeBench) -> None:
    bench = make(0.05)
    bench.send(5.0)
    bench.gate.rest(ZERO)
    time.sleep(0.3)  # for what must not happen
    assert bench.topic.numbers == [5.0, 0.0]
    assert bench.state.stop is None


def test_the_end_of_an_episode_is_a_stop_and_then_silence(make: MakeBench) -> None:
    bench = make()
    bench.gate.rest(DAMPED)
    assert bench.topic.sent == []  # nothing was commanded before
    bench.send(4.0)
    bench.gate.rest(DAMPED)
    numbers = bench.topic.numbers
    assert (numbers[0], numbers[-1]) == (4.0, 0.0)
    assert all(after <= before for before, after in itertools.pairwise(numbers))
    assert len(numbers) > 3


def test_a_retiring_gate_stops_the_robot_once(make: MakeBench) -> None:
    """The control thread may call `rest` or `send` at the same time."""
    bench = make()
    bench.send(4.0)
    thread = threading.Thread(target=bench.gate.rest, args=(ReactionDescription(duration_s=60.0),))
    thread.start()
    bench.topic.until(lambda: len(bench.topic.sent) > 1)
    bench.gate.retire(DAMPED)
    thread.join(TIMEOUT_S)
    assert not thread.is_alive()
    assert not bench.send(7.0)
    numbers = bench.topic.numbers
    assert numbers[-1] == 0.0
    assert all(after <= before for before, after in itertools.pairwise(numbers))


def test_a_retiring_gate_finishes_a_stop(make: MakeBench) -> None:
    bench = make()
    bench.send(4.0)
    bench.stop(DAMPED)
    bench.gate.retire(HOLD)
    assert bench.topic.numbers[-1] == 0.0


@pytest.mark.parametrize('begun', ['at rest', 'during another stop'])
def test_a_stop_that_begins_while_the_gate_retires_is_finished_too(
    make: MakeBench, begun: str
) -> None:
    """An emergency stop after Ctrl-C does not keep the robot moving."""
    bench = make()
    bench.send(4.0)
    slow = ReactionDescription('damped_stop', 0.5)
    if begun == 'during another stop':
        bench.stop(slow)
    thread = threading.Thread(target=bench.gate.retire, args=(slow,))
    thread.start()
    bench.topic.until(lambda: bench.topic.numbers[-1] < 3.9)
    emergency = Stop('emergency_stop', '', slow, True, lambda: None)
    bench.state.begin(emergency, emergency=True)
    thread.join(TIMEOUT_S)
    assert not thread.is_alive()
    assert bench.topic.numbers[-1] == 0.0
    assert max(itertools.starmap(lambda a, b: a - b, itertools.pairwise(bench.topic.numbers))) < 2


def test_a_stop_that_ends_while_the_gate_retires_leaves_no_speed(make: MakeBench) -> None:
    bench = make()
    bench.send(4.0)
    slow = ReactionDescription('damped_stop', 0.5)
    thread = threading.Thread(target=bench.gate.retire, args=(slow,))
    thread.start()
    bench.topic.until(lambda: bench.topic.numbers[-1] < 3.9)
    bench.stop(slow, latched=False)
    bench.state.end('test')
    thread.join(TIMEOUT_S)
    assert bench.topic.numbers[-1] == 0.0


def test_after_a_new_start_the_pose_is_unknown(make: MakeBench) -> None:
    """A latched stop outlasts a deactivation, during which a person may move the robot."""
    bench = make(action=JOINT)
    bench.measure(1.0)
    bench.send(1.0)
    bench.stop(DAMPED)
    bench.gate.retire(DAMPED)
    sent = len(bench.topic.sent)
    bench.gate.start()
    time.sleep(0.1)  # for what must not happen
    assert bench.topic.numbers[sent:] == []
    bench.state.rearm()
    bench.measure(-2.0)
    bench.stop(HOLD)
    assert set(bench.topic.numbers[sent:]) == {-2.0}


@pytest.mark.parametrize('reaction', [HOLD, DAMPED])
def test_a_robot_moved_externally_is_stopped_where_it_is(
    make: MakeBench, reaction: ReactionDescription
) -> None:
    bench = make(action=JOINT)
    bench.measure(1.0)
    bench.send(1.0)
    bench.gate.rest(DAMPED)
    sent = len(bench.topic.sent)
    bench.gate.pause()
    bench.gate.on_external_motion()
    bench.measure(-2.0)
    bench.stop(reaction)
    bench.topic.until(lambda: len(bench.topic.sent) > sent + 3)
    assert set(bench.topic.numbers[sent:]) == {-2.0}


def test_a_stop_sends_nothing_if_the_pose_after_external_motion_is_unknown(
    make: MakeBench,
) -> None:
    bench = make(action=JOINT)
    bench.send(1.0)
    bench.gate.rest(HOLD)
    sent = len(bench.topic.sent)
    bench.gate.pause()
    bench.gate.on_external_motion()
    bench.stop(DAMPED)
    time.sleep(0.1)  # for what must not happen
    assert bench.topic.numbers[sent:] == []


def test_a_command_that_is_not_finite_stops_the_robot(make: MakeBench) -> None:
    bench = make()
    bench.send(4.0)
    assert not bench.send(math.nan)
    assert bench.state.is_latched
    assert bench.state.summary == 'command_not_finite: given [nan]; accepted: finite numbers'
    assert set(bench.topic.numbers[1:]) == {0.0}
    bench.measure(math.nan)
    bench.state.rearm()
    bench.send(5.0)
    bench.stop(ReactionDescription('damped_stop', 0.05))
    bench.topic.until(lambda: bench.topic.numbers[-1] == 0.0)
    assert np.isfinite(bench.topic.numbers).all()


def test_a_stop_is_finished_even_if_the_gate_thread_is_late(make: MakeBench) -> None:
    bench = make(poll_sensors=lambda: time.sleep(1.0))
    bench.send(4.0)
    bench.stop(DAMPED)
    bench.gate.retire(HOLD)
    assert bench.topic.numbers[-1] == 0.0


def test_the_state_after_each_event(make: MakeBench) -> None:
    """A walk through the table of `GateState`."""
    bench = make()
    events: tuple[tuple[Callable[[], object], str], ...] = (
        (lambda: None, 'IDLE'),
        (lambda: bench.send(1.0), 'MOVING'),
        (bench.gate.pause, 'IDLE'),
        (lambda: bench.send(1.0), 'MOVING'),
        (lambda: bench.stop(HOLD), 'STOPPED'),
        (lambda: bench.send(1.0), 'STOPPED'),
        (bench.gate.pause, 'STOPPED'),
        (bench.state.rearm, 'IDLE'),
        (lambda: bench.send(1.0), 'MOVING'),
        (bench.gate.close, 'CLOSED'),
        (lambda: bench.send(1.0), 'CLOSED'),
        (bench.gate.start, 'IDLE'),
    )
    for number, (event, expected) in enumerate(events):
        event()
        assert (number, bench.gate.state.name) == (number, expected)


def test_a_retiring_gate_stays_in_that_state_until_it_closes(make: MakeBench) -> None:
    bench = make()
    bench.send(4.0)
    slow = ReactionDescription('damped_stop', 0.5)
    thread = threading.Thread(target=bench.gate.retire, args=(slow,))
    thread.start()
    bench.topic.until(lambda: bench.topic.numbers[-1] < 3.9)
    assert not bench.send(1.0)
    assert bench.gate.state.name == 'RETIRING'
    bench.stop(slow, latched=False)
    assert bench.gate.state.name == 'RETIRING'
    bench.state.end('test')
    assert bench.gate.state.name == 'RETIRING'
    thread.join(TIMEOUT_S)
    assert bench.gate.state.name == 'CLOSED'


def test_a_closed_gate_sends_nothing(make: MakeBench) -> None:
    bench = make()
    bench.send(5.0)
    bench.gate.close()
    assert not bench.send(6.0)
    bench.stop(ZERO)
    assert bench.topic.numbers == [5.0]
    bench.state.rearm()
    bench.gate.start()
    assert bench.send(7.0)


def test_no_command_of_the_policy_follows_a_stop(make: MakeBench) -> None:
    """In any order of threads: after the first reaction only reactions are sent."""
    bench = make()
    done = threading.Event()

    def control() -> None:
        while not done.is_set():
            bench.send(1.0)

    thread = threading.Thread(target=control)
    thread.start()
    for _ in range(50):
        bench.topic.until(lambda: bench.topic.numbers[-1:] == [1.0])
        bench.stop(ZERO)
        begun = len(bench.topic.sent)
        bench.topic.until(lambda begun=begun: len(bench.topic.sent) > begun)  # type: ignore[misc]
        assert set(bench.topic.numbers[begun:]) == {0.0}
        assert bench.state.rearm()[0]
    done.set()
    thread.join(TIMEOUT_S)

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

"""A robot behind ROS topics, commanded at a fixed rate of the steady clock."""

from collections.abc import Callable, Sequence
from dataclasses import replace
import gc
import math
import time

from rclpy.node import Node
from rl_agent.array_types import Float64Array
from rl_agent.description.command import MeasuredNumbers
from rl_agent.description.command_box import command_box
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.robot import Reading
from rl_agent.errors import StoppedError
from rl_agent.event_log import EventLog
from rl_agent.real_time.fixed_rate import FixedRate
from rl_agent.real_time.idle_time import IdleTime
from rl_agent.real_time.latency_histogram import LatencyHistogram
from rl_agent.real_time.rehearsal_schedule import RehearsalSchedule
from rl_agent.real_time.scheduling import collect_garbage
from rl_agent.robot_interface.ros_command import RosCommand
from rl_agent.robot_interface.ros_command_listeners import COMMAND_UNHEARD, CommandListeners
from rl_agent.robot_interface.ros_realtime_sensors import RealtimeSensors
from rl_agent.robot_interface.ros_reset import RosReset
from rl_agent.safety.command_bounds import bounds_of
from rl_agent.safety.command_gate import CommandGate
from rl_agent.safety.safety_state import SafetyState, Stop
from rl_agent.safety.watchdogs import POLICY_TOO_OLD, WatchedInput

_TICKS_PER_COLLECTION = 10
_LISTENERS_PERIOD_S = 0.02  # between two looks for subscribers, before an episode


class RealtimeRobot:
    """Sends a command, waits for the next tick, returns the newest sensor values.

    The thread that calls `apply` is the control thread. It waits for nothing but the clock; work
    that takes time is handed to other threads just after a command was sent.

    Attributes:
        rate: the ticks, and how many were late or missed.
        latency: time from the complete observation to the published command.
        idle_time: when other threads do not delay the ticks.
        chores: for another thread, from now until `close`.
    """

    def __init__(
        self,
        node: Node,
        description: RobotDescription,
        timeout_s: float,
        state: SafetyState,
        events: EventLog,
        policy_heard_s: Callable[[], float] = time.monotonic,
        when_idle: Callable[[], None] = lambda: None,
        rehearse_decision: Callable[[Reading], None] = lambda reading: None,
        own_processor: bool = False,
        watched: Sequence[WatchedInput] = (),
    ) -> None:
        """Create subscriptions and publisher; send nothing yet.

        Args:
            node: relative topics are in its namespace; its executor spins in another thread.
            description: of the robot.
            timeout_s: a robot that is silent for this long before an episode is an error.
            state: whether the robot may move.
            events: receives reports of sensor faults and of two sources of one number.
            policy_heard_s: returns when the learner was last heard, on the steady clock; the
                default suits a robot that needs no learner.
            when_idle: called just after a command, when there is time until the next tick.
            rehearse_decision: does what the caller does between two calls of `apply`, without
                effect; see `RehearsalSchedule`.
            own_processor: the control thread does not share its processor.
            watched: what else must not become too old while the robot moves.
        """
        self._description = description
        self._state, self._when_idle = state, when_idle
        self._rehearse_decision = rehearse_decision
        self._stopping_s: float | None = None
        self._observed_s: float | None = None  # when the observation of this step was complete
        self._bounds = bounds_of(description)
        self._pose_topics = _pose_topics(description, self._bounds.pose)
        self._sensors = RealtimeSensors(node, description, timeout_s, events)
        self._changed, self._reader = self._sensors.changed, self._sensors.reader
        watchdog, inputs = description.safety.policy_watchdog, [*self._sensors.watched, *watched]
        if watchdog is not None:
            inputs += [WatchedInput(POLICY_TOO_OLD, 'the policy', watchdog, policy_heard_s)]
        self._command = RosCommand(
            node,
            description.sent,
            description.rate_hz,
            box=command_box(description.safety, description.command),
            rehearsed=True,
        )
        self._listeners = CommandListeners(
            node, self._command, self._stop_unheard, lambda: state.end(COMMAND_UNHEARD)
        )
        self._gate = CommandGate(
            self._command.send,
            state,
            self._bounds,
            description.safety.command_watchdog,
            inputs,
            self._sensors.poll,
        )
        self._reset = RosReset(
            node, description, self._changed, self._left_s, timeout_s, self._track_external_motion
        )
        self.rate = FixedRate(description.rate_hz)
        self._rehearsals = RehearsalSchedule(
            self._rehearse, self.rate.period_s, own_processor=own_processor
        )
        self.latency, self.idle_time = LatencyHistogram(), IdleTime()
        self.chores = (self._listeners.chore, self._sensors.sources.chore)

    @property
    def operator_request(self) -> str:
        """What a person has to do before an episode begins; empty: nothing."""
        return self._reset.operator_request

    def wait_until_heard(self) -> None:
        """Wait until a good message was received on every sensor topic.

        Raises:
            RobotError: a topic is silent, or its messages do not fit.
        """
        self._sensors.wait_for_new_messages(-math.inf, self._left_s)
        self._listeners.start()

    def reset(self, check: Callable[[Reading], None] = lambda reading: None) -> Reading:
        """Stop the robot, begin an episode; return its first reading, see `Robot.reset`."""
        self._observed_s = None

        def refuse_if_stopped(is_stopped: bool = False) -> None:
            if is_stopped or self._stopping_s is not None or self._state.stop is not None:
                raise StoppedError(f'reset: stopped: {self._state.summary}')

        def check_start(reading: Reading) -> None:
            check(reading)
            refuse_if_stopped()

        def apply(command: Float64Array) -> Reading:
            self._observed_s = None
            reading = self.apply(command)
            check(reading)
            refuse_if_stopped(reading.command is not None)
            return reading

        self._gate.rest(self._description.safety.stop)
        self._gate.forget_pose()
        collect_garbage()
        self.wait_until_heard()
        self._wait_for_listeners(refuse_if_stopped)
        self.rate.start()
        self._reset.run(self._read, apply, refuse_if_stopped, check_start)
        self._gate.pause()
        self.rate.start()
        self._sensors.receive()
        self._observed_s = time.perf_counter()
        self._reader.update()
        self._gate.watchdogs.update(moving=True)  # before the first command
        return self._first_reading()

    def apply(self, command: Float64Array) -> Reading:
        """Send a command; return the reading of the next tick, see `Robot.apply`."""
        sent = self._gate.send(command)
        is_heard = self._listeners.are_there()
        if sent and self._observed_s is not None:
            self.latency.add(time.perf_counter() - self._observed_s)
        if not is_heard:
            self._listeners.report()  # late ticks do not matter now
        self.idle_time.begin(self.rate.deadline_s - self._rehearsals.lead_s)
        self._when_idle()
        if self.rate.ticks % _TICKS_PER_COLLECTION == 0:
            gc.collect(0)
        self._rehearsals.run_before(self.rate.deadline_s)
        self.rate.wait()
        self._sensors.receive()
        self._observed_s = time.perf_counter()
        self._reader.update()
        self._gate.watchdogs.update(moving=True)
        reading = self._reading()
        if not is_heard:
            reading = replace(reading, is_fresh=False)
        last = self._gate.command_in_effect
        return reading if last is command else replace(reading, command=last)

    def sense(self) -> dict[str, Float64Array] | None:
        """Return the newest values, see `SensingRobot`."""
        return self._sensors.values()

    def rest(self) -> None:
        """Bring the robot to a stop, as at the end of an episode."""
        self._gate.rest(self._description.safety.stop)

    def prepare(self) -> None:
        """Open the command gate; restore the full time-out after `stop_waiting`."""
        self._stopping_s = None
        self._gate.start()

    def stop_waiting(self, grace_s: float) -> None:
        """Stop the robot now; limit every wait for it to `grace_s` from now."""
        with self._changed:
            self._stopping_s = time.monotonic() + grace_s
            self._changed.notify_all()
        self._gate.retire(self._description.safety.stop)

    def close(self) -> None:
        """Remove subscriptions, publishers and services."""
        self._gate.close()
        self._sensors.close()
        self._command.close()
        self._reset.close()

    def _stop_unheard(self, reason: str) -> None:
        """Stop the robot because nobody hears its commands; a new reason replaces the last one."""
        self._state.end(COMMAND_UNHEARD)
        stop = self._description.safety.stop
        self._state.begin(Stop(COMMAND_UNHEARD, reason, stop, False, self._listeners.explain))

    def _wait_for_listeners(self, refuse_if_stopped: Callable[[], None]) -> None:
        """Wait until somebody hears the commands, which begins a stop if it takes long."""
        while not self._listeners.are_found():
            refuse_if_stopped()
            time.sleep(_LISTENERS_PERIOD_S)

    def _rehearse(self) -> None:
        """Do all that the next tick will do, without effect: sense, decide, publish."""
        self._reader.decode_again()
        self._gate.watchdogs.update(moving=False)
        if self._reader.is_complete:
            self._rehearse_decision(self._reading())
        if self._gate.command_in_effect is not None:
            self._command.publish_unheard(self._gate.command_in_effect)

    def _reading(self) -> Reading:
        """Return the newest good values."""
        values = self._reader.values()
        pose = self._bounds.measured_pose(values)
        if pose is not None:
            measured_s = min(self._reader.last_good_s(topic) for topic in self._pose_topics)
            self._gate.update_pose(pose, measured_s)
        return Reading(values, self._reader.stamp_ns(), is_fresh=self._sensors.is_fresh)

    def _first_reading(self) -> Reading:
        """Return the newest good values, and where the next command starts."""
        reading = self._reading()
        return replace(reading, command=self._gate.begin())

    def _track_external_motion(self) -> None:
        """Send nothing while something else moves the robot; keep track of its pose."""
        self._gate.pause()
        self._sensors.poll()
        if self._bounds.is_position.any():
            self._gate.on_external_motion()
            if self._reader.is_complete:
                self._reading()

    def _read(self, moved: bool) -> Reading:
        """Return a reading received after this call, see `RosReset.run`."""
        self._gate.pause()
        self._sensors.wait_for_new_messages(time.monotonic(), self._left_s)
        return self._first_reading()

    def _left_s(self, deadline_s: float) -> float:
        """Return how much longer to wait; a stop shortens it."""
        return min(deadline_s, self._stopping_s or deadline_s) - time.monotonic()


def _pose_topics(
    description: RobotDescription, pose: Sequence[MeasuredNumbers]
) -> tuple[str, ...]:
    """Return the topics of the fields that measure what commands set."""
    names = {item.field for item in pose}
    return tuple(
        dict.fromkeys(item.topic for item in description.observation if item.name in names)
    )

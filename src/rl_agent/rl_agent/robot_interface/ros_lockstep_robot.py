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

"""A simulated robot behind ROS topics, in lockstep: time passes only when it is commanded."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
import time

from rclpy.node import Node
from rl_agent.array_checks import all_finite
from rl_agent.array_types import Float64Array
from rl_agent.description.command_box import command_box
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.robot import Reading
from rl_agent.errors import RobotError
from rl_agent.event_log import EventLog
from rl_agent.robot_interface.lockstep_fields import LockstepFields
from rl_agent.robot_interface.ros_command import RosCommand
from rl_agent.robot_interface.ros_command_listeners import COMMAND_UNHEARD, CommandListeners
from rl_agent.robot_interface.ros_reset import RosReset
from rl_agent.robot_interface.ros_sensors import RosSensors
from rl_agent.safety.command_bounds import bounds_of
from rl_agent.safety.command_door import CommandDoor

_REPEATS_AFTER_LOST_COMMAND = 3  # readings repeated on one topic
_LISTENERS_PERIOD_S = 0.02  # between two looks for subscribers
REPEAT_PERIOD_S = 0.1  # of the state of a simulated robot that gets no commands


class LockstepRobot:
    """Reads a description's sensor topics, sends its commands and begins its episodes.

    A command and the readings that answer it alternate. A simulated robot at standstill repeats
    its last reading, which reveals a lost command: it is sent again. If the first was only late,
    the robot executes both; the stamps reveal that, and the reading is marked as not fresh,
    because it answers two commands. `LockstepFields` says which messages are new.

    Messages without a header cannot be told from repeated ones: on their topics, any message
    received after the command counts. At least one topic should have headers.

    Attributes:
        chores: for the node's executor, from now until `close`.
    """

    def __init__(
        self, node: Node, description: RobotDescription, timeout_s: float, events: EventLog
    ) -> None:
        """Create subscriptions and publisher; send nothing yet.

        Args:
            node: relative topics are in its namespace; its executor must spin in another thread.
            description: of the robot.
            timeout_s: a robot that is silent, or hears no commands, for this long is an error.
            events: receives reports that nobody hears the commands, and of two sources.
        """
        self._node, self._description, self._timeout_s = node, description, timeout_s
        self._stopping_s: float | None = None
        self._fields = LockstepFields(description.observation)
        self._unheard = ''  # that it waits for somebody to hear the commands
        self._sensors = RosSensors(node, description, events, self._fields.note)
        self._changed = self._sensors.changed
        self._command = RosCommand(
            node,
            description.sent,
            description.rate_hz,
            box=command_box(description.safety, description.command),
        )
        self._events = events
        self._listeners = CommandListeners(
            node, self._command, self._report_unheard, partial(events.end, COMMAND_UNHEARD)
        )
        self.chores = (self._listeners.chore, self._sensors.sources.chore)
        self._bounds = bounds_of(description)
        self._door = CommandDoor(self._bounds)
        self._reset = RosReset(
            node, description, self._changed, self._left_s, timeout_s, self._door.start
        )

    @property
    def operator_request(self) -> str:
        """What a person has to do before the robot moves; empty: nothing."""
        return self._unheard or self._reset.operator_request

    def wait_until_heard(self) -> None:
        """Wait until a message was received for every field.

        Raises:
            RobotError: a topic is silent.
        """
        self._wait_for(lambda: self._fields.is_complete, time.monotonic() + self._timeout_s)
        self._listeners.start()

    def reset(self, check: Callable[[Reading], None] = lambda reading: None) -> Reading:
        """Begin an episode; return its first reading, see `Robot.reset`."""

        def apply(command: Float64Array) -> Reading:
            reading = self.apply(command)
            check(reading)
            return reading

        self.wait_until_heard()
        self._wait_for_listeners(self._listeners.are_found)
        self._ignore_messages_so_far()
        return self._reset.run(self._read, apply, self._ignore_messages_so_far, check)

    def apply(self, command: Float64Array) -> Reading:
        """Send a command; return the reading that answers it, see `Robot.apply`."""
        limited = self._door.limit(command)
        # a simulation that runs by itself goes on without commands
        had_to_wait = self._wait_for_listeners(self._listeners.are_there)
        reading = self._apply(limited)
        if had_to_wait or not self._listeners.are_there():
            reading = replace(reading, is_fresh=False)
        return reading if limited is command else replace(reading, command=limited)

    def _wait_for_listeners(self, are_there: Callable[[], bool]) -> bool:
        """Wait until somebody hears the commands; return whether that took time.

        Args:
            are_there: returns whether somebody does.

        Raises:
            RobotError: nobody does in time.
        """
        if are_there():
            return False
        deadline_s = time.monotonic() + self._timeout_s
        topics = self._listeners.unheard
        self._unheard = f'waiting for a node that hears {topics}'
        try:
            while not are_there():
                if self._left_s(deadline_s) <= 0:
                    raise RobotError(self._listeners.explain() or f'nobody heard {topics}')
                time.sleep(_LISTENERS_PERIOD_S)
        finally:
            self._unheard = ''
        return True

    def _report_unheard(self, reason: str) -> None:
        """Report why nobody hears the commands; a new reason replaces the last one."""
        self._events.end(COMMAND_UNHEARD)
        self._events.begin(COMMAND_UNHEARD, reason)

    def _apply(self, command: Float64Array) -> Reading:
        """Send a command that may leave; return the reading that answers it."""
        before_ns, deadline_s = self._fields.newest_ns, time.monotonic() + self._timeout_s
        self._send(command)
        self._door.record(command)
        if self._wait_for(self._fields.are_new, deadline_s):
            return self._reading()
        self._send(command)  # the robot did not move: the command was lost
        while not self._wait_for(self._fields.are_new, deadline_s):
            self._send(command)
        return self._reading_at_rest(before_ns)

    def _send(self, command: Float64Array) -> None:
        """Send a command; count the repeated readings from now on."""
        with self._changed:
            self._fields.on_command()
        self._command.send(command)

    def _reading_at_rest(self, before_ns: int) -> Reading:
        """Return the reading once the robot has executed every copy of a command.

        Args:
            before_ns: stamp before the command, which was sent more than once.
        """
        deadline_s = time.monotonic() + self._timeout_s
        reading = self._reading_and_restart_count()
        while self._wait_for(self._fields.are_new, deadline_s):
            reading = self._reading_and_restart_count()
        periods = 1e-9 * (self._fields.newest_ns - before_ns) * self._description.rate_hz
        if periods < 1.5:
            return reading
        self._node.get_logger().warning(
            'a command that seemed lost was late and was executed more than once:'
            ' the step is not stored'
        )
        return replace(reading, is_fresh=False)

    def _reading_and_restart_count(self) -> Reading:
        """Return the newest reading; count its repeats from now on."""
        with self._changed:
            self._fields.repeats = {}
            return self._fields.reading()

    def sense(self) -> dict[str, Float64Array] | None:
        """Return the newest values, see `SensingRobot`."""
        with self._changed:
            try:
                return self._fields.values()
            except (KeyError, RobotError):
                return None

    def rest(self) -> None:
        """Do nothing: no time passes without a command."""

    def prepare(self) -> None:
        """Restore the full time-out after `stop_waiting`."""
        self._stopping_s = None
        self._door.start()

    def stop_waiting(self, grace_s: float) -> None:
        """Limit every wait for the robot, current or later, to `grace_s` from now."""
        with self._changed:
            self._stopping_s = time.monotonic() + grace_s
            self._changed.notify_all()

    def close(self) -> None:
        """Remove subscriptions, publisher and services."""
        self._sensors.close()
        self._command.close()
        self._reset.close()

    def _ignore_messages_so_far(self) -> None:
        """Accept only other messages than those received so far as an answer."""
        with self._changed:
            self._fields.ignore()

    def _read(self, moved: bool) -> Reading:
        """Return a reading received after this call; if `moved`, one with other stamps."""
        now_s = time.monotonic()
        is_there = self._fields.are_new if moved else partial(self._fields.are_since, now_s)
        while not self._wait_for(is_there, now_s + self._timeout_s):
            self._fields.repeats = {}
        reading = self._reading()
        return replace(reading, command=self._door.begin(self._pose_of(reading)))

    def _pose_of(self, reading: Reading) -> Float64Array | None:
        """Return the measured values of what commands set, if they are finite."""
        pose = self._bounds.measured_pose(reading.values)
        return pose if pose is None or all_finite(pose) else None

    def _reading(self) -> Reading:
        """Return the newest values as a reading, see `LockstepFields.reading`."""
        with self._changed:
            return self._fields.reading()

    def _wait_for(self, condition: Callable[[], bool], deadline_s: float) -> bool:
        """Wait for a condition; return False if repeated readings show that a command was lost.

        Raises:
            RobotError: the robot is silent.
        """
        with self._changed:
            while not condition():
                if max(self._fields.repeats.values(), default=0) >= _REPEATS_AFTER_LOST_COMMAND:
                    return False
                left_s = self._left_s(deadline_s)
                if left_s <= 0:
                    raise RobotError(self._explain_silence())
                self._changed.wait(left_s)
        return True

    def _left_s(self, deadline_s: float) -> float:
        """Return how much longer to wait; a stop shortens it."""
        return min(deadline_s, self._stopping_s or deadline_s) - time.monotonic()

    def _explain_silence(self) -> str:
        """Return which topics are silent, and what to check."""
        return self._sensors.explain_silence(self._fields.explain_old(), self._timeout_s)

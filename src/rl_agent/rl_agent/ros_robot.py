# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A robot behind ROS topics whose time passes only when it is commanded (lockstep)."""

from array import array
import os
import threading
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rl_agent.errors import RobotError
from rl_agent.robot import Reading
from rl_agent.robot_description import ObservationField, RobotDescription
from rl_agent.ros_messages import import_message, stamp_to_ns
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

_REPEATS_OF_A_LOST_COMMAND = 3
_SERVICE_LOOK_S = 0.2


class RosRobot:
    """Reads a description's sensor topics, sends its commands and calls its reset service.

    A command and the readings that answer it alternate. A simulated robot at standstill repeats
    its last reading, by which a command that was lost on the way is noticed and sent again.
    """

    def __init__(self, node: Node, description: RobotDescription, timeout_s: float) -> None:
        """Connect; nothing is sent yet.

        Args:
            node: relative topics live in its namespace; its executor must spin in another thread.
            description: of the robot.
            timeout_s: a robot that is silent for so long is an error.
        """
        self._node, self._description, self._timeout_s = node, description, timeout_s
        self._changed = threading.Condition()
        self._latest: dict[str, Any] = {}
        self._repeats = 0
        self._stopping_s: float | None = None
        self._stamp_ns = -1  # of the last reading handed out
        topics = {item.topic: item.type for item in description.observation}
        self._subscriptions = [
            node.create_subscription(
                import_message(type_name), topic, self._receiver(topic), QoSProfile(depth=10)
            )
            for topic, type_name in topics.items()
        ]
        self._topics = tuple(topics)
        self._commands = node.create_publisher(
            Float64MultiArray, description.action.topic, QoSProfile(depth=10)
        )
        self._reset_client = node.create_client(Trigger, description.reset.service)

    def wait_until_heard(self) -> None:
        """Wait until every sensor topic has a message.

        Raises:
            RobotError: one is silent.
        """
        self._await(lambda: len(self._latest) == len(self._topics), self._timeout_s)

    def reset(self) -> Reading:
        """Call the reset service; return the first reading after it, see `Robot.reset`."""
        self.wait_until_heard()
        self._stamp_ns = self._newest_stamp_ns()
        self._call_reset()
        return self._await_reading()

    def apply(self, command: NDArray[np.float64]) -> Reading:
        """Send a command; return the reading that answers it, see `Robot.apply`."""
        message = Float64MultiArray(data=array('d', command.tobytes()))
        self._repeats = 0
        self._commands.publish(message)
        return self._await_reading(message)

    def prepare(self) -> None:
        """Wait as long as the time-out says, again."""
        self._stopping_s = None

    def stop_waiting(self, grace_s: float) -> None:
        """Let nothing wait for the robot longer than `grace_s` from now on."""
        with self._changed:
            self._stopping_s = time.monotonic() + grace_s
            self._changed.notify_all()

    def close(self) -> None:
        """Disconnect."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._node.destroy_publisher(self._commands)
        self._node.destroy_client(self._reset_client)

    def _receiver(self, topic: str) -> Any:
        """Return the callback of one sensor topic."""

        def receive(message: Any) -> None:
            with self._changed:
                if stamp_to_ns(message.header.stamp) == self._stamp_ns:
                    self._repeats += 1
                self._latest[topic] = message
                self._changed.notify_all()

        return receive

    def _await_reading(self, command: Float64MultiArray | None = None) -> Reading:
        """Wait until every topic is newer than the last reading; return the new one."""
        deadline_s = time.monotonic() + self._timeout_s
        while not self._await(self._is_answered, deadline_s - time.monotonic()):
            # woken by a robot that stands still although it was commanded
            self._repeats = 0
            if command is not None:
                self._commands.publish(command)
        with self._changed:
            messages = dict(self._latest)
            self._stamp_ns = self._newest_stamp_ns()
        values = {
            item.name: self._extract(item, messages[item.topic])
            for item in self._description.observation
        }
        oldest_ns = min(stamp_to_ns(message.header.stamp) for message in messages.values())
        return Reading(values, oldest_ns)

    def _is_answered(self) -> bool:
        """Return whether every topic has a message newer than the last reading."""
        return all(
            stamp_to_ns(message.header.stamp) > self._stamp_ns for message in self._latest.values()
        )

    def _newest_stamp_ns(self) -> int:
        """Return the newest stamp among the topics."""
        return max(stamp_to_ns(message.header.stamp) for message in self._latest.values())

    def _await(self, condition: Any, timeout_s: float) -> bool:
        """Wait for a condition; return False where a repeated reading says: command lost.

        Raises:
            RobotError: the robot is silent.
        """
        deadline_s = time.monotonic() + timeout_s
        with self._changed:
            while not condition():
                if self._repeats >= _REPEATS_OF_A_LOST_COMMAND:
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
        """Return which topics are silent, and what to look at."""
        lines = []
        for topic in self._topics:
            if topic not in self._latest or not self._is_answered():
                name = self._node.resolve_topic_name(topic)
                heard = 'nothing new' if topic in self._latest else 'no message'
                lines.append(
                    f'{name}: {heard} in {self._timeout_s:g} s from'
                    f' {self._node.count_publishers(name)} publishers'
                )
        domain = os.environ.get('ROS_DOMAIN_ID', '0')
        return (
            f'the robot does not publish: {"; ".join(lines)}; accepted: new messages at'
            f' {self._description.rate_hz:g} Hz. Is it switched on, and in ROS domain {domain}?'
        )

    def _wake(self, future: Any) -> None:
        """Let whoever waits look again."""
        with self._changed:
            self._changed.notify_all()

    def _call_reset(self) -> None:
        """Call the reset service and wait for its answer."""
        reset = self._description.reset
        name = self._node.resolve_service_name(reset.service)
        deadline_s = time.monotonic() + self._timeout_s
        while not self._reset_client.wait_for_service(timeout_sec=_SERVICE_LOOK_S):
            if self._left_s(deadline_s) <= 0:
                raise RobotError(
                    f'{name}: no such service within {self._timeout_s:g} s;'
                    ' accepted: std_srvs/srv/Trigger'
                )
        deadline_s = time.monotonic() + reset.timeout_s
        future = self._reset_client.call_async(Trigger.Request())
        future.add_done_callback(self._wake)
        with self._changed:
            while not future.done() and self._left_s(deadline_s) > 0:
                self._changed.wait(self._left_s(deadline_s))
        if not future.done():
            self._reset_client.remove_pending_request(future)
            raise RobotError(f'{name}: no answer in {reset.timeout_s:g} s')
        response = future.result()
        if response is None or not response.success:
            reason = response.message if response else str(future.exception())
            raise RobotError(f'{name}: the robot refused to reset: {reason}')

    def _extract(self, item: ObservationField, message: Any) -> NDArray[np.float64]:
        """Return one field's numbers from its message, (joint,)."""
        values = message
        for part in item.field.split('.'):
            if not hasattr(values, part):
                raise RobotError(
                    f'observation field {item.name!r}: {item.type} has no {item.field!r}'
                )
            values = getattr(values, part)
        names = list(message.name)
        missing = [joint for joint in item.joints if joint not in names]
        if missing or len(values) != len(names):
            raise RobotError(
                f'observation field {item.name!r}: joints {list(item.joints)} wanted;'
                f' {self._node.resolve_topic_name(item.topic)} has {len(values)} values'
                f' of {names}'
            )
        return np.array([values[names.index(joint)] for joint in item.joints], np.float64)

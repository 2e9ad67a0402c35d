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

"""Relays a robot's sensor messages from Gazebo's bridge, with monotonic stamps."""

from collections.abc import Callable
from dataclasses import dataclass
import time
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.publisher import Publisher
from rl_agent.description.robot import RobotDescription
from rl_agent.gazebo.bridge_file import bridged, CLOCK
from rl_agent.gazebo.monotonic_clock import MonotonicClock
from rl_agent.message_fields.ros_field_paths import has_header
from rl_agent.ros.ros_messages import import_message, ns_to_stamp, stamp_to_ns
from rl_agent.ros.ros_topics import CLOCK_QOS, sensor_offered_qos, SENSOR_QOS
from rosgraph_msgs.msg import Clock


@dataclass
class _Topic:
    """A sensor topic.

    Attributes:
        publisher: publisher of the robot's topic.
        stamped: whether the messages have a header.
        newest: newest message from Gazebo since the last restart, if any.
        stamp_ns: its stamp in Gazebo's time; -1 without a message.
    """

    publisher: Publisher
    stamped: bool
    newest: Any = None
    stamp_ns: int = -1


class SensorRelay:
    """Keeps and publishes the newest message of each bridged sensor topic, and Gazebo's time.

    Attributes:
        clock: Gazebo's time, made monotonic.
        now_ns: Gazebo's time; -1 before the first message.
        heard_s: when the last message arrived, by `time.monotonic`.
    """

    def __init__(self, node: Node, description: RobotDescription) -> None:
        """Advertise the robot's topics; `listen` subscribes to the bridge.

        Args:
            node: node whose namespace the relative topics are in.
            description: description of the robot.
        """
        self._node = node
        self._on_message: Callable[[str], None] = lambda topic: None
        self._period_ns = round(1e9 / description.rate_hz)
        self.clock = MonotonicClock(self._period_ns)
        self.now_ns, self.heard_s = -1, time.monotonic()
        self._times = node.create_publisher(Clock, '/clock', CLOCK_QOS)
        self._types = {topic: import_message(kind) for topic, kind in description.topics.items()}
        once = description.once_topics
        self._topics = {
            topic: _Topic(
                node.create_publisher(
                    self._types[topic],
                    topic,
                    sensor_offered_qos(once=topic in once),
                ),
                has_header(kind),
            )
            for topic, kind in description.topics.items()
        }

    def listen(self, group: CallbackGroup, on_message: Callable[[str], None]) -> None:
        """Subscribe to the bridge.

        Args:
            group: callback group.
            on_message: called after each message with its topic, or with '' for the clock.
        """
        self._on_message = on_message
        self._node.create_subscription(
            Clock, CLOCK, self._on_clock, SENSOR_QOS, callback_group=group
        )
        for topic, kind in self._types.items():
            self._node.create_subscription(
                kind, bridged(topic), self._receiver(topic), SENSOR_QOS, callback_group=group
            )

    def has_reached(self, stamp_ns: int) -> bool:
        """Return whether clock and all topics have reached this time of Gazebo."""
        stamps = [item.stamp_ns for item in self._topics.values()]
        return self.now_ns >= stamp_ns and min(stamps) >= stamp_ns

    @property
    def silent(self) -> list[str]:
        """Bridged topics without a message since the last restart, as texts."""
        topics = [topic for topic, item in self._topics.items() if item.stamp_ns < 0]
        names = [*map(bridged, topics), *([CLOCK] if self.now_ns < 0 else [])]
        return [
            f'{name} ({self._node.count_publishers(self._node.resolve_topic_name(name))}'
            ' publishers)'
            for name in names
        ]

    def restart(self) -> None:
        """Forget all messages, because a paused simulation was told to restart."""
        self.clock.restart()
        self.now_ns = -1
        self._forget(-1)

    def publish(self) -> None:
        """Publish the time and all sensors."""
        self.publish_clock()
        for topic in sorted(self._topics, key=lambda name: self._topics[name].stamped):
            self.publish_topic(topic)

    def publish_clock(self) -> None:
        """Publish the time."""
        stamp = ns_to_stamp(self.clock.monotonic_ns(max(self.now_ns, 0)))
        self._times.publish(Clock(clock=stamp))

    def publish_topic(self, topic: str) -> None:
        """Publish the newest message of a topic, if there is one."""
        item = self._topics[topic]
        if item.newest is None:
            return
        if item.stamped:
            stamp_ns = self.clock.monotonic_ns(item.stamp_ns)
            item.newest.header.stamp = ns_to_stamp(stamp_ns)
        item.publisher.publish(item.newest)

    def _forget(self, newest_ns: int) -> None:
        """Forget newer messages, which are from before a restart."""
        for item in self._topics.values():
            if item.stamp_ns > newest_ns:
                item.newest, item.stamp_ns = None, -1

    def _on_clock(self, message: Clock) -> None:
        """Record the time; if it jumped back, forget the messages from before."""
        stamp_ns = stamp_to_ns(message.clock)
        if self.clock.note(stamp_ns):
            self._forget(stamp_ns + self._period_ns)  # sensors may be slightly ahead of the clock
        self.now_ns, self.heard_s = stamp_ns, time.monotonic()
        self._on_message('')

    def _receiver(self, topic: str) -> Callable[[Any], None]:
        """Return the callback of a topic."""
        item = self._topics[topic]

        def receive(message: Any) -> None:
            item.newest = message
            item.stamp_ns = (
                stamp_to_ns(message.header.stamp) if item.stamped else max(self.now_ns, 0)
            )
            self.heard_s = time.monotonic()
            self._on_message(topic)

        return receive

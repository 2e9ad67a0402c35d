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

"""Whether two nodes publish the same numbers: then each is observed in turn, and one is wrong."""

from collections.abc import Sequence
import contextlib
from dataclasses import replace
from itertools import groupby
import threading
from typing import Any, NamedTuple

from rclpy.exceptions import InvalidHandle
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from rl_agent.errors import RlError, RobotError
from rl_agent.event_log import EventLog
from rl_agent.message_fields.ros_field_extractor import FieldExtractor
from rl_agent.real_time.chore import Chore
from rl_agent.ros.ros_message_buffer import GID_BYTES, take_messages, TakenMessage
from rl_agent.ros.ros_messages import import_message
from rl_agent.ros.ros_polling import PolledGroup
from rl_agent.ros.ros_topics import full_node_name, SENSOR_QOS

TWO_SOURCES = 'two_sources'
_LOOK_PERIOD_S = 0.5
_DEPTH = 20  # messages kept between two looks; each one has to be taken
_DECODED = 4  # of them: neighbours, such as arm and gripper, share a topic all the time
_UNNAMED = 'a node without a known name'


class _Number(NamedTuple):
    """What may have two sources: a joint of a field, or the whole field."""

    field: str
    joint: str


class SensorSources:
    """Watches the publishers of the sensor topics.

    Two publishers contradict each other if messages of both fit the same joint, or the same field
    of a message without joint names, and they take turns: a driver that is started again takes
    over once. It lasts until one of them leaves the ROS graph.

    Its chore counts the publishers of each topic. Only a topic with several gets another
    subscription, whose newest messages are attributed and decoded at each look, not one by one.

    Attributes:
        chore: looks regularly.
    """

    def __init__(self, node: Node, extractors: Sequence[FieldExtractor], events: EventLog) -> None:
        """Begin to watch.

        Args:
            node: subscribes.
            extractors: of all fields.
            events: receives the reports.
        """
        self._lock, self._is_closed = threading.Lock(), False
        topics = dict.fromkeys(item.field.topic for item in extractors)
        self._topics = [
            _Topic(node, topic, [item for item in extractors if item.field.topic == topic], events)
            for topic in topics
        ]
        self.chore = Chore(self.look, _LOOK_PERIOD_S)

    def look(self) -> None:
        """Compare the sources of what was received since the last look."""
        with self._lock:
            if not self._is_closed:
                for topic in self._topics:
                    topic.look()

    def problems(self, field: str) -> list[str]:
        """Return the sources of a field that contradict each other, in words."""
        with self._lock:
            return [text for topic in self._topics for text in topic.problems(field)]

    def publishers(self, field: str) -> frozenset[bytes]:
        """Return the ids of the publishers that give a field; empty: its topic has only one."""
        with self._lock:
            return frozenset().union(*(topic.publishers(field) for topic in self._topics))

    def close(self) -> None:
        """End the watch."""
        with self._lock:
            self._is_closed = True
            for topic in self._topics:
                topic.close()


class _Topic:
    """The sources of one topic."""

    def __init__(
        self, node: Node, topic: str, extractors: Sequence[FieldExtractor], events: EventLog
    ) -> None:
        """Watch a topic whose fields have these extractors."""
        self._node, self._events = node, events
        self._topic, self._name = topic, node.resolve_topic_name(topic)
        self._event = f'{TWO_SOURCES}/{topic}'
        self._kind = import_message(extractors[0].field.type)
        self._extractors = _by_number(extractors, self._name)
        self._subscription: Any = None
        self._last: dict[_Number, bytes] = {}  # its source, a publisher's id
        self._former: dict[_Number, set[bytes]] = {}  # its sources before the last one
        self._pairs: dict[_Number, tuple[bytes, bytes]] = {}  # that contradict each other
        self._names: dict[bytes, str] = {}

    def look(self) -> None:
        """Compare the sources of what was received since the last look."""
        if self._node.count_publishers(self._name) < 2:
            self.close()
            return
        if self._subscription is None:
            self._subscription = self._node.create_subscription(
                self._kind,
                self._topic,
                lambda message: None,
                QoSProfile(depth=_DEPTH, reliability=SENSOR_QOS.reliability),
                raw=True,
                callback_group=PolledGroup(),
            )
        found = False
        for message in self._take():
            found |= self._note(message)
        if found or self._pairs:
            self._report()

    def problems(self, field: str) -> list[str]:
        """Return which nodes publish a field, in words; nothing if only one does."""
        groups: dict[tuple[str, ...], list[str]] = {}
        for number, pair in self._pairs.items():
            if number.field == field:
                nodes = sorted(self._names.get(item) or _UNNAMED for item in pair)
                groups.setdefault(tuple(nodes), []).append(number.joint)
        return [
            f'{self._name}: {", ".join(filter(None, joints)) or field} given by both'
            f' {" and ".join(nodes)}; accepted: one source: end the other one, or change its topic'
            for nodes, joints in groups.items()
        ]

    def publishers(self, field: str) -> set[bytes]:
        """Return the ids of the publishers that were seen to give a field."""
        sources = [self._former, {number: {last} for number, last in self._last.items()}]
        return {
            publisher
            for found in sources
            for number, publishers in found.items()
            if number.field == field
            for publisher in publishers
        }

    def close(self) -> None:
        """Forget the sources: there are not two of them."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None
            self._last, self._former, self._pairs = {}, {}, {}
            self._events.end(self._event)

    def _take(self) -> list[TakenMessage]:
        """Return the last messages, only the first of several from one publisher in a row."""
        with contextlib.suppress(InvalidHandle, RlError):
            taken = list(take_messages(self._subscription))
            turns = groupby(taken, key=lambda item: item.publisher)
            return [next(messages) for _, messages in turns][-_DECODED:]
        return []

    def _note(self, taken: TakenMessage) -> bool:
        """Note whose numbers a message has; return whether two sources of one were found."""
        try:
            message, found = deserialize_message(bytes(taken.buffer), self._kind), False
        except Exception:  # the reader of the sensors reports it
            return False
        source = taken.publisher
        for number, extract in self._extractors.items():
            last = self._last.get(number)
            if last == source or not _fits(extract, message):
                continue
            former = self._former.setdefault(number, set())
            if last is not None and source in former and number not in self._pairs:
                self._pairs[number], found = (last, source), True
            if last is not None:
                former.add(last)
            self._last[number] = source
        return found

    def _report(self) -> None:
        """Report the sources that contradict each other, unless one of them has left."""
        self._names = {
            bytes(info.endpoint_gid[:GID_BYTES]): full_node_name(info)
            for info in self._node.get_publishers_info_by_topic(self._name)
        }
        self._pairs = {
            number: pair
            for number, pair in self._pairs.items()
            if all(item in self._names for item in pair)
        }
        fields = dict.fromkeys(number.field for number in self._pairs)
        texts = dict.fromkeys(text for field in fields for text in self.problems(field))
        if texts:
            self._events.begin(self._event, '; '.join(texts))
        else:
            self._events.end(self._event)


def _by_number(extractors: Sequence[FieldExtractor], topic: str) -> dict[_Number, FieldExtractor]:
    """Return an extractor for each joint that messages name, and for each other field."""
    found = {}
    for item in extractors:
        for joint in item.named_joints:
            single = replace(item.field, joints=(joint,), transform='none')
            found[_Number(item.field.name, joint)] = FieldExtractor(single, topic)
        if not item.named_joints:
            found[_Number(item.field.name, '')] = item
    return found


def _fits(extract: FieldExtractor, message: Any) -> bool:
    """Return whether a message has a field's numbers."""
    try:
        extract(message)
    except RobotError:
        return False
    return True

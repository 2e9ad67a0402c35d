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

"""The URDF that a robot publishes, among those of other robots."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from rl_agent.errors import ConfigurationError
from rl_agent.robot_model.urdf import MOST_BYTES
from rl_agent.ros.ros_qos_mismatch import expected_mismatch
from std_msgs.msg import String

_TYPE, _NAME = 'std_msgs/msg/String', 'robot_description'
_MOST_ROBOTS = 50


class RobotDescriptions:
    """Receives every URDF in a ROS domain; a larger one than can be used stays undecoded."""

    def __init__(self, node: Node) -> None:
        """Prepare; `node` is in the namespace of the robot."""
        self._node = node
        self._texts: dict[str, str | None] = {}  # None: none came yet
        self._notes: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def look(self) -> None:
        """Subscribe to new topics."""
        for name, kinds in self._node.get_topic_names_and_types():
            is_one = name.rpartition('/')[2] == _NAME and _TYPE in kinds
            if is_one and name not in self._texts and len(self._texts) < _MOST_ROBOTS:
                self._subscribe(name)

    def chosen(self) -> tuple[str | None, str]:
        """Return the text for the node's namespace, and where it came from or why it is missing.

        Raises:
            ConfigurationError: there are several, and none is in the namespace itself.
        """
        topic = self._topic()
        if topic is None:
            return None, f'no node publishes {_NAME}: limits of joints are not known'
        text = self._texts[topic]
        note = self._notes.get(topic, '')
        if text is None:
            return None, note or f'{topic}: no message came: limits of joints are not known'
        more = f'; {note}' if note else ''
        return text, f'limits of joints are from {topic}{more}'

    def others(self) -> list[str]:
        """Return the namespaces of other robots."""
        topic = self._topic()
        places = [_namespace(name) for name in self._texts if name != topic]
        return [place for place in places if place and place != self._own]

    @property
    def _own(self) -> str:
        """Namespace of the node, empty at the top."""
        return self._node.get_namespace().rstrip('/')

    def _topic(self) -> str | None:
        """Return the topic for the node's namespace."""
        own = f'{self._own}/{_NAME}'
        if own in self._texts:
            return own
        below = [name for name in self._texts if name.startswith(f'{self._own}/')]
        if len(below) > 1:
            places = ', '.join(sorted(_namespace(name) for name in below))
            raise ConfigurationError(
                f'--namespace: given {self._own or "/"!r}, which has several robots; accepted: one'
                f' of {places}'
            )
        at_top = [name for name in self._texts if name == f'/{_NAME}']
        return next(iter([*below, *at_top]), None)

    def _subscribe(self, name: str) -> None:
        """Subscribe as its publisher offers; most keep the text for late subscribers."""
        self._texts[name] = None
        offered = [item.qos_profile for item in self._node.get_publishers_info_by_topic(name)]
        if not offered:
            del self._texts[name]  # only subscribers so far
            return
        take, qos = partial(self._take, name), offered_qos(offered, repeats_losses=True)
        self._node.create_subscription(
            String, name, take, qos, raw=True, event_callbacks=expected_mismatch()
        )

    def _take(self, name: str, data: Any) -> None:
        """Decode a text, unless it is too large."""
        if len(data) > MOST_BYTES:
            self._notes[name] = (
                f'{name}: the URDF was not used: given {len(data)} bytes; accepted: up to'
                f' {MOST_BYTES}'
            )
            return
        try:
            text = deserialize_message(bytes(data), String).data
        except Exception as error:  # no UTF-8, for example
            self._notes[name] = f'{name}: the URDF was not used: {error}'
            return
        if self._texts[name] not in (None, text):
            self._notes[name] = 'different texts came: the last one counts'
        self._texts[name] = text


def offered_qos(offered: Sequence[QoSProfile], *, repeats_losses: bool = False) -> QoSProfile:
    """Return what to ask all publishers of a topic for: also what they keep.

    Args:
        offered: by its publishers.
        repeats_losses: whether a lost message must come again; else only if it is kept, because
            that slows a publisher down.
    """
    keeps = all(item.durability == DurabilityPolicy.TRANSIENT_LOCAL for item in offered)
    loses = any(item.reliability == ReliabilityPolicy.BEST_EFFORT for item in offered)
    return QoSProfile(
        depth=10,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if keeps else DurabilityPolicy.VOLATILE,
        reliability=ReliabilityPolicy.RELIABLE
        if not loses and (keeps or repeats_losses)
        else ReliabilityPolicy.BEST_EFFORT,
    )


def _namespace(topic: str) -> str:
    """Return the namespace of a topic, empty at the top."""
    return topic.rpartition('/')[0]

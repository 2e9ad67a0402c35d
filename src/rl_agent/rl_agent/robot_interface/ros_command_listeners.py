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

"""Whether anybody hears the commands: a robot that hears none moves by itself, or not at all.

DDS silently does not connect a publisher and a subscription of different types, or of incompatible
quality of service.
"""

from collections.abc import Callable, Sequence
import math
import threading
import time
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rl_agent.configuration import hint
from rl_agent.real_time.chore import Chore
from rl_agent.robot_interface.ros_command import CommandTopic, RosCommand
from rl_agent.ros.ros_qos_mismatch import incompatibility, qualities
from rl_agent.ros.ros_topics import full_node_name

COMMAND_UNHEARD = 'command_unheard'
_CHECK_PERIOD_S = 1.0
_DISCOVERY_S = 5.0  # to find the robot's node at the start, on a busy machine
# Names of nodes that show or record messages. Names with a leading `_` are hidden: tools, such as
# `ros2 topic echo`.
_ONLOOKERS = ('_', 'rosbag2_recorder', 'rqt_', 'plotjuggler', 'foxglove_bridge')
_UNCONNECTED = 'a fitting subscriber is known, but not connected'


class _Subscribers:
    """Those of one command topic."""

    def __init__(self, node: Node, command: CommandTopic) -> None:
        """Know none yet."""
        self._node, self._command = node, command
        self._only_onlookers = False
        self._count = -1  # when they were listed; -1: list them again

    @property
    def are_listed(self) -> bool:
        """Whether the list is still right, and somebody in it hears the commands."""
        return self._command.subscription_count == self._count

    @property
    def have_left(self) -> bool:
        """Whether there are fewer than when they were listed."""
        return self._command.subscription_count < self._count

    @property
    def are_there(self) -> bool:
        """Whether somebody hears the commands, as far as known."""
        return self._command.subscription_count > 0 and not self._only_onlookers

    @property
    def are_known(self) -> bool:
        """Whether all were listed with their names."""
        return self._count > 0

    def look(self) -> None:
        """Find out whether onlookers alone hear the commands; takes a millisecond."""
        command, count = self._command, self._command.subscription_count
        listed = self._node.get_subscriptions_info_by_topic(command.topic)
        hearing = _hearing(listed, command.type_name, command.qos)
        # subscribers are connected before they are listed, and listed before they have names
        is_complete = len(hearing) == count and all(map(full_node_name, hearing))
        self._only_onlookers = is_complete and count > 0 and all(map(is_onlooker, hearing))
        self._count = count if is_complete and count > 0 and not self._only_onlookers else -1

    @property
    def topic(self) -> str:
        """Name and type of the topic."""
        return f'{self._command.topic} ({self._command.type_name})'

    def explain(self) -> str:
        """Return why nobody hears the commands; takes a millisecond."""
        command = self._command
        why = explain_unheard(self._node, command.topic, command.type_name, command.qos)
        why = (why or _UNCONNECTED).removeprefix(f'{command.topic}: ')
        return (
            f'nobody hears {command.topic}: {why}; offered: {command.type_name}'
            f' ({qualities(command.qos)})'
        )


class CommandListeners:
    """Watches who hears the commands of a robot: on each of its topics somebody has to.

    Whoever subscribes with the type of the commands and a compatible quality of service hears
    them: a driver, a relay, a multiplexer; but no onlooker, such as a recorder. A killed
    subscriber counts until DDS notices, for up to 20 s.

    Its chore checks it; listing the subscribers takes a millisecond, so that is only done when
    their number changes, or while nobody hears the commands.

    Attributes:
        chore: looks regularly, once started.
    """

    def __init__(
        self,
        node: Node,
        command: RosCommand,
        on_unheard: Callable[[str], None],
        on_heard: Callable[[], None],
    ) -> None:
        """Prepare the watch, which `start` begins.

        Args:
            node: its executor spins in another thread.
            command: publishes the commands.
            on_unheard: called when nobody hears the commands, with the reason; again if the reason
                changes. Not before `_DISCOVERY_S` at the start.
            on_heard: called when somebody hears them.
        """
        self._topics = [_Subscribers(node, topic) for topic in command.topics]
        self._on_unheard, self._on_heard = on_unheard, on_heard
        self._lock, self._is_started = threading.RLock(), False
        self._began_s = time.monotonic()
        self._heard_s = -math.inf  # when somebody last heard the commands
        self._reason = ''  # reported; empty: somebody hears the commands, or nothing is known yet
        self.chore = Chore(self._check, _CHECK_PERIOD_S)

    @property
    def unheard(self) -> str:
        """The topics without anybody who hears the commands, with their types."""
        return ', '.join(item.topic for item in self._topics if not item.are_there)

    def start(self) -> None:
        """Begin to report; call it when the robot is there: until then its silence says more."""
        self._is_started = True

    def are_there(self) -> bool:
        """Return whether somebody hears the commands; takes microseconds, unless somebody left."""
        for topic in self._topics:
            if topic.have_left:
                with self._lock:
                    topic.look()
            if not topic.are_there:
                return False
        return True

    def are_found(self) -> bool:
        """Return whether somebody hears the commands who is no onlooker; takes a millisecond."""
        with self._lock:
            self._list_subscribers()
            is_late = time.monotonic() - self._began_s > _DISCOVERY_S
            is_known = is_late or all(topic.are_known for topic in self._topics)
            is_found = is_known and self.are_there()
            if is_found:
                self._report(None)
        return is_found

    def explain(self) -> str | None:
        """Return why nobody hears the commands; None: somebody does. Takes a millisecond."""
        if self.are_there():
            return None
        unheard = ', and '.join(item.explain() for item in self._topics if not item.are_there)
        return f'{unheard}. No step is stored until a node does' if unheard else None

    def report(self) -> None:
        """Report at once that nobody hears the commands, on any thread."""
        with self._lock:
            self._list_subscribers()
            self._report(self.explain())

    def _check(self) -> None:
        """List the subscribers if they may have changed; report a change."""
        with self._lock:
            is_same = all(topic.are_listed for topic in self._topics) and not self._reason
            if is_same or not self._is_started:
                return
            self._list_subscribers()
            reason = self.explain()
            is_late = time.monotonic() - self._began_s > _DISCOVERY_S
            if reason is None or is_late or self._heard_s > self._began_s:
                self._report(reason)

    def _list_subscribers(self) -> None:
        """List the subscribers of all topics."""
        for topic in self._topics:
            topic.look()

    def _report(self, reason: str | None) -> None:
        """Report a reason, unless that was done; None: somebody hears the commands."""
        if reason is None:
            self._heard_s = time.monotonic()
            if self._reason:
                self._on_heard()
        elif reason != self._reason:
            self._on_unheard(reason)
        self._reason = reason or ''


def explain_unheard(node: Node, topic: str, kind: str, offered: QoSProfile) -> str | None:
    """Return why nobody hears commands, with the subscribers; None: somebody hears them.

    Args:
        node: searches the ROS graph.
        topic: full name of the command topic.
        kind: message type of the commands.
        offered: quality of service of the commands.
    """
    subscribers = node.get_subscriptions_info_by_topic(topic)
    if not subscribers:
        return f'{topic}: no subscriber{alternatives(node, topic, kind, node.count_subscribers)}'
    hearing = _hearing(subscribers, kind, offered)
    if not all(map(is_onlooker, hearing)):
        return None
    listed = '; '.join(sorted({_describe(item) for item in subscribers}))
    if hearing:
        return (
            f'given onlookers only; accepted: a node that moves the robot; subscribers: {listed}'
        )
    reasons = {
        incompatibility(offered, item.qos_profile)
        for item in subscribers
        if item.topic_type == kind
    }
    if not reasons:
        kinds = sorted({item.topic_type for item in subscribers})
        return f'type: given {", ".join(kinds)}; accepted: {kind}; subscribers: {listed}'
    return (
        f'quality of service: given {"; ".join(sorted(reasons))}; accepted: a subscription'
        f' compatible with {qualities(offered)}; subscribers: {listed}'
    )


def alternatives(node: Node, topic: str, kind: str, count: Callable[[str], int]) -> str:
    """Return a text with the topics of a type; `count` returns the users of a topic."""
    graph = node.get_topic_names_and_types()
    fitting = [
        name for name, kinds in graph if kind in kinds and name.rpartition('/')[2][0] != '_'
    ]
    fitting = [name for name in fitting if count(name)]
    if not fitting:
        return f'; there is no topic of type {kind}'
    return f'{hint(topic, fitting)}; topics of type {kind}: {", ".join(fitting)}'


def _hearing(subscribers: Sequence[Any], kind: str, offered: QoSProfile) -> list[Any]:
    """Return the subscribers, from the ROS graph, that hear commands; also onlookers."""
    return [
        item
        for item in subscribers
        if item.topic_type == kind and not incompatibility(offered, item.qos_profile)
    ]


def is_onlooker(subscriber: Any) -> bool:
    """Return whether a subscriber, of the ROS graph, is known to move nothing."""
    return str(subscriber.node_name).startswith(_ONLOOKERS) and bool(full_node_name(subscriber))


def _describe(subscriber: Any) -> str:
    """Return a subscriber for people: node, type, quality of service."""
    name = full_node_name(subscriber) or 'a node'
    return f'{name} with {subscriber.topic_type} ({qualities(subscriber.qos_profile)})'

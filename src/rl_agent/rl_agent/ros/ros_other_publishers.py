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

"""Other publishers on a topic: two nodes that command one robot work against each other."""

from collections import Counter
from collections.abc import Callable, Sequence
import time

from rclpy.node import Node
from rl_agent.event_log import EventLog
from rl_agent.ros.ros_topics import full_node_name

EVENT = 'somebody_else_commands'
UNNAMED = 'a node'  # discovery finds topics before the names of their nodes
FORGOTTEN_S = 25.0  # discovery keeps a killed process for up to 20 s


def other_publishers(node: Node, topic: str, *, own: int = 0) -> list[str]:
    """Return the full names of other nodes that publish on a topic, one for each publisher.

    Args:
        node: node that searches.
        topic: name of the topic, relative to the node.
        own: number of publishers of the node itself to leave out.
    """
    found = Counter(
        full_node_name(info) or UNNAMED
        for info in node.get_publishers_info_by_topic(node.resolve_topic_name(topic))
    )
    found -= Counter({node.get_fully_qualified_name(): own})
    return sorted(found.elements())


class OtherPublishers:
    """Reports other nodes that command the robot of an agent."""

    def __init__(
        self,
        node: Node,
        topics: Sequence[str],
        events: EventLog,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Watch the command topics, on which `node` publishes, too.

        Args:
            node: node of the agent.
            topics: command topics.
            events: takes the reports.
            clock: returns seconds.
        """
        self._node, self._topics, self._events, self._clock = node, topics, events, clock
        self._alone_s = clock()

    def check(self) -> None:
        """Report others that stay longer than discovery keeps a killed process."""
        found = {
            self._node.resolve_topic_name(topic): others
            for topic in self._topics
            if (others := other_publishers(self._node, topic, own=1))
        }
        now_s = self._clock()
        if not found:
            self._alone_s = now_s
            self._events.end(EVENT)
        elif now_s - self._alone_s > FORGOTTEN_S:
            also = ', '.join(
                f'{topic} is also published by {" and ".join(names)}'
                for topic, names in found.items()
            )
            self._events.begin(
                EVENT,
                f'{also}, and the robot obeys all of them; remedy: end the other publishers or'
                ' give them another topic',
            )

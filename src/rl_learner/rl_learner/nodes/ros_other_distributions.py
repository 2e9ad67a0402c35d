# Copyright 2026 The rl_learner authors
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

"""Robots on a ROS 2 distribution that does not communicate with this one reliably.

From Iron on, each endpoint announces the hash of its message type; Humble's announce none. Between
the two, ROS 2 promises nothing (ros2/ros2_documentation#5640): Zenoh drops messages silently
(ros2/rmw_zenoh#569), and nodes of Humble have run out of memory (ros2/rmw_fastrtps#797).
"""

from collections.abc import Iterable
from typing import Any

from rclpy.node import Node
from rl_agent.ros.ros_topics import full_node_name

_FIRST_VERSION = 1  # of type hashes; less: none was announced


class OtherDistributions:
    """Warns once of each node that publishes on a topic without a type hash."""

    def __init__(self, node: Node, topic: str) -> None:
        """Watch a topic.

        Args:
            node: looks at the topic and logs.
            topic: its full name.
        """
        self._node, self._topic = node, topic
        self._named: set[str] = set()

    def check(self) -> None:
        """Warn of the nodes that have come since the last call."""
        publishers = self._node.get_publishers_info_by_topic(self._topic)
        found = without_type_hash(publishers) - self._named
        self._named |= found
        if found:
            self._node.get_logger().warning(
                f'{self._topic}: {", ".join(sorted(found))} has no type hash, as on ROS 2 Humble:'
                ' ROS 2 does not support communication between Humble and later distributions.'
                ' What is known to work: robots and learner machine on the same distribution, see'
                ' docs/install.md'
            )


def without_type_hash(endpoints: Iterable[Any]) -> set[str]:
    """Return the full names of nodes whose endpoints announce no type hash.

    Humble itself knows of no hashes: there, none is found.
    """
    return {
        full_node_name(endpoint)
        for endpoint in endpoints
        if hasattr(endpoint, 'topic_type_hash')
        and endpoint.topic_type_hash.version < _FIRST_VERSION
        and full_node_name(endpoint)
    }

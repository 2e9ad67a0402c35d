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

"""Who is at the other end of a topic, as the ROS graph lists it."""

from collections.abc import Collection, Iterable
from typing import Any

from rclpy.node import Node
from rl_agent.robot_check.check_report import Endpoint, Quality
from rl_agent.ros.ros_message_buffer import GID_BYTES
from rl_agent.ros.ros_topics import full_node_name

_UNNAMED = 'a node without a known name'


def publishers(node: Node, topic: str, only: Collection[bytes] = ()) -> tuple[Endpoint, ...]:
    """Return the publishers of a topic, by name.

    Args:
        node: searches the ROS graph.
        topic: full name.
        only: ids of publishers, `GID_BYTES` each; if none is given, all publishers count.
    """
    listed = node.get_publishers_info_by_topic(topic)
    chosen = [item for item in listed if bytes(item.endpoint_gid[:GID_BYTES]) in only]
    return _endpoints(chosen or listed)


def subscribers(node: Node, topic: str) -> tuple[Endpoint, ...]:
    """Return the subscribers of a topic, by name."""
    return _endpoints(node.get_subscriptions_info_by_topic(topic))


def quality(profile: Any) -> Quality:
    """Return the quality of service of a profile in words."""
    names = (profile.reliability.name, profile.durability.name)
    return Quality(*(name.lower().replace('_', ' ') for name in names))


def _endpoints(listed: Iterable[Any]) -> tuple[Endpoint, ...]:
    """Return endpoints of the graph, in the order of their names."""
    found = [
        Endpoint(full_node_name(item) or _UNNAMED, item.topic_type, quality(item.qos_profile))
        for item in listed
    ]
    return tuple(sorted(found, key=lambda item: item.node))

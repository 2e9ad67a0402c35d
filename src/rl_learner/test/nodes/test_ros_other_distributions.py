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

"""Robots of another ROS 2 distribution are named."""

from types import SimpleNamespace
from typing import Any

import pytest
import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rclpy.utilities import try_shutdown
from rl_learner.nodes.ros_other_distributions import without_type_hash
from rl_learner.system.domain import claim_domain, local_environment
from std_msgs.msg import Empty


def endpoint(name: str, **fields: Any) -> SimpleNamespace:
    return SimpleNamespace(node_name=name, node_namespace='/robot_1', **fields)


def test_only_a_node_that_announces_no_hash_is_named() -> None:
    """Humble announces none; version 1 is RIHS01; 0 and -1 mean that there is none."""
    endpoints = [
        endpoint('jazzy', topic_type_hash=SimpleNamespace(version=1)),
        endpoint('humble', topic_type_hash=SimpleNamespace(version=0)),
        endpoint('unset', topic_type_hash=SimpleNamespace(version=-1)),
        endpoint('_NODE_NAME_UNKNOWN_', topic_type_hash=SimpleNamespace(version=0)),
    ]
    assert without_type_hash(endpoints) == {'/robot_1/humble', '/robot_1/unset'}


def test_humble_itself_finds_none() -> None:
    """Its rclpy describes endpoints without a hash."""
    assert without_type_hash([endpoint('anything')]) == set()


def test_a_node_of_this_distribution_announces_a_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    with claim_domain() as domain:
        for name, value in local_environment(domain).items():
            monkeypatch.setenv(name, value)
        context = Context()
        rclpy.init(context=context)
        node = Node('same', context=context)
        node.create_publisher(Empty, '/hashed', 1)
        found = node.get_publishers_info_by_topic('/hashed')
        assert len(found) == 1
        assert without_type_hash(found) == set()
        node.destroy_node()
        try_shutdown(context=context)

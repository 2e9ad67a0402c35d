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

"""Warnings about incompatible quality of service, with the other nodes and the remedy.

DDS does not connect incompatible publishers and subscriptions, and does not report it.
"""

from collections.abc import Callable
from typing import Any

from rclpy.duration import Infinite
from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    qos_check_compatible,
    qos_policy_name_from_kind,
    QoSCompatibility,
    QoSProfile,
    ReliabilityPolicy,
)
from rl_agent.ros.ros_topics import full_node_name, steady_clock

try:
    from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
except ImportError:  # ROS 2 Humble
    from rclpy.qos_event import PublisherEventCallbacks, SubscriptionEventCallbacks

_NAMES_DELAY_S = 1.0
# QoS policy: what a publisher has to offer at least, what a subscription may request at most
_REMEDIES = {
    'RELIABILITY': ('reliability reliable', 'reliability best_effort'),
    'DURABILITY': ('durability transient_local', 'durability volatile'),
}


def subscription_events(node: Node, topic: str, qos: QoSProfile | int) -> Any:
    """Return callbacks that log publishers incompatible with this node's subscription.

    A subscription that requests nothing is compatible with every publisher and gets no callback:
    its events would wake the executor a second time for each message.
    """
    profile = _profile(qos)
    if (profile.reliability, profile.durability) == (
        ReliabilityPolicy.BEST_EFFORT,
        DurabilityPolicy.VOLATILE,
    ):
        return SubscriptionEventCallbacks(use_default_callbacks=False)

    def warn(event: Any) -> None:
        full = node.resolve_topic_name(topic)
        others = [
            info
            for info in node.get_publishers_info_by_topic(full)
            if incompatibility(info.qos_profile, profile)
        ]
        offer, _ = _remedy(event)
        node.get_logger().warning(
            f'{full}: incompatible quality of service ({_policy_name(event)}): this node receives'
            f' nothing from {_names(others)}; remedy: publish with {offer}'
        )

    return SubscriptionEventCallbacks(
        incompatible_qos=lambda event: _call_later(node, warn, event)
    )


def publisher_events(node: Node, topic: str, qos: QoSProfile | int) -> Any:
    """Return callbacks that log subscriptions incompatible with this node's publisher."""

    def warn(event: Any) -> None:
        full = node.resolve_topic_name(topic)
        others = [
            info
            for info in node.get_subscriptions_info_by_topic(full)
            if incompatibility(_profile(qos), info.qos_profile)
        ]
        _, ask = _remedy(event)
        node.get_logger().warning(
            f'{full}: incompatible quality of service ({_policy_name(event)}): {_names(others)}'
            f' receives nothing from this node; remedy: subscribe with {ask}'
        )

    return PublisherEventCallbacks(incompatible_qos=lambda event: _call_later(node, warn, event))


def incompatibility(offered: QoSProfile, wanted: QoSProfile) -> str:
    """Return why a publisher and a subscription are incompatible; empty: they are compatible."""
    compatibility, reason = qos_check_compatible(_explicit(offered), _explicit(wanted))
    if compatibility != QoSCompatibility.ERROR:
        return ''
    return str(reason).replace('ERROR: ', '').rstrip(';').lower()


def unfit_publishers(node: Node, topic: str, wanted: QoSProfile) -> str:
    """Return why the publishers of a topic are incompatible; empty: one is not, or none is there.

    Args:
        node: searches the ROS graph.
        topic: full name.
        wanted: quality of service that is requested.
    """
    reasons = [
        incompatibility(info.qos_profile, wanted)
        for info in node.get_publishers_info_by_topic(topic)
    ]
    if not reasons or '' in reasons:
        return ''
    return (
        f'quality of service: given {"; ".join(sorted(set(reasons)))}; accepted: a publisher'
        f' compatible with {qualities(wanted)}'
    )


def _explicit(qos: QoSProfile) -> QoSProfile:
    """Return a profile whose times are infinite where none is given.

    The graph lists them so, and rclpy takes an infinite time for one that the other end lacks.
    """
    deadline, lease = qos.deadline, qos.liveliness_lease_duration
    return QoSProfile(
        depth=1,
        reliability=qos.reliability,
        durability=qos.durability,
        liveliness=qos.liveliness,
        deadline=deadline if deadline.nanoseconds else Infinite,
        liveliness_lease_duration=lease if lease.nanoseconds else Infinite,
    )


def qualities(qos: QoSProfile) -> str:
    """Return reliability and durability in words, such as `reliable, volatile`."""
    names = (qos.reliability.name, qos.durability.name)
    return ', '.join(name.lower().replace('_', ' ') for name in names)


def expected_mismatch() -> Any:
    """Return callbacks for a subscription that is meant to miss some publishers."""
    return SubscriptionEventCallbacks(use_default_callbacks=False)


def _call_later(node: Node, warn: Callable[[Any], None], event: Any) -> None:
    """Warn once the names of the other nodes are known, which arrive after their topics."""

    def once() -> None:
        node.destroy_timer(timer)
        warn(event)

    timer = node.create_timer(_NAMES_DELAY_S, once, clock=steady_clock())


def _profile(qos: QoSProfile | int) -> QoSProfile:
    """Return the profile; a plain depth stands for the default profile."""
    return qos if isinstance(qos, QoSProfile) else QoSProfile(depth=qos)


def _policy_name(event: Any) -> str:
    """Return the name of the incompatible policy."""
    name = str(qos_policy_name_from_kind(event.last_policy_kind))
    return name.partition('_QOS')[0].lower()


def _remedy(event: Any) -> tuple[str, str]:
    """Return what to offer and what to request."""
    name = _policy_name(event)
    default = (f'the {name} of the subscription', f'the {name} of the publisher')
    return _REMEDIES.get(name.upper(), default)


def _names(others: list[Any]) -> str:
    """Return the names of the nodes at the other end."""
    names = {full_node_name(info) for info in others} - {''}
    return ', '.join(sorted(names)) or 'another node'

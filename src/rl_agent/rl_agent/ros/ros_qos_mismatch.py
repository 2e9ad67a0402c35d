# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Two ends of a topic whose qualities of service do not fit: who, why, and what helps.

DDS connects such ends not at all, and says nothing of it.
"""

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    qos_check_compatible,
    qos_policy_name_from_kind,
    QoSCompatibility,
    QoSProfile,
    ReliabilityPolicy,
)
from rl_agent.ros.ros_topics import node_of, steady_clock

try:
    from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
except ImportError:  # ROS 2 Humble
    from rclpy.qos_event import PublisherEventCallbacks, SubscriptionEventCallbacks

_NAMES_ARRIVE_S = 1.0
# What the publishing end has to offer at least, and what the subscribing end may ask for at most.
_REMEDIES = {
    'RELIABILITY': ('reliability reliable', 'reliability best_effort'),
    'DURABILITY': ('durability transient_local', 'durability volatile'),
}


def subscription_events(node: Node, topic: str, qos: QoSProfile | int) -> Any:
    """Return callbacks that log a publisher which this node's subscription cannot hear.

    A subscription that asks for nothing gets none: it hears every publisher, and an executor that
    waits for its events would be woken by each of its messages once more.
    """
    profile = _profile(qos)
    if (profile.reliability, profile.durability) == (
        ReliabilityPolicy.BEST_EFFORT,
        DurabilityPolicy.VOLATILE,
    ):
        return SubscriptionEventCallbacks(use_default_callbacks=False)

    def say(event: Any) -> None:
        full = node.resolve_topic_name(topic)
        others = [
            info
            for info in node.get_publishers_info_by_topic(full)
            if not _fit(info.qos_profile, profile)
        ]
        offer, _ = _remedy(event)
        node.get_logger().warning(
            f'{full}: quality of service does not fit ({_kind(event)}): nothing that'
            f' {_names(others)} publishes there arrives here; remedy: publish it with {offer}'
        )

    return SubscriptionEventCallbacks(incompatible_qos=lambda event: _later(node, say, event))


def publisher_events(node: Node, topic: str, qos: QoSProfile | int) -> Any:
    """Return callbacks that log a subscriber which this node's publisher cannot serve."""

    def say(event: Any) -> None:
        full = node.resolve_topic_name(topic)
        others = [
            info
            for info in node.get_subscriptions_info_by_topic(full)
            if not _fit(_profile(qos), info.qos_profile)
        ]
        _, ask = _remedy(event)
        node.get_logger().warning(
            f'{full}: quality of service does not fit ({_kind(event)}): {_names(others)} hears'
            f' nothing of what this node publishes there; remedy: subscribe with {ask}'
        )

    return PublisherEventCallbacks(incompatible_qos=lambda event: _later(node, say, event))


def expected_mismatch() -> Any:
    """Return callbacks for a subscription that knowingly misses some publishers."""
    return SubscriptionEventCallbacks(use_default_callbacks=False)


def _later(node: Node, say: Callable[[Any], None], event: Any) -> None:
    """Say it once the names of the other nodes have arrived, which come after their topics."""

    def once() -> None:
        node.destroy_timer(timer)
        say(event)

    timer = node.create_timer(_NAMES_ARRIVE_S, once, clock=steady_clock())


def _profile(qos: QoSProfile | int) -> QoSProfile:
    """Return the profile that a depth alone stands for."""
    return qos if isinstance(qos, QoSProfile) else QoSProfile(depth=qos)


def _fit(offered: QoSProfile, wanted: QoSProfile) -> bool:
    """Return whether a subscription hears a publisher."""
    return bool(qos_check_compatible(offered, wanted)[0] != QoSCompatibility.ERROR)


def _kind(event: Any) -> str:
    """Return the policy that does not fit, by name."""
    name = str(qos_policy_name_from_kind(event.last_policy_kind))
    return name.partition('_QOS')[0].lower()


def _remedy(event: Any) -> tuple[str, str]:
    """Return what to offer, and what to ask for."""
    kind = _kind(event)
    default = (f'the {kind} of the subscriber', f'the {kind} of the publisher')
    return _REMEDIES.get(kind.upper(), default)


def _names(others: list[Any]) -> str:
    """Return the nodes at the other end."""
    names = {node_of(info) for info in others} - {''}
    return ', '.join(sorted(names)) or 'another node'

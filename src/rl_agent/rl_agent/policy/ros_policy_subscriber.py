# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Policies from the learner machine into the store, which checks them."""

import contextlib

from rclpy.node import Node
from rclpy.serialization import deserialize_message
from rl_agent.errors import PolicyError
from rl_agent.policy.policy_store import PolicyStore
from rl_agent.policy.ros_policy_message import message_to_policy
from rl_agent.ros.ros_polling import PolledGroup, take_newest
from rl_agent.ros.ros_topics import POLICY, POLICY_QOS
from rl_msgs.msg import Policy as PolicyMessage


class PolicySubscriber:
    """Offers what comes to the store, which names what is wrong with it."""

    def __init__(self, node: Node, store: PolicyStore, *, polled: bool = False) -> None:
        """Subscribe.

        Args:
            node: whose executor brings policies.
            store: takes the good ones.
            polled: policies come by `poll` alone.
        """
        self._node, self._store = node, store
        self._subscription = node.create_subscription(
            PolicyMessage,
            POLICY,
            self._offer,
            POLICY_QOS,
            callback_group=PolledGroup() if polled else None,
        )

    def poll(self) -> None:
        """Take the newest policy, if one has come."""
        taken = take_newest(self._subscription)
        if taken is not None:
            self._offer(deserialize_message(taken[0], PolicyMessage))

    def close(self) -> None:
        """Unsubscribe."""
        self._node.destroy_subscription(self._subscription)

    def _offer(self, message: PolicyMessage) -> None:
        """Offer a policy to the store."""
        try:
            parameters = message_to_policy(message)
        except PolicyError as error:
            self._store.refuse('architecture', message.learner_session, error)
            return
        with contextlib.suppress(PolicyError):
            self._store.offer(parameters)

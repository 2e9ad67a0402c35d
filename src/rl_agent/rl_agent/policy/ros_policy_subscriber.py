# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Passes policies from the learner machine to the store, which checks them."""

import contextlib

from rclpy.node import Node
from rclpy.serialization import deserialize_message
from rl_agent.errors import PolicyError
from rl_agent.policy.policy_store import PolicyStore
from rl_agent.policy.ros_policy_message import message_to_policy
from rl_agent.ros.ros_polling import PolledGroup, take_newest
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
from rl_agent.ros.ros_topics import POLICY, POLICY_QOS
from rl_msgs.msg import Policy as PolicyMessage


class PolicySubscriber:
    """Offers each policy that arrives to the store, which reports bad ones."""

    def __init__(self, node: Node, store: PolicyStore, *, polled: bool = False) -> None:
        """Subscribe.

        Args:
            node: its executor handles policies.
            store: checks and keeps policies.
            polled: only `poll` takes policies.
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
        """Offer the newest policy, if one has arrived."""
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

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Passes policies from the learner machine to the store, which checks them."""

import contextlib

from rclpy.node import Node
from rclpy.serialization import deserialize_message
from rl_agent.errors import PolicyError
from rl_agent.policy.policy_authority import PolicyAuthority
from rl_agent.policy.policy_store import PolicyStore
from rl_agent.policy.ros_policy_message import message_to_policy
from rl_agent.ros.ros_polling import PolledGroup, take_newest
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
from rl_agent.ros.ros_topics import POLICY, POLICY_QOS
from rl_msgs.msg import Policy as PolicyMessage

_MISSING_FIELDS = bytes(32)  # a policy of before has no `run`, `signed_ns` and `signature`


class PolicySubscriber:
    """Offers each policy that arrives to the store, which reports bad ones."""

    def __init__(
        self,
        node: Node,
        store: PolicyStore,
        authority: PolicyAuthority | None = None,
        *,
        polled: bool = False,
    ) -> None:
        """Subscribe.

        Args:
            node: its executor handles policies.
            store: checks and keeps policies.
            authority: says whose policies are obeyed; None: those of any sender.
            polled: only `poll` takes policies.
        """
        self._node, self._store, self._authority = node, store, authority
        self._subscription = node.create_subscription(
            PolicyMessage,
            POLICY,
            self._offer,
            POLICY_QOS,
            raw=True,  # a signature covers the bytes
            callback_group=PolledGroup() if polled else None,
        )

    def poll(self) -> None:
        """Offer the newest policy, if one has arrived."""
        taken = take_newest(self._subscription)
        if taken is not None:
            self._offer(taken[0])

    def close(self) -> None:
        """Unsubscribe."""
        self._node.destroy_subscription(self._subscription)

    def _offer(self, data: bytes) -> None:
        """Offer a serialised policy to the store."""
        message = self._open(data)
        if message is None:
            return
        try:
            parameters = message_to_policy(message)
        except PolicyError as error:
            self._store.refuse('architecture', message.learner_session, error)
            return
        with contextlib.suppress(PolicyError):
            self._store.offer(parameters)
            if self._authority is not None:
                self._authority.remember(message)

    def _open(self, data: bytes) -> PolicyMessage | None:
        """Return the message in serialised bytes, once its sender is known; None: refused."""
        kind, authority = 'signature', self._authority
        try:
            if authority is not None:
                authority.check_signature(data)
            kind = 'message'
            message = _deserialized(data)
            if authority is not None:
                if authority.is_repeated(message):
                    return None
                kind = 'stale'
                authority.check_age(message)
                kind = 'replayed'
                authority.check_order(message)
        except PolicyError as error:
            self._store.refuse(kind, '', error)  # the session in it is only what somebody says
            return None
        return message


def _deserialized(data: bytes) -> PolicyMessage:
    """Return the message in serialised bytes.

    Raises:
        PolicyError: it is none.
    """
    try:
        return deserialize_message(data + _MISSING_FIELDS, PolicyMessage)
    except Exception as error:  # of a middleware's own kind
        raise PolicyError(
            f'policy of {len(data)} bytes: cannot be read: {error}; accepted: rl_msgs/msg/Policy'
        ) from error

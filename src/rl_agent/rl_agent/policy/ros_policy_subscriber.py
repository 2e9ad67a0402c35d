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

"""Passes policies from the learner machine to the store, which checks them."""

import contextlib

from rclpy.node import Node
from rl_agent.errors import PolicyError, RlError
from rl_agent.policy.policy_authority import PolicyAuthority
from rl_agent.policy.policy_store import policy_error, PolicyStore
from rl_agent.policy.ros_policy_message import (
    check_message_size,
    message_to_policy,
    message_type,
    PolicyFields,
    read_message,
)
from rl_agent.ros.ros_message_buffer import take_messages
from rl_agent.ros.ros_polling import PolledGroup
from rl_agent.ros.ros_topics import POLICY, POLICY_QOS


class PolicySubscriber:
    """Offers each policy that arrives to the store, which reports bad ones."""

    def __init__(
        self,
        node: Node,
        store: PolicyStore,
        authority: PolicyAuthority | None = None,
        *,
        sees_images: bool = False,
        polled: bool = False,
    ) -> None:
        """Subscribe.

        Args:
            node: its executor handles policies.
            store: checks and keeps policies.
            authority: says whose policies are obeyed; None: those of any sender.
            sees_images: whether the robot does: then policies have an encoder.
            polled: only `poll` takes policies.
        """
        self._node, self._store, self._authority = node, store, authority
        self._sees_images = sees_images
        self._subscription = node.create_subscription(
            message_type(sees_images=sees_images),
            POLICY,
            self._offer,
            POLICY_QOS,
            raw=True,  # a signature covers the bytes
            callback_group=PolledGroup() if polled else None,
        )

    def poll(self) -> None:
        """Offer the newest policy, if one has arrived; call it on another thread than control."""
        self._store.free_retired()
        newest = None
        try:
            for taken in take_messages(self._subscription):
                newest = taken.buffer
        except RlError as error:
            self._store.refuse('message', '', PolicyError(str(error)), self._name_senders)
        if newest is not None:
            self._offer(newest)

    def close(self) -> None:
        """Unsubscribe."""
        self._node.destroy_subscription(self._subscription)

    def _offer(self, data: bytes | memoryview) -> None:
        """Offer a serialised policy to the store; nothing that anyone sends raises an error."""
        message = self._open(data)
        if message is None:
            return
        try:
            parameters = message_to_policy(message)
        except Exception as error:
            refusal = policy_error(error, f'policy {message.version}')
            session = message.learner_session
            self._store.refuse('architecture', session, refusal, self._name_senders)
            return
        with contextlib.suppress(PolicyError):
            self._store.offer(parameters, self._name_senders)
            if self._authority is not None:
                self._authority.remember(message)

    def _open(self, data: bytes | memoryview) -> PolicyFields | None:
        """Return the message in serialised bytes, once its sender is known; None: refused."""
        kind, authority = 'message', self._authority
        try:
            check_message_size(data)
            if authority is not None:
                kind = 'signature'
                authority.check_signature(data)
            kind = 'message'
            message = read_message(data, sees_images=self._sees_images)
            if authority is not None:
                if authority.is_repeated(message):
                    return None
                kind = 'stale'
                authority.check_age(message)
                kind = 'replayed'
                authority.check_order(message)
        except Exception as error:
            refusal = policy_error(error, f'message of {len(data)} bytes')
            # the session in it is only what somebody says
            self._store.refuse(kind, '', refusal, self._name_senders)
            return None
        return message

    def _name_senders(self) -> str:
        """Return the nodes that publish policies, for a report; empty: unknown."""
        try:
            found = self._node.get_publishers_info_by_topic(self._subscription.topic_name)
        except Exception:  # the node is being destroyed, or a name is damaged
            return ''
        names = sorted({f'{item.node_namespace.rstrip("/")}/{item.node_name}' for item in found})
        return f'; publishers: {", ".join(names)}' if names else ''

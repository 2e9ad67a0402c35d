# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Subscriptions whose messages are taken by hand, not by an executor.

An executor looks through everything it serves for each message that comes, a millisecond of
Python, at a time that suits nobody. A thread that takes what has come, when it has time, needs a
few microseconds for each message.
"""

from collections.abc import Iterator
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.subscription import Subscription

Taken = tuple[bytes, dict[str, int]]  # a message as it travelled, and what is known of the way


class PolledGroup(MutuallyExclusiveCallbackGroup):
    """Keeps an executor from waiting for messages."""

    def can_execute(self, entity: Any) -> bool:
        """Return that no executor may serve this, see rclpy."""
        return False


def take_all(subscription: Subscription) -> Iterator[Taken]:
    """Yield what has come since the last call, the oldest message first."""
    handle = subscription.handle
    with handle:
        while (taken := handle.take_message(subscription.msg_type, True)) is not None:
            yield taken


def take_newest(subscription: Subscription) -> Taken | None:
    """Return the newest message that has come since the last call; the others are dropped."""
    newest = None
    for taken in take_all(subscription):
        newest = taken
    return newest

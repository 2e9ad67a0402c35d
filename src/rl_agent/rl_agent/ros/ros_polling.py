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

"""Subscriptions that are polled and not served by an executor.

For each message an executor goes through everything it serves: a millisecond of Python at an
arbitrary time. A thread that takes messages when it has time needs a few microseconds each.
"""

from collections.abc import Iterator
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.subscription import Subscription

Taken = tuple[bytes, dict[str, int]]  # serialised message and its metadata


class PolledGroup(MutuallyExclusiveCallbackGroup):
    """Callback group that no executor serves."""

    def can_execute(self, entity: Any) -> bool:
        """Return False, so that no executor serves this, see rclpy."""
        return False


def take_all(subscription: Subscription) -> Iterator[Taken]:
    """Yield the messages since the last call, oldest first."""
    handle = subscription.handle
    with handle:
        while (taken := handle.take_message(subscription.msg_type, True)) is not None:
            yield taken


def take_newest(subscription: Subscription) -> Taken | None:
    """Return the newest message since the last call, or None; drop the others."""
    newest = None
    for taken in take_all(subscription):
        newest = taken
    return newest

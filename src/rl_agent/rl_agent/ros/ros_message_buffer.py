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

"""Takes serialised messages from rcl: with their publisher, and without the interpreter lock.

`Subscription.take_message` of rclpy copies a message twice under the lock (ros2/rclpy#1025). For
100 MB that takes tens of milliseconds, and the control thread waits. Functions called through
ctypes release the lock. And rclpy does not say who published a message.
"""

from collections.abc import Callable, Iterator, Sequence
import contextlib
import ctypes
from functools import cache, lru_cache
from typing import Any, NamedTuple
import weakref

from rclpy.exceptions import InvalidHandle
from rclpy.node import Node
from rclpy.subscription import Subscription
from rclpy.waitable import NumberOfEntities, Waitable
from rl_agent.errors import RlError
from rl_agent.ros.ros_polling import PolledGroup
from rl_agent.ros.ros_qos_mismatch import expected_mismatch

GID_BYTES = 16  # of a publisher; Humble has 24, the last of them 0
_OK = 0
_UNNUMBERED = 2**64 - 1  # RMW_MESSAGE_INFO_SEQUENCE_NUMBER_UNSUPPORTED
_NOTHING_TO_TAKE = 401  # RCL_RET_SUBSCRIPTION_TAKE_FAILED


class _Allocator(ctypes.Structure):
    """`rcutils_allocator_t`."""

    _fields_ = tuple(
        (name, ctypes.c_void_p)
        for name in ('allocate', 'deallocate', 'reallocate', 'zero_allocate', 'state')
    )


class _Buffer(ctypes.Structure):
    """`rcl_serialized_message_t`."""

    _fields_ = (
        ('bytes', ctypes.c_void_p),
        ('length', ctypes.c_size_t),
        ('capacity', ctypes.c_size_t),
        ('allocator', _Allocator),
    )


class _MessageInfo(ctypes.Structure):
    """`rmw_message_info_t` up to the publisher, with space for what follows."""

    _fields_ = (
        ('source_timestamp', ctypes.c_int64),
        ('received_timestamp', ctypes.c_int64),
        ('publication_sequence_number', ctypes.c_uint64),
        ('reception_sequence_number', ctypes.c_uint64),
        ('implementation', ctypes.c_char_p),
        ('publisher_gid', ctypes.c_uint8 * GID_BYTES),
        ('rest', ctypes.c_uint8 * 64),
    )


class TakenMessage(NamedTuple):
    """A serialised message.

    Attributes:
        buffer: its bytes, freed with the last view of them.
        publisher: its publisher's id, `GID_BYTES` bytes, as in `endpoint_gid` of rclpy.
        number: of this message among those of its publisher; 0: the middleware does not number.
        received_ns: when the middleware received it, on the system's clock.
    """

    buffer: memoryview
    publisher: bytes
    number: int
    received_ns: int


def take_messages(subscription: Subscription) -> Iterator[TakenMessage]:
    """Yield the serialised messages since the last call, oldest first.

    A buffer is freed without the interpreter lock, too.

    Raises:
        RlError: the middleware cannot hand a message over.
    """
    handle = subscription.handle
    with handle:
        while (taken := _take(handle.pointer)) is not None:
            yield taken


class AttributedSubscriptions(Waitable):
    """Subscriptions whose messages come with their publisher; the node's executor serves them."""

    def __init__(
        self,
        node: Node,
        message_type: type[Any],
        topic: str,
        profiles: Sequence[Any],
        on_message: Callable[[TakenMessage], None],
    ) -> None:
        """Subscribe.

        Args:
            node: of the subscriptions.
            message_type: of the topic.
            topic: name of the topic.
            profiles: quality of service of each subscription; a message may reach several.
            on_message: receives each message, on the executor's thread.
        """
        super().__init__(node.default_callback_group)
        self._node, self._on_message = node, on_message
        self._subscriptions = [
            node.create_subscription(
                message_type,
                topic,
                lambda message: None,
                profile,
                raw=True,
                callback_group=PolledGroup(),  # only this waitable takes messages
                event_callbacks=expected_mismatch(),  # another one matches the publisher
            )
            for profile in profiles
        ]
        self._in_use: list[Any] = []  # handles of the subscriptions in the wait set
        self._places: list[int] = []  # of these handles in the wait set
        self._exits = contextlib.ExitStack()
        node.add_waitable(self)

    def close(self) -> None:
        """Unsubscribe."""
        self._node.remove_waitable(self)
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    def __enter__(self) -> None:
        """Keep the subscriptions alive while the executor waits for them."""
        self._in_use = []
        for subscription in self._subscriptions:
            with contextlib.suppress(InvalidHandle):  # it is being destroyed
                self._exits.enter_context(subscription.handle)
                self._in_use.append(subscription.handle)

    def __exit__(self, *error: object) -> None:
        """Let go of the subscriptions."""
        self._exits.close()

    def get_num_entities(self) -> NumberOfEntities:
        """Return how many subscriptions the wait set needs, see rclpy."""
        return NumberOfEntities(num_subs=len(self._in_use))

    def add_to_wait_set(self, wait_set: Any) -> None:
        """Wait for messages, see rclpy."""
        self._places = [wait_set.add_subscription(handle) for handle in self._in_use]

    def is_ready(self, wait_set: Any) -> bool:
        """Return whether there are messages, see rclpy."""
        return any(wait_set.is_ready('subscription', place) for place in self._places)

    def take_data(self) -> list[TakenMessage]:
        """Return the messages that have arrived, see rclpy."""
        taken: list[TakenMessage] = []
        for subscription in self._subscriptions:
            with contextlib.suppress(InvalidHandle, RlError):
                taken += take_messages(subscription)
        return taken

    async def execute(self, taken: list[TakenMessage]) -> None:
        """Hand the messages on, see rclpy."""
        for message in taken:
            self._on_message(message)


def _take(subscription: int) -> TakenMessage | None:
    """Return the next message of a subscription, given as an address; None: there is none."""
    rcl, rcutils = _libraries()
    buffer = _Buffer(allocator=rcutils.rcutils_get_default_allocator())
    info = _MessageInfo()
    result = rcl.rcl_take_serialized_message(
        ctypes.c_void_p(subscription), ctypes.byref(buffer), ctypes.byref(info), None
    )
    if result != _OK or not buffer.bytes:
        rcutils.rcutils_uint8_array_fini(ctypes.byref(buffer))
        rcutils.rcutils_reset_error()
        if result == _NOTHING_TO_TAKE:
            return None
        raise RlError(f'message: given one that cannot be taken: rcl error {result}')
    content = _array_type(buffer.length).from_address(buffer.bytes)
    freed = weakref.finalize(content, rcutils.rcutils_uint8_array_fini, ctypes.byref(buffer))
    freed.atexit = False
    number = info.publication_sequence_number
    return TakenMessage(
        memoryview(content).cast('B').toreadonly(),
        bytes(info.publisher_gid),
        0 if number == _UNNUMBERED else number,
        info.received_timestamp,
    )


@cache
def _libraries() -> tuple[Any, Any]:
    """Return the libraries rcl and rcutils, which rclpy has loaded."""
    rcl, rcutils = ctypes.CDLL('librcl.so'), ctypes.CDLL('librcutils.so')
    rcutils.rcutils_get_default_allocator.restype = _Allocator
    return rcl, rcutils


@lru_cache(maxsize=4)
def _array_type(length: int) -> Any:
    """Return the type of an array of bytes; a new one each time would be cyclic garbage."""
    return ctypes.c_uint8 * length

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Takes serialised messages without holding Python's interpreter lock.

`Subscription.take_message` of rclpy copies a message twice under the lock (ros2/rclpy#1025). For
100 MB that takes tens of milliseconds, and the control thread waits. Functions called through
ctypes release the lock.
"""

from collections.abc import Iterator
import ctypes
from functools import cache, lru_cache
from typing import Any
import weakref

from rclpy.subscription import Subscription
from rl_agent.errors import PolicyError

_OK = 0
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


def take_buffers(subscription: Subscription) -> Iterator[memoryview]:
    """Yield the serialised messages since the last call, oldest first.

    A buffer is freed with the last view of it, also without the interpreter lock.

    Raises:
        PolicyError: the middleware cannot hand a message over.
    """
    handle = subscription.handle
    with handle:
        while (taken := _take(handle.pointer)) is not None:
            yield taken


def _take(subscription: int) -> memoryview | None:
    """Return the next message of a subscription, given as an address; None: there is none."""
    rcl, rcutils = _libraries()
    buffer = _Buffer(allocator=rcutils.rcutils_get_default_allocator())
    result = rcl.rcl_take_serialized_message(
        ctypes.c_void_p(subscription), ctypes.byref(buffer), None, None
    )
    if result != _OK or not buffer.bytes:
        rcutils.rcutils_uint8_array_fini(ctypes.byref(buffer))
        rcutils.rcutils_reset_error()
        if result == _NOTHING_TO_TAKE:
            return None
        raise PolicyError(f'message: given one that cannot be taken: rcl error {result}')
    content = _array_type(buffer.length).from_address(buffer.bytes)
    freed = weakref.finalize(content, rcutils.rcutils_uint8_array_fini, ctypes.byref(buffer))
    freed.atexit = False
    return memoryview(content).cast('B').toreadonly()


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

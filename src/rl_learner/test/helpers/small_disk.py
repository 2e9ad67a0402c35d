# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""A simulated full disk."""

from collections.abc import Iterator
import contextlib
import resource


@contextlib.contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Let files grow to `size` bytes and no further, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

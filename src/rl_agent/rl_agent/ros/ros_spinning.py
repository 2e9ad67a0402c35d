# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Serves callbacks on the thread that waits for their result."""

from collections.abc import Callable
import time

from rclpy.executors import Executor

_POLL_PERIOD_S = 0.05  # between two checks of the condition without a callback


def serve(executor: Executor, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
    """Serve callbacks until a condition holds or time is up; return whether it holds."""
    deadline_s = time.monotonic() + seconds
    while not (holds := until()) and time.monotonic() < deadline_s:
        executor.spin_once(timeout_sec=_POLL_PERIOD_S)
    return holds

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Serving a node's callbacks on the thread that waits for what they bring."""

from collections.abc import Callable
import time

from rclpy.executors import Executor

_LOOK_S = 0.05  # between two looks at the condition while nothing comes


def serve(executor: Executor, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
    """Serve callbacks for so long, or until a condition holds; return whether it does."""
    deadline_s = time.monotonic() + seconds
    while not (holds := until()) and time.monotonic() < deadline_s:
        executor.spin_once(timeout_sec=_LOOK_S)
    return holds

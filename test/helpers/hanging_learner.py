# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A learner whose training thread hangs after a while; its other threads go on."""

import threading
import time
from typing import Any

from rl_learner.nodes import learner_node  # first: it sets variables before torch is imported
from rl_learner.training.update import Update

_WORKS_FOR_S = 3.0  # long enough to publish the state `training`
_run = Update.run
_began_s: list[float] = []


def _run_then_hang(self: Update, rows: Any) -> None:
    """Do a block of updates; after a while, wait for ever."""
    _began_s.append(time.monotonic())
    _run(self, rows)
    if time.monotonic() - _began_s[0] > _WORKS_FOR_S:
        threading.Event().wait()


if __name__ == '__main__':
    Update.run = _run_then_hang  # type: ignore[method-assign]
    learner_node.main()

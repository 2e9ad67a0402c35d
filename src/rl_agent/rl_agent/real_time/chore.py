# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What has to be done again and again, at any time that does not delay a command."""

from collections.abc import Callable
from typing import NamedTuple


class Chore(NamedTuple):
    """Work of a few milliseconds at most, for another thread than the control thread.

    Attributes:
        work: does it.
        period_s: between two calls, about.
    """

    work: Callable[[], None]
    period_s: float

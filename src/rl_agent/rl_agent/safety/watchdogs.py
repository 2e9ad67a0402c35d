# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Watchdogs on the steady clock: something must be younger than it may at most be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import math

from rl_agent.description.safety import WatchdogDescription
from rl_agent.safety.safety_state import SafetyState, Stop

POLICY, COMMAND = 'policy_too_old', 'control_loop_stuck'


@dataclass(frozen=True)
class Watched:
    """Something whose age is watched.

    Attributes:
        cause: name of the stop when it is too old.
        what: in words.
        description: largest age and reaction.
        heard_s: returns when it was last good, on the steady clock; -inf: never.
        why: returns what is wrong with it, for people; may be empty.
    """

    cause: str
    what: str
    description: WatchdogDescription
    heard_s: Callable[[], float]
    why: Callable[[], str] = str

    def is_young(self, now_s: float) -> bool:
        """Return whether it is no older than it may be."""
        return now_s - self.heard_s() <= self.description.max_age_s

    def complaint(self, now_s: float) -> str | None:
        """Return what is wrong, None if it is young enough."""
        age_s = now_s - self.heard_s()
        if self.is_young(now_s):
            return None
        age = 'none yet' if age_s == math.inf else f'{age_s:.3g} s old'
        why = self.why()
        return f'{self.what}: {age}; accepted: at most {self.description.max_age_s:g} s' + (
            f' ({why})' if why else ''
        )


class Watchdogs:
    """Stops the robot when something is too old; ends that when it is there again."""

    def __init__(
        self, state: SafetyState, watched: Sequence[Watched], clock: Callable[[], float]
    ) -> None:
        """Watch these things."""
        self._state, self._watched, self._clock = state, watched, clock

    def update(self, *, moving: bool) -> None:
        """Look at all ages; begin stops only if the robot is moving."""
        now_s = self._clock()
        for item in self._watched:
            if item.is_young(now_s):
                self._state.end(item.cause)
            elif moving:
                self._stop(item, now_s)

    def _stop(self, item: Watched, now_s: float) -> None:
        """Stop the robot because of this."""
        self._state.begin(
            Stop(
                item.cause,
                item.complaint(now_s) or item.what,
                item.description,
                item.description.latch,
                lambda: item.complaint(self._clock()),
            )
        )

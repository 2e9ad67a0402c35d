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

"""Watchdogs on the steady clock: they stop the robot when an input is too old."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import math

from rl_agent.description.safety import WatchdogDescription
from rl_agent.safety.safety_state import SafetyState, Stop

POLICY_TOO_OLD, CONTROL_LOOP_STUCK = 'policy_too_old', 'control_loop_stuck'


@dataclass(frozen=True)
class WatchedInput:
    """An input whose age is watched.

    Attributes:
        cause: name of the stop when it is too old.
        label: its name for people.
        description: largest age and reaction.
        last_good_s: returns when it was last good, on the steady clock; -inf: never.
        fault: returns what is wrong with it, for people; may be empty.
    """

    cause: str
    label: str
    description: WatchdogDescription
    last_good_s: Callable[[], float]
    fault: Callable[[], str] = str

    def is_fresh(self, now_s: float) -> bool:
        """Return whether it is no older than its largest age."""
        return now_s - self.last_good_s() <= self.description.max_age_s

    def explain_stale(self, now_s: float) -> str | None:
        """Return how it is too old; None if it is fresh."""
        age_s = now_s - self.last_good_s()
        if self.is_fresh(now_s):
            return None
        age = 'none yet' if age_s == math.inf else f'{age_s:.3g} s old'
        fault = self.fault()
        return f'{self.label}: {age}; accepted: at most {self.description.max_age_s:g} s' + (
            f' ({fault})' if fault else ''
        )


class Watchdogs:
    """Stops the robot when an input is too old; ends the stop when it is fresh again."""

    def __init__(
        self, state: SafetyState, watched: Sequence[WatchedInput], clock: Callable[[], float]
    ) -> None:
        """Watch these inputs."""
        self._state, self._watched, self._clock = state, watched, clock

    def update(self, *, moving: bool) -> None:
        """Check all ages; begin stops only if the robot is moving."""
        now_s = self._clock()
        for item in self._watched:
            if item.is_fresh(now_s):
                self._state.end(item.cause)
            elif moving:
                self._stop(item, now_s)

    def _stop(self, item: WatchedInput, now_s: float) -> None:
        """Stop the robot because an input is too old."""
        self._state.begin(
            Stop(
                item.cause,
                item.explain_stale(now_s) or item.label,
                item.description,
                item.description.latch,
                lambda: item.explain_stale(self._clock()),
            )
        )

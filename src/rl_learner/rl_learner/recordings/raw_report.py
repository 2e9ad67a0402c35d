# Copyright 2026 The rl_learner authors
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

"""What a person should know about a recording, each with its place in it."""

from rl_learner.recordings.bag_messages import RecordedMessage
from rl_learner.recordings.recording_clock import ClockStep, place_of

_MOST_STEPS = 5  # of the clock that are named
_SECOND_NS = 1_000_000_000


class RawReport:
    """Notes pauses, steps of the clock, and messages of no use.

    Attributes:
        first_error: why the first message does not fit the description; empty: all fit.
    """

    def __init__(self, gap_ns: int) -> None:
        """Begin; `gap_ns`: a longer time without a command ends an episode."""
        self.first_error = ''
        self._gap_ns = gap_ns
        self._steps: list[ClockStep] = []
        self._unfit, self._first_unfit, self._first_left_out = 0, '', ''
        self._pauses, self._longest_ns, self._longest = 0, 0, ''
        self._command_ns: int | None = None

    def clock_step(self, step: ClockStep) -> None:
        """Note that the recorder's clock was set back."""
        self._steps.append(step)
        self._command_ns = None

    def command(self, message: RecordedMessage) -> None:
        """Note a command of the first topic."""
        before_ns, self._command_ns = self._command_ns, message.time_ns
        pause_ns = 0 if before_ns is None else message.time_ns - before_ns
        if pause_ns > self._gap_ns:
            self._pauses += 1
            if pause_ns > self._longest_ns:
                self._longest_ns = pause_ns
                self._longest = place_of(message.file, message.time_ns - pause_ns)

    def left_out_commands(self, message: RecordedMessage | None, count: int) -> None:
        """Note how many commands were left out until a message."""
        if count and message is not None and not self._first_left_out:
            self._first_left_out = place_of(message.file, message.time_ns)

    def unfit_message(self, message: RecordedMessage, error: str) -> None:
        """Note a message that does not fit the description."""
        self._unfit += 1
        if not self.first_error:
            self.first_error = error
            self._first_unfit = place_of(message.file, message.time_ns)

    def lines(self, left_out: int) -> list[str]:
        """Return what was noted, one text each; `left_out`: number of commands."""
        found = [
            f"{place_of(step.file, step.before_ns)} the recorder's clock was set back by"
            f' {(step.before_ns - step.after_ns) / _SECOND_NS:.3g} s: the episode ends there'
            for step in self._steps[:_MOST_STEPS]
        ]
        if len(self._steps) > _MOST_STEPS:
            found.append(f'the clock was set back {len(self._steps) - _MOST_STEPS} more times')
        if self._pauses:
            found.append(
                f'{self._pauses} {"pause" if self._pauses == 1 else "pauses"} of more than'
                f' {self._gap_ns / _SECOND_NS:.3g} s between commands: an episode ends at each;'
                f' the longest, {self._longest_ns / _SECOND_NS:.3g} s, from {self._longest}'
            )
        if left_out:
            place = f'; the first at {self._first_left_out}' if self._first_left_out else ''
            found.append(
                f'{left_out} commands left out, because sensor values were missing, too old or not'
                f' finite{place}'
            )
        if self._unfit:
            found.append(
                f'{self._unfit} messages do not fit the description; the first, at'
                f' {self._first_unfit}: {self.first_error}'
            )
        return found

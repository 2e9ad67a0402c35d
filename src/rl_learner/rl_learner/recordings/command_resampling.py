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

"""Steps at the control rate from commands that came at another one.

| what            | rule                                                                      |
|-----------------|---------------------------------------------------------------------------|
| first step      | at the first command, and at the first one after a pause                  |
| next steps      | each one control period later                                             |
| command of a step | the newest one at that time: it is held, as a robot holds it            |
| pause           | no new command for longer than the hold time: the steps end               |
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

from rl_agent.array_types import Float64Array
from rl_agent.transport.transition import Transition
from rl_learner.recordings.episode_rebuilder import EpisodeRebuilder

Command = TypeVar('Command')


class Resampler(Generic[Command]):
    """Holds commands until the next step at the control rate."""

    def __init__(self, period_ns: int, hold_ns: int) -> None:
        """Begin without commands.

        Args:
            period_ns: of control.
            hold_ns: how long a command is held without a new one.
        """
        self._period_ns, self._hold_ns = period_ns, hold_ns
        self._held: tuple[Command, int] | None = None  # with its time
        self._next_ns: int | None = None  # of the next step; None: at the next command

    def until(self, time_ns: int) -> Iterator[tuple[Command, int]]:
        """Yield the steps before a time, with their times."""
        while self._held is not None and self._next_ns is not None and self._next_ns < time_ns:
            command, since_ns = self._held
            if self._next_ns - since_ns > self._hold_ns:
                self._next_ns = None
                return
            yield command, self._next_ns
            self._next_ns += self._period_ns

    def command(self, command: Command, time_ns: int) -> Iterator[tuple[Command, int]]:
        """Take a command after `until` that time; yield the step that it begins, if it does."""
        self._held = (command, time_ns)
        if self._next_ns is None:
            yield command, time_ns
            self._next_ns = time_ns + self._period_ns

    def forget(self) -> None:
        """Forget the command: the clock was set back."""
        self._held, self._next_ns = None, None


class RecordedSteps:
    """Passes commands to a rebuilder as steps, resampled if they come at another rate."""

    def __init__(
        self, rebuilder: EpisodeRebuilder, resampler: Resampler[Float64Array] | None
    ) -> None:
        """Begin; `resampler` None: each command is a step."""
        self._rebuilder, self._resampler = rebuilder, resampler

    def until(self, time_ns: int) -> Iterator[Transition]:
        """Yield the transitions of steps before a time."""
        if self._resampler is not None:
            yield from self._steps(self._resampler.until(time_ns))

    def command(self, numbers: Float64Array, time_ns: int) -> Iterator[Transition]:
        """Take a command, after `until` its time; yield the transition that it completes."""
        if self._resampler is None:
            yield from self._rebuilder.command(numbers, time_ns)
        else:
            yield from self._steps(self._resampler.command(numbers, time_ns))

    def interrupt(self) -> Iterator[Transition]:
        """Yield the last transition before the clock was set back."""
        if self._resampler is not None:
            self._resampler.forget()
        yield from self._rebuilder.interrupt()

    def _steps(self, steps: Iterator[tuple[Float64Array, int]]) -> Iterator[Transition]:
        """Yield the transitions of steps."""
        for numbers, time_ns in steps:
            yield from self._rebuilder.command(numbers, time_ns)

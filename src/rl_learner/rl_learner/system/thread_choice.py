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

"""Chooses the number of threads with which updates are fastest, from the updates themselves.

Threads of a product wait for each other, so a thread that another program keeps from its processor
holds up the others. On a busy machine one thread is therefore faster than two, on a free one
slower; and on a large machine a small network is done before many threads have met.
"""

from collections.abc import Callable, Sequence
import logging
import statistics
import time

_LOGGER = logging.getLogger(__name__)
_ROUNDS = 3  # of all numbers in a trial, so that a change of load meets each of them
_BLOCKS = 6  # of updates with one number, in a round
_SKIPPED = 2  # of these, while caches fill and threads start
_CLEARLY = 0.95  # of the time of the present number, for another one to be better
_PAUSE = 30.0  # between trials, in durations of a trial


class ThreadChoice:
    """Tries numbers of threads and keeps the best; then now and then its neighbours.

    Attributes:
        number: the best so far.
    """

    def __init__(
        self,
        numbers: Sequence[int],
        use: Callable[[int], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with a trial of all numbers.

        Args:
            numbers: to choose from, ascending.
            use: lets updates use a number of threads; called on the training thread.
            clock: returns the time in s.
        """
        self._numbers, self._use, self._clock = numbers, use, clock
        self.number = numbers[0]
        self._resume_s = 0.0  # when the next trial begins
        self._begin(numbers)

    def took(self, seconds: float) -> None:
        """Note the time of an update; call it after each block on the training thread."""
        if not self._left:
            if self._clock() >= self._resume_s and len(self._numbers) > 1:
                place = self._numbers.index(self.number)
                self._begin(self._numbers[max(0, place - 1) : place + 2])
            return
        number, skipped = self._left.pop(0)
        if not skipped:
            self._times[number].append(seconds)
        if not self._left:
            self._decide()
        elif self._left[0][0] != number:
            self._use(self._left[0][0])

    def _begin(self, numbers: Sequence[int]) -> None:
        """Begin a trial."""
        self._began_s = self._clock()
        self._times: dict[int, list[float]] = {number: [] for number in numbers}
        self._left = [
            (number, block < _SKIPPED)
            for _ in range(_ROUNDS)
            for number in numbers
            for block in range(_BLOCKS)
        ]
        self._use(self._left[0][0])

    def _decide(self) -> None:
        """Keep the best number of the trial."""
        took = {number: statistics.median(times) for number, times in self._times.items()}
        best = min(took, key=took.__getitem__)
        if best != self.number and took[best] < _CLEARLY * took[self.number]:
            self.number = best
            others = ', '.join(
                f'{1000.0 * seconds:.1f} ms with {number}'
                for number, seconds in took.items()
                if number != best
            )
            _LOGGER.info(
                'an update takes %.1f ms with %d CPU threads, %s',
                1000.0 * took[best],
                best,
                others,
            )
        self._use(self.number)
        now = self._clock()
        self._resume_s = now + _PAUSE * (now - self._began_s)


def numbers_of_threads(limit: int) -> list[int]:
    """Return the numbers to choose from: powers of two, and the limit."""
    return sorted({*(1 << power for power in range(limit.bit_length())), limit})

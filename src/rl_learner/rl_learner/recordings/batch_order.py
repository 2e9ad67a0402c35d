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

"""Puts recorded batches into the order in which the replay bridge accepts them.

The bridge refuses a batch with a gap before it, because a robot sends the missing ones again. A
recording has no such second chance. It is therefore scanned first; then a batch waits only if the
missing ones come later in the recording.
"""

from collections.abc import Iterator, Mapping
import dataclasses
import heapq

from rl_learner.journal.batch_codec import TransitionBatch

SessionKey = tuple[str, str]  # robot, session
_WaitingBatch = tuple[int, int, TransitionBatch]  # first number, order of arrival, batch


class BatchOrder:
    """Orders batches: `announce` each one, `begin`, `push` each one again, then `finish`."""

    def __init__(self) -> None:
        """Begin without batches."""
        self._sessions: dict[SessionKey, _Session] = {}

    def announce(self, batch: TransitionBatch) -> None:
        """Register a batch that will be pushed."""
        if len(batch):
            key = (batch.sender.robot, batch.sender.session)
            session = self._sessions.setdefault(key, _Session())
            session.announce(batch.first_sequence, batch.last_sequence)

    def begin(self, stored: Mapping[SessionKey, int]) -> None:
        """Begin to order batches.

        Args:
            stored: highest sequence number in the journal, by robot and session.
        """
        for key, session in self._sessions.items():
            if key in stored:
                session.begin_after(stored[key])

    def push(self, batch: TransitionBatch) -> Iterator[TransitionBatch]:
        """Yield the batches that are next in order, as the bridge accepts them."""
        key = (batch.sender.robot, batch.sender.session)
        if len(batch) and key in self._sessions:
            yield from self._sessions[key].push(batch)

    def finish(self) -> Iterator[TransitionBatch]:
        """Yield the waiting batches; there are none unless the recordings have changed."""
        for session in self._sessions.values():
            yield from session.finish()


class _Session:
    """Orders the batches of one session of a robot."""

    def __init__(self) -> None:
        """Begin at the lowest announced number."""
        self._next: int | None = None
        self._announced: list[tuple[int, int]] = []
        self._waiting: list[_WaitingBatch] = []
        self._pushed = 0

    def announce(self, first: int, last: int) -> None:
        """Register the sequence numbers of a batch."""
        heapq.heappush(self._announced, (first, last))

    def begin_after(self, stored: int) -> None:
        """Begin after the highest stored number."""
        self._next = stored + 1

    def push(self, batch: TransitionBatch) -> Iterator[TransitionBatch]:
        """Yield the batches that are next in order."""
        self._pushed += 1  # orders batches with the same first number
        heapq.heappush(self._waiting, (batch.first_sequence, self._pushed, batch))
        while self._waiting and self._waiting[0][0] <= self._expected():
            yield self._release()

    def finish(self) -> Iterator[TransitionBatch]:
        """Yield the waiting batches."""
        while self._waiting:
            yield self._release()

    def _expected(self) -> int:
        """Return the lowest number that is still expected."""
        lowest = 0 if self._next is None else self._next
        while self._announced and self._announced[0][1] < lowest:
            heapq.heappop(self._announced)
        return max(lowest, self._announced[0][0]) if self._announced else lowest

    def _release(self) -> TransitionBatch:
        """Return the first waiting batch; numbers missing before it are declared lost."""
        _, _, batch = heapq.heappop(self._waiting)
        if self._next is None or batch.first_sequence > self._next:
            batch = dataclasses.replace(batch, oldest_sequence=batch.first_sequence)
        self._next = max(self._next or 0, batch.last_sequence + 1)
        return batch

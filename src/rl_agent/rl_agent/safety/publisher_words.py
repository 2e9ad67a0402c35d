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

"""What each publisher of the emergency stop says: nobody can take back another one's stop."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
import math
import time
from typing import NamedTuple

_MAX_WORDS = 64  # beyond this number those of publishers that have left are forgotten


class Publisher(NamedTuple):
    """A publisher of a topic, with its id."""

    topic: str
    gid: bytes


@dataclass(frozen=True)
class _Word:
    """What a publisher said last.

    Attributes:
        stop: whether it asks for a stop.
        number: of its message, see `PublisherWords.hear`.
        heard_s: when it arrived, on the steady clock.
        is_periodic: it has repeated its word within the time of a heartbeat, and so promised to
            go on.
    """

    stop: bool
    number: int
    heard_s: float
    is_periodic: bool


class PublisherWords:
    """The last word of each publisher. One thread calls `hear`, any thread the other methods.

    A stop is over when its publisher says so. That of a publisher which has left is over when
    another one of its topic says so afterwards.
    """

    def __init__(
        self, heartbeat_s: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin without a word.

        Args:
            heartbeat_s: longest silence of a publisher; None: any.
            clock: the steady clock, s.
        """
        self._heartbeat_s, self._clock = heartbeat_s, clock
        self._words: dict[Publisher, _Word] = {}  # replaced, never changed: others may read it

    def hear(
        self,
        publisher: Publisher,
        stop: bool,
        number: int,
        find_publishers: Callable[[], Collection[Publisher]],
    ) -> None:
        """Take the word of a publisher.

        Args:
            publisher: that says it.
            stop: whether it asks for a stop.
            number: of the message among those of its publisher, from 1; a message that is no newer
                than the last one is ignored. 0: unknown, and counts as newer.
            find_publishers: returns the publishers that the topic has now; seldom called.
        """
        words, now_s = dict(self._words), self._clock()
        before = words.get(publisher)
        if before is not None and 0 < number <= before.number:
            return
        is_periodic = before is not None and (
            before.is_periodic or now_s - before.heard_s <= (self._heartbeat_s or 0.0)
        )
        words[publisher] = _Word(stop, number, now_s, is_periodic)
        disputed = [item for item in (*self.asking, *self.silent) if item != publisher]
        if len(words) > _MAX_WORDS or (disputed and not stop):
            for other in self._left(publisher, find_publishers()):
                del words[other]
        self._words = words

    @property
    def asking(self) -> list[Publisher]:
        """The publishers whose stop is not over."""
        return [publisher for publisher, word in self._words.items() if word.stop]

    @property
    def silent(self) -> list[Publisher]:
        """The publishers that have not kept their promise to repeat their word."""
        oldest_s = self._clock() - (self._heartbeat_s or math.inf)
        return [
            publisher
            for publisher, word in self._words.items()
            if word.is_periodic and word.heard_s < oldest_s
        ]

    def last_heartbeat_s(self) -> float:
        """Return when the publisher that is silent for longest was heard; -inf: there is none."""
        heard_s = [word.heard_s for word in self._words.values() if word.is_periodic]
        return min(heard_s, default=-math.inf)

    def _left(self, publisher: Publisher, listed: Collection[Publisher]) -> set[Publisher]:
        """Return the publishers of a topic that have left, seen from one that has not.

        Some middleware lists publishers by other ids than those of its messages. Then the others
        have left if only one is listed.
        """
        others = {item for item in self._words if item.topic == publisher.topic} - {publisher}
        if publisher in listed:
            return others - set(listed)
        return others if len(listed) <= 1 else set()

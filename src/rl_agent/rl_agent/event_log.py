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

"""Events of safety, sensors and policies: always counted, reported once."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
import threading
import time
from typing import Literal

_MAX_REPORTS = 1000
_MAX_SOURCES = 1000  # of all events; anybody can send a batch under any name


@dataclass(frozen=True)
class Report:
    """A line for the log.

    Attributes:
        text: one line.
        level: `error` for a fault that has begun, `warning` for an event without duration, `info`
            for a fault that is over and for news.
    """

    text: str
    level: Literal['info', 'warning', 'error']


@dataclass
class _Lasting:
    """A fault that lasts: when it began, and how often it was seen."""

    since_s: float
    count: int = 0


class EventLog:
    """Counts events; reports a fault when it begins and when it ends.

    Call it from any thread. It never waits for the log, which takes the reports later.
    """

    def __init__(self) -> None:
        """Begin with no events."""
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self._named: set[tuple[str, str]] = set()
        self._lasting: dict[str, _Lasting] = {}
        self._reports: deque[Report] = deque(maxlen=_MAX_REPORTS)

    def note(self, name: str, text: str | Callable[[], str], source: str = '') -> None:
        """Count an event without duration; report the first one from each source.

        After many sources, further ones are only counted.

        Args:
            name: of the event.
            text: what happened, or a function that returns it, called only for a report.
            source: of the event, for example a learner's session.
        """
        with self._lock:
            if (name, source) not in self._named and len(self._named) < _MAX_SOURCES:
                self._named.add((name, source))
                reason = text if isinstance(text, str) else text()
                self._reports.append(Report(f'{name}: {reason}', 'warning'))
            self._counts[name] = self._counts.get(name, 0) + 1

    def info(self, text: str) -> None:
        """Report news, which is no fault and is not counted."""
        self._reports.append(Report(text, 'info'))

    def begin(self, name: str, text: str) -> None:
        """Count and report a fault, unless it lasts already."""
        with self._lock:
            if name not in self._lasting:
                self._lasting[name] = _Lasting(time.monotonic())
                self._counts[name] = self._counts.get(name, 0) + 1
                self._reports.append(Report(f'{name}: {text}', 'error'))
            self._lasting[name].count += 1

    def end(self, name: str) -> None:
        """Report that a fault is over, if it lasted until now."""
        if name not in self._lasting:  # the usual case, without the lock
            return
        with self._lock:
            lasting = self._lasting.pop(name, None)
            if lasting is not None:
                seconds = time.monotonic() - lasting.since_s
                self._reports.append(
                    Report(
                        f'{name}: over after {seconds:.3g} s, noticed {lasting.count} times',
                        'info',
                    )
                )

    def counts(self) -> dict[str, int]:
        """Return how often each event happened."""
        with self._lock:
            return dict(self._counts)

    def take_reports(self) -> list[Report]:
        """Return the reports since the last call."""
        reports = []
        while self._reports:
            reports.append(self._reports.popleft())
        return reports

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What safety, sensors and policies have to say: counted always, put into words once."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
import threading
import time
from typing import Literal

_MOST_REPORTS = 1000


@dataclass(frozen=True)
class Report:
    """A line for the log.

    Attributes:
        text: of one line.
        level: `error` while something is wrong, `warning` for what happened and is no state,
            `info` for what is over or only worth knowing.
    """

    text: str
    level: Literal['info', 'warning', 'error']


@dataclass
class _Lasting:
    """A fault that goes on: since when, and how often it was noticed."""

    since_s: float
    count: int = 0


class EventLog:
    """Counts what happens; names a fault when it begins and when it ends.

    It may be called from any thread and never waits for a log: `take_reports` does that later.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self._named: set[tuple[str, str]] = set()
        self._lasting: dict[str, _Lasting] = {}
        self._reports: deque[Report] = deque(maxlen=_MOST_REPORTS)

    def note(self, name: str, text: str | Callable[[], str], source: str = '') -> None:
        """Count something that has no duration; put it into words once for each source.

        Args:
            name: what is counted.
            text: what happened, or what finds words for it when they are needed.
            source: whose doing it was.
        """
        with self._lock:
            if (name, source) not in self._named:
                self._named.add((name, source))
                words = text if isinstance(text, str) else text()
                self._reports.append(Report(f'{name}: {words}', 'warning'))
            self._counts[name] = self._counts.get(name, 0) + 1

    def tell(self, text: str) -> None:
        """Put something into words that is no fault."""
        self._reports.append(Report(text, 'info'))

    def begin(self, name: str, text: str) -> None:
        """Note that a fault is there: counted and put into words unless it goes on already."""
        with self._lock:
            if name not in self._lasting:
                self._lasting[name] = _Lasting(time.monotonic())
                self._counts[name] = self._counts.get(name, 0) + 1
                self._reports.append(Report(f'{name}: {text}', 'error'))
            self._lasting[name].count += 1

    def end(self, name: str) -> None:
        """Note that a fault is over, if it was there."""
        if name not in self._lasting:  # by far the commonest case, without the lock
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
        """Return how often each thing happened."""
        with self._lock:
            return dict(self._counts)

    def take_reports(self) -> list[Report]:
        """Return what there is to say since the last call."""
        reports = []
        while self._reports:
            reports.append(self._reports.popleft())
        return reports

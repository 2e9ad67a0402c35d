# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Whether the robot may move, and if not, why: stops, latches, re-arming."""

from collections.abc import Callable
from dataclasses import dataclass
import threading

from rl_agent.description.safety import ReactionDescription
from rl_agent.event_log import EventLog

OK = 'ok'
Persists = Callable[[], str | None]


@dataclass(frozen=True)
class Stop:
    """A reason why the robot must not move.

    Attributes:
        cause: name of the cause, as counted in the status.
        reason: in words.
        reaction: how the robot is stopped.
        latched: only a person's re-arm ends it.
        persists: returns why the cause is still there, or None where it is gone.
    """

    cause: str
    reason: str
    reaction: ReactionDescription
    latched: bool
    persists: Persists


class SafetyState:
    """The stops in force, in the order they came. All methods may be called from any thread.

    A stop that is not latched ends by `end`; a latched one by `rearm` alone, and not while its
    cause persists. The first stop's reaction is the one that is shown; an emergency stop, which
    a person asks for, has precedence.
    """

    def __init__(self, events: EventLog) -> None:
        """Begin with a robot that may move."""
        self._events = events
        self._changed = threading.Condition()
        self._stops: dict[str, Stop] = {}
        self._listeners: list[Callable[[], None]] = []
        self._emergency = ''

    @property
    def stop(self) -> Stop | None:
        """The stop whose reaction is shown; None: the robot may move."""
        stops = self._stops
        if not stops:
            return None
        with self._changed:
            return stops.get(self._emergency) or next(iter(stops.values()), None)

    @property
    def is_latched(self) -> bool:
        """Whether only `rearm` lets the robot move again."""
        with self._changed:
            return any(stop.latched for stop in self._stops.values())

    @property
    def words(self) -> str:
        """`ok`, or what holds the robot."""
        with self._changed:
            return '; '.join(f'{stop.cause}: {stop.reason}' for stop in self._stops.values()) or OK

    def listen(self, listener: Callable[[], None]) -> None:
        """Call this, without a lock, on the thread by which a stop comes or goes."""
        self._listeners.append(listener)

    def begin(self, stop: Stop, *, emergency: bool = False) -> None:
        """Stop the robot; nothing happens where this cause holds it already."""
        with self._changed:
            known = self._stops.get(stop.cause)
            if known is not None and (known.latched or not stop.latched):
                return
            self._stops[stop.cause] = stop
            if emergency:
                self._emergency = stop.cause
            self._changed.notify_all()
        self._events.begin(stop.cause, stop.reason)
        self._tell()

    def end(self, cause: str) -> None:
        """End a stop that is not latched."""
        if cause not in self._stops:
            return
        with self._changed:
            if cause not in self._stops or self._stops[cause].latched:
                return
            del self._stops[cause]
            self._changed.notify_all()
        self._events.end(cause)
        self._tell()

    def rearm(self) -> tuple[bool, str]:
        """End every latched stop on a person's word; return whether, and why or why not."""
        with self._changed:
            stops = list(self._stops.values())
        if not any(stop.latched for stop in stops):
            return True, 'nothing was latched'
        # without the lock: a cause may take its time, and another stop may come meanwhile
        persisting = [(stop, stop.persists()) for stop in stops]
        refusals = [f'{stop.cause}: {why}' for stop, why in persisting if why]
        if refusals:
            return False, f'not re-armed, for the cause persists: {"; ".join(refusals)}'
        with self._changed:
            for stop in stops:
                if self._stops.get(stop.cause) is stop:
                    del self._stops[stop.cause]
            self._emergency = '' if self._emergency not in self._stops else self._emergency
            left = len(self._stops)
            self._changed.notify_all()
        for stop in stops:
            self._events.end(stop.cause)
        self._tell()
        if left:
            return False, f'not re-armed, for another stop came: {self.words}'
        return True, f're-armed after {", ".join(stop.cause for stop in stops)}'

    def wait_until_clear(self, timeout_s: float) -> bool:
        """Wait until the robot may move; return whether it may."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._stops, timeout_s)

    def _tell(self) -> None:
        """Tell the listeners."""
        for listener in self._listeners:
            listener()

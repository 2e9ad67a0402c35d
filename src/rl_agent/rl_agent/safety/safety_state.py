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

"""Whether the robot may move, and why not: stops, latches, re-arming."""

from collections.abc import Callable
from dataclasses import dataclass
import threading

from rl_agent.description.safety import ReactionDescription
from rl_agent.event_log import EventLog

OK, WAITING_FOR_START = 'ok', 'waiting_for_start'
FindCause = Callable[[], str | None]


@dataclass(frozen=True)
class Stop:
    """A reason why the robot must not move.

    Attributes:
        cause: name of the cause, as counted in the status.
        reason: explanation for people.
        reaction: how the robot is stopped.
        latched: only a person's re-arm ends it.
        persisting_cause: returns how the cause persists; None once it is gone.
    """

    cause: str
    reason: str
    reaction: ReactionDescription
    latched: bool
    persisting_cause: FindCause


class SafetyState:
    """The stops in force, in the order in which they began. Any thread may call any method.

    `end` ends a stop that is not latched; only `rearm` ends a latched one, and not while its
    cause persists. After that a robot may have to wait for `start`: letting go of a stop must not
    set a machine in motion (IEC 60204-1). The robot carries out the reaction of the first stop; an
    emergency stop, which a person requests, takes precedence.
    """

    def __init__(self, events: EventLog, *, waits_for_start: bool = False) -> None:
        """Begin with a robot that may move.

        Args:
            events: receives each stop when it begins and when it ends.
            waits_for_start: a re-armed robot moves only after `start`.
        """
        self._events, self._waits_for_start = events, waits_for_start
        self._changed = threading.Condition()
        self._stops: dict[str, Stop] = {}
        self._listeners: list[Callable[[], None]] = []
        self._emergency = ''

    @property
    def stop(self) -> Stop | None:
        """The stop whose reaction is carried out; None: the robot may move."""
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
    def summary(self) -> str:
        """`ok`, or the cause and reason of each stop."""
        with self._changed:
            return '; '.join(f'{stop.cause}: {stop.reason}' for stop in self._stops.values()) or OK

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Call this whenever a stop begins or ends, on that thread, with no lock held."""
        self._listeners.append(listener)

    def begin(self, stop: Stop, *, emergency: bool = False) -> None:
        """Stop the robot; no effect if it is already stopped for this cause.

        A latched stop replaces one of the same cause that is not latched.
        """
        with self._changed:
            known = self._stops.get(stop.cause)
            if known is not None and (known.latched or not stop.latched):
                return
            self._stops[stop.cause] = stop
            if emergency:
                self._emergency = stop.cause
            self._changed.notify_all()
        self._events.begin(stop.cause, stop.reason)
        self._notify()

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
        self._notify()

    def rearm(self) -> tuple[bool, str]:
        """End all stops at a person's request; return success and an explanation."""
        with self._changed:
            stops = [stop for stop in self._stops.values() if stop.cause != WAITING_FOR_START]
        if not any(stop.latched for stop in stops):
            return True, f'nothing was latched{self._start_hint()}'
        # without the lock: finding a cause may take time, in which another stop may begin
        persisting = [(stop, stop.persisting_cause()) for stop in stops]
        refusals = [f'{stop.cause}: {cause}' for stop, cause in persisting if cause]
        if refusals:
            return False, f'not re-armed because the cause persists: {"; ".join(refusals)}'
        causes = ', '.join(stop.cause for stop in stops)
        with self._changed:
            in_force = self.stop
            for stop in stops:
                if self._stops.get(stop.cause) is stop:
                    del self._stops[stop.cause]
            self._emergency = '' if self._emergency not in self._stops else self._emergency
            left = [cause for cause in self._stops if cause != WAITING_FOR_START]
            waiting = in_force is not None and self._wait_for_start(causes, in_force.reaction)
            self._changed.notify_all()
        for stop in stops:
            self._events.end(stop.cause)
        if waiting:
            self._events.begin(WAITING_FOR_START, f're-armed after {causes}')
        self._notify()
        if left:
            return False, f'not re-armed because another stop began: {self.summary}'
        return True, f're-armed after {causes}{self._start_hint()}'

    def start(self) -> tuple[bool, str]:
        """Let a re-armed robot move at a person's request; return success and an explanation."""
        with self._changed:
            if self.is_latched:
                return False, f'not started: {self.summary}; call ~/rearm first'
            waited = self._stops.pop(WAITING_FOR_START, None)
            self._changed.notify_all()
        if waited is None:
            return True, 'nothing waited for a start'
        self._events.end(WAITING_FOR_START)
        self._notify()
        still = f'; stopped for now: {self.summary}' if self._stops else ''
        return True, f'started{still}'

    def _wait_for_start(self, causes: str, reaction: ReactionDescription) -> bool:
        """Begin to wait for `start` where that is asked for; the lock is held.

        Args:
            causes: of the stops that were re-armed.
            reaction: continues to be carried out.
        """
        if not self._waits_for_start or WAITING_FOR_START in self._stops:
            return False
        reason = f're-armed after {causes}; ~/start lets the robot move'
        self._stops[WAITING_FOR_START] = Stop(
            WAITING_FOR_START, reason, reaction, False, lambda: None
        )
        return True

    def _start_hint(self) -> str:
        """Return what a person has to do next, to follow an explanation; may be empty."""
        return '; ~/start lets the robot move' if WAITING_FOR_START in self._stops else ''

    def wait_until_clear(self, timeout_s: float) -> bool:
        """Wait until the robot may move; return False on timeout."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._stops, timeout_s)

    def _notify(self) -> None:
        """Call the listeners."""
        for listener in self._listeners:
            listener()

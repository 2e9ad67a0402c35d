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

"""Two robots with one name, noticed at the robot and at the learner machine.

A restart is no reason for a report. A robot that is started again sends first what its earlier
session left, so two sessions take turns only while lost batches of the earlier one are sent again.
And acknowledgements of an earlier session end soon after the start.
"""

from rl_agent.event_log import EventLog

SAME_NAME = 'same_robot_name'

_REMEDY = (
    'another robot, or a recording that is played, sends under this name; nothing is lost;'
    ' accepted: another robot_id or namespace for each robot'
)
_LATE_S = 5.0  # acknowledgements of an agent that has ended arrive within a second or so
_MAX_TURNS = 64  # fewer even with every third packet lost: they need a loss each
_MAX_NAMES, _MAX_PAIRS, _MAX_OTHERS = 10_000, 8, 64


class OtherSessions:
    """At a robot: acknowledgements under its name for sessions that are not its own."""

    def __init__(self, robot: str, events: EventLog) -> None:
        """Watch a robot's name."""
        self._robot, self._events = robot, events
        self._first: dict[str, tuple[int, float]] = {}  # session: number and time first heard

    def acknowledged(self, session: str, sequence: int, now_s: float) -> None:
        """Report a session of which more and more is acknowledged."""
        if len(self._first) >= _MAX_OTHERS:
            self._first.pop(next(iter(self._first)))
        first, since_s = self._first.setdefault(session, (sequence, now_s))
        if sequence > first and now_s - since_s > _LATE_S:
            self._events.note(
                SAME_NAME,
                lambda: (
                    f'{self._robot!r}: the learner machine acknowledges transitions of a session'
                    f' {session!r} that is not this agent: {_REMEDY}'
                ),
                session,
            )


class RobotNames:
    """At the learner machine: sessions that take turns under one name."""

    def __init__(self, events: EventLog) -> None:
        """Begin without names."""
        self._events = events
        self._newest: dict[str, str] = {}  # robot: session that was stored last
        self._turns: dict[str, dict[frozenset[str], int]] = {}  # robot: sessions: turns

    def stored(self, robot: str, session: str) -> bool:
        """Note new transitions of a session; return whether two robots have this name."""
        if len(self._newest) >= _MAX_NAMES and robot not in self._newest:
            self._turns.pop(oldest := next(iter(self._newest)), None)
            del self._newest[oldest]
        before = self._newest.pop(robot, session)
        self._newest[robot] = session
        if before == session:
            return False
        turns = self._turns.setdefault(robot, {})
        pair = frozenset((before, session))
        turns[pair] = turns.pop(pair, 0) + 1
        if len(turns) > _MAX_PAIRS:
            turns.pop(next(iter(turns)))
        if turns[pair] < _MAX_TURNS:
            return False
        self._events.note(
            SAME_NAME,
            lambda: f'{robot!r}: sessions {before!r} and {session!r} send by turns: {_REMEDY}',
            robot,
        )
        return True

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

"""Rebuilds transitions from recorded sensor messages and commands.

Each command of the first topic is a step. Observation, action and reward are computed as in
`RobotEnv`:

| value                    | source                                                              |
|--------------------------|---------------------------------------------------------------------|
| observation              | the newest message with each field at the command                   |
| action                   | the command, mapped back to [-1, 1] and clipped; of further topics  |
|                          | the newest until half a control period later                        |
| next observation         | the newest messages at the next command                             |
| next observation, at gap | the newest messages one control period after the command            |
| reward, terminated       | the task                                                            |
| truncated                | after `episode_steps`, or if no command follows within the gap      |
| intervention             | a person's: no policy of this run chose the action                  |

A step is left out, which interrupts its episode, if a field or a command topic is silent, if its
values are not finite or older than the description accepts, or if no message follows the last
command.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import FieldValues, Float64Array
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_agent.safety.safety_filter import SafetyFilter
from rl_agent.transport.transition import Intervention, Transition, TransitionBuilder

_NANOSECONDS = 1_000_000_000
_ANY_AGE_NS = 2**63  # longer than any recording


@dataclass(frozen=True)
class _Value:
    """The newest values of a field: as in the message, header stamp, time of recording."""

    raw: Float64Array
    stamp_ns: int
    time_ns: int


@dataclass(frozen=True)
class _Snapshot:
    """All fields at one time: values by name, frame of the observation, oldest stamp."""

    values: FieldValues
    frame: NDArray[np.float32]
    stamp_ns: int


@dataclass(frozen=True)
class _PendingStep:
    """A command with an unknown outcome, and the field values before it."""

    command: Float64Array
    time_ns: int
    before: FieldValues


class EpisodeRebuilder:
    """Turns messages in recorded order into transitions.

    Attributes:
        left_out: number of commands without a transition.
    """

    def __init__(self, description: RobotDescription, gap_s: float) -> None:
        """Begin without messages.

        Args:
            description: of the robot.
            gap_s: longest time between two commands of an episode.
        """
        command = description.command
        self._spaces, self._task = Spaces(description), description.task.make()
        self._filter = SafetyFilter(command.low, command.high, description.rate_hz)
        self._episode_steps = description.episode_steps
        self._period_ns = round(_NANOSECONDS / description.rate_hz)
        self._gap_ns = round(gap_s * _NANOSECONDS)
        self._max_age_ns = _max_ages_ns(description)
        self._once = {item.name for item in description.observation if item.once}
        self._latest: dict[str, _Value] = {}  # by field
        self._command = np.full(len(command.names), np.nan)  # newest of each topic
        self._history, self._builder = self._spaces.history(), TransitionBuilder(self._spaces.sent)
        self._in_episode = False
        self._step: _PendingStep | None = None
        self._after: _Snapshot | None = None  # one period after the pending command
        self._period_is_over = False  # that of the pending command
        self.left_out = 0

    def sense(self, raw: FieldValues, stamp_ns: int, time_ns: int) -> None:
        """Process a sensor message.

        Args:
            raw: values by field, (raw,) each, as in the message: those fields that it has.
            stamp_ns: of the header; `time_ns` for messages without one.
            time_ns: time of recording.
        """
        self._advance(time_ns)
        for name, values in raw.items():
            self._latest[name] = _Value(values, stamp_ns, time_ns)

    def command_further(self, numbers: Float64Array, part: slice, time_ns: int) -> None:
        """Process the command of a further topic.

        Args:
            numbers: in the robot's units.
            part: where they are in the command.
            time_ns: time of recording.
        """
        self._command[part] = numbers
        step = self._step
        if step is not None and time_ns - step.time_ns <= self._period_ns / 2:
            step.command[part] = numbers

    def command(self, numbers: Float64Array, time_ns: int) -> Iterator[Transition]:
        """Process a command of the first topic; yield the transition that it completes.

        Args:
            numbers: in the robot's units, (action,), without those of further topics.
            time_ns: time of recording.
        """
        self._command[: len(numbers)] = numbers
        self._advance(time_ns)
        sensed = self._snapshot(time_ns)
        if self._step is not None:
            if time_ns - self._step.time_ns <= self._gap_ns:
                yield from self._complete(self._step, sensed, truncated=False)
            else:
                yield from self._complete(self._step, self._after, truncated=True)
        self._step = None
        if sensed is None:
            self.left_out += 1
            self._in_episode = False
            return
        if not self._in_episode:
            self._builder.first(self._history.begin(sensed.frame), sensed.stamp_ns)
            self._in_episode = True
        self._step = _PendingStep(self._command.copy(), time_ns, sensed.values)
        self._after, self._period_is_over = None, False

    def finish(self) -> Iterator[Transition]:
        """Yield the last transition, if its outcome is known."""
        if self._step is not None:
            self._advance(self._step.time_ns + self._period_ns + 1)
            yield from self._complete(self._step, self._after, truncated=True)
        self._step = None

    def interrupt(self) -> Iterator[Transition]:
        """Yield the last transition, then begin anew: times start again, as of a clock set back.

        What is published once stays known.
        """
        yield from self.finish()
        self._in_episode = False
        self._latest = {name: self._latest[name] for name in self._once & self._latest.keys()}
        self._command[:] = np.nan

    def _advance(self, time_ns: int) -> None:
        """Take the snapshot one period after the pending command, once that time has passed."""
        if self._step is None or self._period_is_over:
            return
        over_ns = self._step.time_ns + self._period_ns
        if time_ns > over_ns:
            self._period_is_over = True
            if all(item.time_ns > self._step.time_ns for item in self._timed()):
                self._after = self._snapshot(over_ns)

    def _snapshot(self, time_ns: int) -> _Snapshot | None:
        """Return all fields at a time; None if any is missing, too old or not finite."""
        for name, max_age_ns in self._max_age_ns.items():
            newest = self._latest.get(name)
            if newest is None or time_ns - newest.time_ns > max_age_ns:
                return None
        values = self._spaces.values({name: item.raw for name, item in self._latest.items()})
        with np.errstate(over='ignore'):
            frame = self._spaces.frame(values)
        if not np.isfinite(frame).all():
            return None
        return _Snapshot(values, frame, min(item.stamp_ns for item in self._timed()))

    def _timed(self) -> list[_Value]:
        """Return the newest values of the fields that are not published once."""
        return [item for name, item in self._latest.items() if name not in self._once]

    def _complete(
        self, step: _PendingStep, sensed: _Snapshot | None, *, truncated: bool
    ) -> Iterator[Transition]:
        """Yield the transition of a step; none if its outcome is unknown."""
        if sensed is None or not np.isfinite(step.command).all():
            self.left_out += 1
            self._in_episode = False
            return
        executed = self._filter.action_of(step.command)
        outcome = self._task.outcome(step.before, step.command, sensed.values)
        truncated = (
            truncated or outcome.truncated or self._builder.step_number + 1 >= self._episode_steps
        )
        yield self._builder.step(
            executed,
            outcome.reward,
            self._history.advance(executed, sensed.frame),
            sensed.stamp_ns,
            terminated=outcome.terminated,
            truncated=truncated and not outcome.terminated,
            intervention=Intervention.PERSON,
        )
        self._in_episode = not (truncated or outcome.terminated)


def _max_ages_ns(description: RobotDescription) -> dict[str, int]:
    """Return the maximum age of each field: the least of the fields of its topic."""
    watchdog = description.safety.sensor_watchdog
    ages: dict[str, int] = {}
    for item in description.observation:
        age_ns = round((item.max_age_s or watchdog.max_age_s) * _NANOSECONDS)
        if item.once:
            age_ns = _ANY_AGE_NS
        ages[item.topic] = min(age_ns, ages.get(item.topic, age_ns))
    return {item.name: ages[item.topic] for item in description.observation}

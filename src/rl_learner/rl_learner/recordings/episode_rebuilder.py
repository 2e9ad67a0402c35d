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

Each command is a step. Observation, action and reward are computed as in `RobotEnv`:

| value                    | source                                                              |
|--------------------------|---------------------------------------------------------------------|
| observation              | the newest message of each topic at the command                     |
| action                   | the command, mapped back to [-1, 1] and clipped                     |
| next observation         | the newest messages at the next command                             |
| next observation, at gap | the newest messages one control period after the command            |
| reward, terminated       | the task                                                            |
| truncated                | after `episode_steps`, or if no command follows within the gap      |
| intervention             | always true: no policy of this run chose the action                 |

A step is left out, which interrupts its episode, if a topic is silent, if its values are not
finite or older than the description accepts, or if no message follows the last command.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import FieldValues, Float64Array
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_agent.safety.safety_filter import SafetyFilter
from rl_agent.transport.transition import Transition, TransitionBuilder

_NANOSECONDS = 1_000_000_000
_ANY_AGE_NS = 2**63  # longer than any recording


@dataclass(frozen=True)
class _Message:
    """The newest message of a topic: raw field values, header stamp, time of recording."""

    raw: FieldValues
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
        self._once = description.once_topics
        self._latest: dict[str, _Message] = {}
        self._history, self._builder = self._spaces.history(), TransitionBuilder()
        self._in_episode = False
        self._step: _PendingStep | None = None
        self._after: _Snapshot | None = None  # one period after the pending command
        self._period_is_over = False  # that of the pending command
        self.left_out = 0

    def sense(self, topic: str, raw: FieldValues, stamp_ns: int, time_ns: int) -> None:
        """Process a sensor message.

        Args:
            topic: as in the description.
            raw: values by field, (raw,) each, as in the message.
            stamp_ns: of the header; `time_ns` for messages without one.
            time_ns: time of recording.
        """
        self._advance(time_ns)
        self._latest[topic] = _Message(raw, stamp_ns, time_ns)

    def command(self, command: Float64Array, time_ns: int) -> Iterator[Transition]:
        """Process a command; yield the transition that it completes.

        Args:
            command: in the robot's units, (action,).
            time_ns: time of recording.
        """
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
        self._step = _PendingStep(command, time_ns, sensed.values)
        self._after, self._period_is_over = None, False

    def finish(self) -> Iterator[Transition]:
        """Yield the last transition, if its outcome is known."""
        if self._step is not None:
            self._advance(self._step.time_ns + self._period_ns + 1)
            yield from self._complete(self._step, self._after, truncated=True)
        self._step = None

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
        for topic, max_age_ns in self._max_age_ns.items():
            message = self._latest.get(topic)
            if message is None or time_ns - message.time_ns > max_age_ns:
                return None
        raw = {
            name: item for message in self._latest.values() for name, item in message.raw.items()
        }
        values = self._spaces.values(raw)
        with np.errstate(over='ignore'):
            frame = self._spaces.frame(values)
        if not np.isfinite(frame).all():
            return None
        return _Snapshot(values, frame, min(item.stamp_ns for item in self._timed()))

    def _timed(self) -> list[_Message]:
        """Return the newest messages of the topics that are not published once."""
        return [item for topic, item in self._latest.items() if topic not in self._once]

    def _complete(
        self, step: _PendingStep, sensed: _Snapshot | None, *, truncated: bool
    ) -> Iterator[Transition]:
        """Yield the transition of a step; none if its outcome is unknown."""
        if sensed is None:
            self.left_out += 1
            self._in_episode = False
            return
        executed = self._filter.action_of(step.command)
        outcome = self._task.outcome(step.before, step.command, sensed.values)
        truncated = truncated or self._builder.step_number + 1 >= self._episode_steps
        yield self._builder.step(
            executed,
            outcome.reward,
            self._history.advance(executed, sensed.frame),
            sensed.stamp_ns,
            terminated=outcome.terminated,
            truncated=truncated and not outcome.terminated,
            intervention=True,
        )
        self._in_episode = not (truncated or outcome.terminated)


def _max_ages_ns(description: RobotDescription) -> dict[str, int]:
    """Return the maximum age of each topic's values."""
    watchdog = description.safety.sensor_watchdog
    ages: dict[str, int] = {}
    for item in description.observation:
        age_ns = round((item.max_age_s or watchdog.max_age_s) * _NANOSECONDS)
        if item.once:
            age_ns = _ANY_AGE_NS
        ages[item.topic] = min(age_ns, ages.get(item.topic, age_ns))
    return ages

# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Transitions out of what sensors said and commands told, after the event.

Each command is a step. Observation, action and reward are made as `RobotEnv` makes them:

| what               | from                                                                |
|--------------------|---------------------------------------------------------------------|
| observation        | the newest message of each topic at the command                     |
| action             | the command, mapped back to [-1, 1]; beyond the bounds: the bound   |
| next observation   | the newest messages at the next command                             |
| the same, at a gap | the newest messages one control period after the command            |
| reward, terminated | the task                                                            |
| truncated          | `episode_steps` are over, or no command came for the gap's length   |
| intervention       | always: no policy of this run chose the action                      |

A step is left out, and the episode with it broken off, where a topic is silent, its values are
older than the description accepts or not finite, or where none came after the last command.
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


@dataclass(frozen=True)
class _Message:
    """The newest message of a topic: its fields' raw numbers and its times."""

    raw: FieldValues
    stamp_ns: int
    time_ns: int


@dataclass(frozen=True)
class _Sensed:
    """All fields at one time."""

    values: FieldValues
    frame: NDArray[np.float32]
    stamp_ns: int


@dataclass(frozen=True)
class _Step:
    """A command whose outcome is still to come, and what was sensed before it."""

    command: Float64Array
    time_ns: int
    before: FieldValues


class EpisodeRebuilder:
    """Takes messages in the order in which they were recorded.

    Attributes:
        left_out: commands that gave no transition.
    """

    def __init__(self, description: RobotDescription, gap_s: float) -> None:
        """Rebuild the episodes of a robot.

        Args:
            description: of the robot.
            gap_s: an episode ends where no command comes for longer.
        """
        action = description.action
        self._spaces, self._task = Spaces(description), description.task.make()
        self._filter = SafetyFilter(action.low, action.high, description.rate_hz)
        self._episode_steps = description.episode_steps
        self._period_ns = round(_NANOSECONDS / description.rate_hz)
        self._gap_ns = round(gap_s * _NANOSECONDS)
        self._max_age_ns = _max_ages_ns(description)
        self._latest: dict[str, _Message] = {}
        self._history, self._builder = self._spaces.history(), TransitionBuilder()
        self._in_episode = False
        self._step: _Step | None = None
        self._after: _Sensed | None = None  # one period after the step's command
        self._is_over = False  # that period
        self.left_out = 0

    def sense(self, topic: str, raw: FieldValues, stamp_ns: int, time_ns: int) -> None:
        """Take a sensor message.

        Args:
            topic: as in the description.
            raw: field to numbers, (raw,) each, as in the message.
            stamp_ns: by its header, or `time_ns`.
            time_ns: when it was recorded.
        """
        self._pass(time_ns)
        self._latest[topic] = _Message(raw, stamp_ns, time_ns)

    def command(self, command: Float64Array, time_ns: int) -> Iterator[Transition]:
        """Take a command, (action,); yield the transition that ends with it.

        Args:
            command: in the robot's units.
            time_ns: when it was recorded.
        """
        self._pass(time_ns)
        sensed = self._look(time_ns)
        if self._step is not None:
            if time_ns - self._step.time_ns <= self._gap_ns:
                yield from self._end(self._step, sensed, is_cut=False)
            else:
                yield from self._end(self._step, self._after, is_cut=True)
        self._step = None
        if sensed is None:
            self.left_out += 1
            self._in_episode = False
            return
        if not self._in_episode:
            self._builder.first(self._history.begin(sensed.frame), sensed.stamp_ns)
            self._in_episode = True
        self._step = _Step(command, time_ns, sensed.values)
        self._after, self._is_over = None, False

    def finish(self) -> Iterator[Transition]:
        """Yield the last transition."""
        if self._step is not None:
            self._pass(self._step.time_ns + self._period_ns + 1)
            yield from self._end(self._step, self._after, is_cut=True)
        self._step = None

    def _pass(self, time_ns: int) -> None:
        """Keep what was sensed one period after the command, once that is over."""
        if self._step is None or self._is_over:
            return
        over_ns = self._step.time_ns + self._period_ns
        if time_ns > over_ns:
            self._is_over = True
            if all(item.time_ns > self._step.time_ns for item in self._latest.values()):
                self._after = self._look(over_ns)

    def _look(self, time_ns: int) -> _Sensed | None:
        """Return what is known at a time; None where it is too little, too old or not finite."""
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
        return _Sensed(values, frame, min(item.stamp_ns for item in self._latest.values()))

    def _end(self, step: _Step, sensed: _Sensed | None, *, is_cut: bool) -> Iterator[Transition]:
        """Yield the transition of a step; none where nobody knows what came of it."""
        if sensed is None:
            self.left_out += 1
            self._in_episode = False
            return
        executed = self._filter.action_of(step.command)
        outcome = self._task.outcome(step.before, step.command, sensed.values)
        is_cut = is_cut or self._builder.step_number + 1 >= self._episode_steps
        yield self._builder.step(
            executed,
            outcome.reward,
            self._history.advance(executed, sensed.frame),
            sensed.stamp_ns,
            terminated=outcome.terminated,
            truncated=is_cut and not outcome.terminated,
            intervention=True,
        )
        self._in_episode = not (is_cut or outcome.terminated)


def _max_ages_ns(description: RobotDescription) -> dict[str, int]:
    """Return the age at which values of each topic are too old."""
    watchdog = description.safety.sensor_watchdog
    ages: dict[str, int] = {}
    for item in description.observation:
        age_ns = round((item.max_age_s or watchdog.max_age_s) * _NANOSECONDS)
        ages[item.topic] = min(age_ns, ages.get(item.topic, age_ns))
    return ages

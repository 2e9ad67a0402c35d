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

"""Turns a recording of a robot's own topics into batches of transitions."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
import hashlib
import logging
from pathlib import Path

import numpy as np
from rl_agent.array_types import Float64Array
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError, RobotError
from rl_agent.transport.transition import Sender, Transition
from rl_agent.transport.transition_columns import to_columns
from rl_learner.journal.batch_codec import TransitionBatch
from rl_learner.recordings.bag_messages import RecordedMessage
from rl_learner.recordings.command_resampling import RecordedSteps, Resampler
from rl_learner.recordings.episode_rebuilder import EpisodeRebuilder
from rl_learner.recordings.raw_report import RawReport
from rl_learner.recordings.recording_clock import between_steps, clock_steps, ClockStep
from rl_learner.recordings.recording_reader import read_recording, topics_of
from rl_learner.recordings.ros_raw_readers import command_reader, further_reader, sensor_reader

_LOGGER = logging.getLogger(__name__)
_BATCH_ROWS = 500
_PERIOD_TOLERANCE = 0.25  # of the median time between commands, in control periods
_DEFAULT_GAP_PERIODS = 2.0


@dataclass(frozen=True)
class RawOptions:
    """How to read a recording.

    Attributes:
        namespace: of the robot; empty: the namespace of the command topic.
        gap_s: longest time between two commands of an episode; None: two control periods, of
            slower commands two of their periods.
    """

    namespace: str = ''
    gap_s: float | None = None


class RawRecording:
    """Yields the same batches at each call, because the session is a hash of the content."""

    def __init__(
        self,
        path: Path,
        description: RobotDescription,
        options: RawOptions,
        of_this_robot: RobotDescription | None = None,
    ) -> None:
        """Scan a recording.

        Args:
            path: of the recording.
            description: as the run has it.
            options: how to read it.
            of_this_robot: with the prefix of the recorded robot; None: it has none.

        Raises:
            ConfigurationError: the file is no recording, topics of the robot are missing or have
                other types, or the gap is shorter than the time between commands.
        """
        self._path, self._description = path, description
        self._recorded = recorded = of_this_robot or description
        self._actions = {item.topic: item for item in recorded.command.actions}
        types = topics_of(path)
        namespace = _find_namespace(path, types, description, options.namespace.strip('/'))
        self._topics = {
            _resolve(topic, namespace): topic for topic in (*description.topics, *self._actions)
        }
        self._refuse_other_types(types)
        self._command_topic = _resolve(description.action.topic, namespace)
        self._spaces = Spaces(description)
        content, given_s = self._scan()
        self._recorded_s = self._other_rate(given_s, options.gap_s)
        self._clock_steps = clock_steps(
            self._messages(as_written=True), round(1e9 / description.rate_hz)
        )
        self._sender = Sender(
            namespace or description.name, f'import-{content}', self._spaces.fingerprint
        )
        self._warned = False

    def __call__(self) -> Iterator[TransitionBatch]:
        """Yield the batches.

        Raises:
            ConfigurationError: the recording has no transition.
        """
        rows: list[Transition] = []
        first = 1
        for transition in self._transitions():
            rows.append(transition)
            if len(rows) == _BATCH_ROWS:
                yield self._batch(first, rows)
                first, rows = first + len(rows), []
        if rows:
            yield self._batch(first, rows)

    def _transitions(self) -> Iterator[Transition]:
        """Yield all transitions; say once what is to be known about the recording."""
        rebuilder = EpisodeRebuilder(self._description, self._step_gap_s)
        report, count = RawReport(round(self._gap_s * 1e9)), 0
        for transition in self._rebuilt(rebuilder, report):
            count += 1
            yield transition
        if not count:
            reason = f': {report.first_error}' if report.first_error else ''
            raise ConfigurationError(
                f'{self._path}: no transition in it{reason}; accepted: commands between messages'
                ' of every sensor topic'
            )
        if not self._warned:
            self._warned = True
            for line in [*self._rate_lines(), *report.lines(rebuilder.left_out)]:
                _LOGGER.warning('%s: %s', self._path, line)

    def _rebuilt(self, rebuilder: EpisodeRebuilder, report: RawReport) -> Iterator[Transition]:
        """Yield all transitions."""
        steps = RecordedSteps(rebuilder, self._resampler())
        readers = self._readers(rebuilder)
        read_command = command_reader(self._recorded.action, self._command_topic)
        latest: RecordedMessage | None = None
        for item in self._in_time():
            left_out = rebuilder.left_out
            if isinstance(item, ClockStep):
                report.clock_step(item)
                yield from steps.interrupt()
                report.left_out_commands(latest, rebuilder.left_out - left_out)
                continue
            latest = item
            yield from steps.until(item.time_ns)
            try:
                if item.topic in readers:
                    readers[item.topic](item)
                else:
                    command = read_command(item)
                    report.command(item)
                    yield from steps.command(command, item.time_ns)
            except RobotError as error:
                report.unfit_message(item, str(error))
            report.left_out_commands(item, rebuilder.left_out - left_out)
        left_out = rebuilder.left_out
        yield from rebuilder.finish()
        report.left_out_commands(latest, rebuilder.left_out - left_out)

    def _readers(
        self, rebuilder: EpisodeRebuilder
    ) -> dict[str, Callable[[RecordedMessage], None]]:
        """Return, by full topic, what passes messages to a rebuilder; not of the first command."""
        parts = dict(zip(self._actions, self._recorded.command.parts, strict=True))
        found = {}
        for name, topic in self._topics.items():
            fields = [item for item in self._recorded.observation if item.topic == topic]
            if fields:
                found[name] = sensor_reader(name, fields, rebuilder)
            elif name != self._command_topic:
                found[name] = further_reader(self._actions[topic], name, parts[topic], rebuilder)
        return found

    def _resampler(self) -> Resampler[Float64Array] | None:
        """Return what makes steps of commands at another rate; None: they come at this one."""
        if self._recorded_s is None:
            return None
        period_ns = round(1e9 / self._description.rate_hz)
        return Resampler(period_ns, round(self._gap_s * 1e9))

    def _rate_lines(self) -> list[str]:
        """Return what is to be said about the rate of commands."""
        if self._recorded_s is None:
            return []
        period_s = 1.0 / self._description.rate_hz
        return [
            f'{self._command_topic}: a command every {self._recorded_s:.4g} s, not every'
            f' {period_s:.4g} s, the `rate_hz` of {self._description.name!r}: resampled, a step'
            f' every {period_s:.4g} s with the newest command at that time, held for up to'
            f' {self._gap_s:.4g} s'
        ]

    def _in_time(self) -> Iterator[RecordedMessage | ClockStep]:
        """Yield the robot's messages by time, and where the recorder's clock was set back."""
        if not self._clock_steps:
            return self._messages()
        return between_steps(self._messages(as_written=True), self._clock_steps)

    def _messages(self, *, as_written: bool = False) -> Iterator[RecordedMessage]:
        """Yield the robot's messages by time, or in the order of writing."""
        return read_recording(
            self._path, lambda topic, _: topic in self._topics, as_written=as_written
        )

    def _scan(self) -> tuple[str, float | None]:
        """Return a hash of the content, and the median time between commands; None: unknown."""
        content, times_ns = hashlib.sha256(), list[int]()
        for message in self._messages():
            content.update(f'{message.topic} {message.time_ns} {len(message.data)} '.encode())
            content.update(message.data)
            if message.topic == self._command_topic:
                times_ns.append(message.time_ns)
        given_s = float(np.median(np.diff(times_ns))) / 1e9 if len(times_ns) > 1 else None
        return content.hexdigest()[:16], given_s

    def _other_rate(self, given_s: float | None, gap_s: float | None) -> float | None:
        """Return the time between commands if it is not that of control; set the gaps.

        Raises:
            ConfigurationError: commands have no time between them, or more than the given gap.
        """
        period_s = 1.0 / self._description.rate_hz
        least_s = (1 + _PERIOD_TOLERANCE) * period_s
        is_other = given_s is not None and abs(given_s - period_s) > _PERIOD_TOLERANCE * period_s
        if given_s is None or not is_other:
            self._gap_s = self._step_gap_s = gap_s or _DEFAULT_GAP_PERIODS * period_s
            given_s = None
        elif not given_s:
            raise ConfigurationError(
                f'{self._path}: {self._command_topic}: given several commands at each time;'
                ' accepted: one after the other'
            )
        else:
            self._gap_s = gap_s or _DEFAULT_GAP_PERIODS * max(given_s, period_s)
            self._step_gap_s = least_s  # steps are exactly one period apart
            least_s = max(least_s, given_s)
        if self._gap_s <= least_s:
            raise ConfigurationError(
                f'--episode-gap-s: given {self._gap_s:g}; accepted: more than {least_s:.4g}, as a'
                ' command may come that late'
            )
        return given_s

    def _refuse_other_types(self, types: dict[str, str]) -> None:
        """Raise ConfigurationError for topics that are missing or have another type."""
        kinds = {topic: item.type for topic, item in self._actions.items()}
        wanted = {**self._description.topics, **kinds}
        wrong = [
            f'{name}: given {types.get(name, "no such topic")}; accepted: {wanted[topic]}'
            for name, topic in self._topics.items()
            if types.get(name) != wanted[topic]
        ]
        if wrong:
            raise ConfigurationError(f'{self._path}: {"; ".join(wrong)}')

    def _batch(self, first: int, rows: Sequence[Transition]) -> TransitionBatch:
        """Return transitions as a batch, as a robot sends it."""
        with np.errstate(over='ignore'):  # infinite numbers are refused where they are stored
            columns = to_columns(rows)
        return TransitionBatch(
            stamp=(0, 0),
            frame_id='',
            sender=self._sender,
            first_sequence=first,
            oldest_sequence=1,
            observation_size=self._spaces.sent_size,
            action_size=self._spaces.action_size,
            count=len(rows),
            columns=columns,
        )


def _resolve(topic: str, namespace: str) -> str:
    """Return the full name of a topic."""
    if topic.startswith('/'):
        return topic
    return f'/{namespace}/{topic}' if namespace else f'/{topic}'


def _find_namespace(
    path: Path, types: dict[str, str], description: RobotDescription, given: str
) -> str:
    """Return the robot's namespace, without slashes at either end.

    Raises:
        ConfigurationError: no namespace is given and the recording has several robots.
    """
    topic = description.action.topic
    if given or topic.startswith('/'):
        return given
    found = sorted(name[: -len(topic)].strip('/') for name in types if name.endswith(f'/{topic}'))
    if len(found) > 1:
        raise ConfigurationError(
            f'{path}: --namespace: not given, and there are several {topic}; accepted:'
            f' {", ".join(found)}'
        )
    return found[0] if found else ''

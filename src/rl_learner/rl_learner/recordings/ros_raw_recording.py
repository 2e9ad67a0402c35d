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
from typing import Any

import numpy as np
from rclpy.serialization import deserialize_message
from rl_agent.array_types import Float64Array
from rl_agent.description.action import ActionDescription
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError, RobotError
from rl_agent.message_fields.ros_command_reader import CommandReader
from rl_agent.message_fields.ros_field_extractor import FieldExtractor
from rl_agent.message_fields.ros_field_paths import has_header
from rl_agent.ros.ros_messages import import_message, stamp_to_ns
from rl_agent.transport.transition import Sender, Transition
from rl_agent.transport.transition_columns import to_columns
from rl_learner.journal.batch_codec import TransitionBatch
from rl_learner.recordings.episode_rebuilder import EpisodeRebuilder
from rl_learner.recordings.recording_reader import read_recording, RecordedMessage, topics_of

_LOGGER = logging.getLogger(__name__)
_BATCH_ROWS = 500
_PERIOD_TOLERANCE = 0.25  # of the median time between commands, in control periods
_DEFAULT_GAP_PERIODS = 2.0


@dataclass(frozen=True)
class RawOptions:
    """How to read a recording.

    Attributes:
        namespace: of the robot; empty: the namespace of the command topic.
        gap_s: longest time between two commands of an episode; None: two control periods.
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
                other types, or the rate of commands is not the robot's.
        """
        self._path, self._description = path, description
        self._recorded = recorded = of_this_robot or description
        self._actions = {item.topic: item for item in recorded.command.actions}
        period_s = 1.0 / description.rate_hz
        self._gap_s = options.gap_s or _DEFAULT_GAP_PERIODS * period_s
        if self._gap_s <= (1 + _PERIOD_TOLERANCE) * period_s:
            raise ConfigurationError(
                f'--episode-gap-s: given {self._gap_s:g}; accepted: more than'
                f' {(1 + _PERIOD_TOLERANCE) * period_s:.4g}, as a command may come that late'
            )
        types = topics_of(path)
        namespace = _find_namespace(path, types, description, options.namespace.strip('/'))
        self._topics = {
            _resolve(topic, namespace): topic for topic in (*description.topics, *self._actions)
        }
        self._refuse_other_types(types)
        self._command_topic = _resolve(description.action.topic, namespace)
        self._spaces = Spaces(description)
        session = f'import-{self._scan()}'
        self._sender = Sender(namespace or description.name, session, self._spaces.fingerprint)
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
        """Yield all transitions."""
        rebuilder = EpisodeRebuilder(self._description, self._gap_s)
        readers = self._sensor_readers(rebuilder) | self._further_readers(rebuilder)
        read_command = _command_reader(self._recorded.action, self._command_topic)
        unfit, first_error, count = 0, '', 0
        for message in self._messages():
            try:
                if message.topic in readers:
                    readers[message.topic](message)
                    continue
                command = read_command(message)
            except RobotError as error:
                unfit, first_error = unfit + 1, first_error or str(error)
                continue
            for transition in rebuilder.command(command, message.time_ns):
                count += 1
                yield transition
        for transition in rebuilder.finish():
            count += 1
            yield transition
        if not count:
            raise ConfigurationError(
                f'{self._path}: no transition in it{": " if first_error else ""}{first_error};'
                ' accepted: commands between messages of every sensor topic'
            )
        if not self._warned and (unfit or rebuilder.left_out):
            self._warned = True
            _LOGGER.warning(
                '%s: %d commands left out, because sensor values were missing, too old or not'
                ' finite; %d messages do not fit the description%s%s',
                self._path,
                rebuilder.left_out,
                unfit,
                '; the first error: ' if first_error else '',
                first_error,
            )

    def _sensor_readers(
        self, rebuilder: EpisodeRebuilder
    ) -> dict[str, Callable[[RecordedMessage], None]]:
        """Return, by full topic, the functions that pass sensor messages to a rebuilder."""
        return {
            name: self._sensor_reader(name, topic, rebuilder)
            for name, topic in self._topics.items()
            if topic in self._description.topics
        }

    def _further_readers(
        self, rebuilder: EpisodeRebuilder
    ) -> dict[str, Callable[[RecordedMessage], None]]:
        """Return, by full topic, the functions that pass commands of further topics on."""

        def reader(name: str, part: slice) -> Callable[[RecordedMessage], None]:
            read = _command_reader(self._actions[self._topics[name]], name)

            def pass_on(recorded: RecordedMessage) -> None:
                rebuilder.command_further(read(recorded), part, recorded.time_ns)

            return pass_on

        parts = dict(zip(self._actions, self._recorded.command.parts, strict=True))
        return {
            name: reader(name, parts[topic])
            for name, topic in self._topics.items()
            if topic in self._actions and name != self._command_topic
        }

    def _sensor_reader(
        self, name: str, topic: str, rebuilder: EpisodeRebuilder
    ) -> Callable[[RecordedMessage], None]:
        """Return a function that passes messages of a topic to a rebuilder."""
        type_name = self._description.topics[topic]
        message_type, stamped = import_message(type_name), has_header(type_name)
        extractors = [
            FieldExtractor(item, name)
            for item in self._recorded.observation
            if item.topic == topic
        ]

        def pass_on(recorded: RecordedMessage) -> None:
            message = _deserialized(recorded, message_type)
            found = {item.field.name: _values_or_error(item, message) for item in extractors}
            raw = {name: item for name, item in found.items() if not isinstance(item, RobotError)}
            for error in found.values():  # one that has no field; others share their topic
                if isinstance(error, RobotError) and not raw:
                    raise error
            stamp_ns = stamp_to_ns(message.header.stamp) if stamped else recorded.time_ns
            rebuilder.sense(raw, stamp_ns, recorded.time_ns)

        return pass_on

    def _messages(self) -> Iterator[RecordedMessage]:
        """Yield the robot's messages in recorded order."""
        return read_recording(self._path, lambda topic, _: topic in self._topics)

    def _scan(self) -> str:
        """Return a hash of the content; raise ConfigurationError for another control rate."""
        content, times_ns = hashlib.sha256(), list[int]()
        for message in self._messages():
            content.update(f'{message.topic} {message.time_ns} {len(message.data)} '.encode())
            content.update(message.data)
            if message.topic == self._command_topic:
                times_ns.append(message.time_ns)
        period_s = 1.0 / self._description.rate_hz
        given_s = float(np.median(np.diff(times_ns))) / 1e9 if len(times_ns) > 1 else period_s
        if abs(given_s - period_s) > _PERIOD_TOLERANCE * period_s:
            raise ConfigurationError(
                f'{self._path}: {self._command_topic}: given a command every {given_s:.4g} s;'
                f' accepted: one every {period_s:.4g} s, the `rate_hz` of'
                f' {self._description.name!r}'
            )
        return content.hexdigest()[:16]

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
            observation_size=self._spaces.observation_size,
            action_size=self._spaces.action_size,
            count=len(rows),
            columns=columns,
        )


def _values_or_error(extract: FieldExtractor, message: Any) -> Float64Array | RobotError:
    """Return a field's values in a message, or why there are none."""
    try:
        return extract(message)
    except RobotError as error:
        return error


def _command_reader(
    action: ActionDescription, name: str
) -> Callable[[RecordedMessage], Float64Array]:
    """Return a function that reads the commands of a topic, whose full name is `name`."""
    reader, kind = CommandReader(action, name), import_message(action.type)
    return lambda recorded: reader.read(_deserialized(recorded, kind))


def _deserialized(recorded: RecordedMessage, message_type: type[Any]) -> Any:
    """Return a recorded message.

    Raises:
        RobotError: its bytes are no such message.
    """
    try:
        return deserialize_message(recorded.data, message_type)
    except Exception as error:  # of a middleware's own kind
        raise RobotError(
            f'{recorded.topic}: given {len(recorded.data)} bytes that cannot be read; accepted:'
            f' {recorded.type}'
        ) from error


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

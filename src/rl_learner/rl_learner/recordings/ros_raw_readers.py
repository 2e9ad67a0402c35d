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

"""Functions that read the recorded messages of a robot's topics."""

from collections.abc import Callable
from typing import Any

from rclpy.serialization import deserialize_message
from rl_agent.array_types import Float64Array
from rl_agent.description.action import ActionDescription
from rl_agent.description.observation import ObservationField
from rl_agent.errors import RobotError
from rl_agent.message_fields.ros_command_reader import CommandReader
from rl_agent.message_fields.ros_field_extractor import FieldExtractor
from rl_agent.message_fields.ros_field_paths import has_header
from rl_agent.ros.ros_messages import import_message, stamp_to_ns
from rl_learner.recordings.bag_messages import RecordedMessage
from rl_learner.recordings.episode_rebuilder import EpisodeRebuilder

Reader = Callable[[RecordedMessage], None]


def sensor_reader(
    name: str, fields: list[ObservationField], rebuilder: EpisodeRebuilder
) -> Reader:
    """Return a function that passes messages of a sensor topic to a rebuilder.

    Args:
        name: full name of the topic.
        fields: of the topic, at least one.
        rebuilder: of the robot.
    """
    type_name = fields[0].type
    message_type, stamped = import_message(type_name), has_header(type_name)
    extractors = [FieldExtractor(item, name) for item in fields]

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


def further_reader(
    action: ActionDescription, name: str, part: slice, rebuilder: EpisodeRebuilder
) -> Reader:
    """Return a function that passes commands of a further topic to a rebuilder.

    Args:
        action: of the topic.
        name: full name of the topic.
        part: where its numbers are in the command.
        rebuilder: of the robot.
    """
    read = command_reader(action, name)

    def pass_on(recorded: RecordedMessage) -> None:
        rebuilder.command_further(read(recorded), part, recorded.time_ns)

    return pass_on


def _values_or_error(extract: FieldExtractor, message: Any) -> Float64Array | RobotError:
    """Return a field's values in a message, or why there are none."""
    try:
        return extract(message)
    except RobotError as error:
        return error


def command_reader(
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

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

"""Reads the numbers of a command message, as a simulated robot must."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_agent.description.action import ActionDescription
from rl_agent.description.observation import ObservationField
from rl_agent.errors import RobotError
from rl_agent.message_fields.ros_field_extractor import FieldExtractor
from rl_agent.message_fields.ros_field_paths import names_list


class CommandReader:
    """Reads commands from messages, with joints by name if the message has names."""

    def __init__(self, action: ActionDescription, topic: str) -> None:
        """Find the fields in the message type.

        Args:
            action: description of the command.
            topic: full name of the command topic, for errors.

        Raises:
            ConfigurationError: the message type is not installed, or has no such fields.
        """
        self._topic = topic
        if not action.joints:
            selections: list[dict[str, Any]] = [{'field': path} for path in action.fields or ()]
        elif names_list(action.type):
            selections = [{'field': action.list_path, 'joints': action.joints}]
        else:
            selections = [{'field': action.list_path, 'size': len(action.joints)}]
        self._extractors = [
            FieldExtractor(
                ObservationField('command', action.topic, action.type, **selection), topic
            )
            for selection in selections
        ]

    def read(self, message: Any) -> NDArray[np.float64]:
        """Return the command, (action,).

        Raises:
            RobotError: a joint is missing, the length is wrong, or a number is not finite.
        """
        command = np.concatenate([extract(message) for extract in self._extractors])
        if not np.isfinite(command).all():
            raise RobotError(
                f'command on {self._topic}: given {command.tolist()}; accepted: finite numbers'
            )
        return command

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""From the message of a command back to its numbers: what a simulated robot has to do."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_agent.description.action import ActionDescription
from rl_agent.description.observation import ObservationField
from rl_agent.errors import RobotError
from rl_agent.message_fields.ros_field_extractor import FieldExtractor
from rl_agent.message_fields.ros_field_paths import names_list


class CommandReader:
    """Takes commands out of messages, joints by their names where the message has them."""

    def __init__(self, action: ActionDescription, topic: str) -> None:
        """Work out the way to the numbers.

        Args:
            action: description of the command.
            topic: its full name, for errors.

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
            FieldExtractor(ObservationField('command', action.topic, action.type, **more), topic)
            for more in selections
        ]

    def read(self, message: Any) -> NDArray[np.float64]:
        """Return the command, (action,).

        Raises:
            RobotError: a joint is missing, a wrong length, or a number that is not finite.
        """
        command = np.concatenate([extract(message) for extract in self._extractors])
        if not np.isfinite(command).all():
            raise RobotError(
                f'command on {self._topic}: given {command.tolist()}; accepted: finite numbers'
            )
        return command

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""From a message to the numbers of one observation field, fast enough for any control loop.

What can be known beforehand is worked out once: the way to the numbers, and the places of the
joints, which is done again only when a message names its joints differently.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import Float64Array
from rl_agent.configuration import hint
from rl_agent.description.observation import ObservationField
from rl_agent.errors import ConfigurationError, RobotError
from rl_agent.message_fields.ros_field_paths import getter, has_header, leaves, names_list, size_of
from rl_agent.ros.ros_messages import import_message


class FieldExtractor:
    """Takes one field's numbers out of messages.

    Attributes:
        field: the description of the field.
    """

    def __init__(self, field: ObservationField, topic: str) -> None:
        """Work out the way to the numbers.

        Args:
            field: of the observation.
            topic: its full name, for errors.

        Raises:
            ConfigurationError: the message type is not installed, or has no such numbers.
        """
        problems = static_mistakes(field)
        if problems:
            raise ConfigurationError(f'observation field {field.name!r}: {"; ".join(problems)}')
        self.field, self._topic = field, topic
        found = leaves(field.type, field.field)
        self._getters = [getter(path) for path, _ in found]
        self._single = not any(leaf.many for _, leaf in found)
        self._names_list = names_list(field.type) if field.joints else None
        self._frame = field.frame if has_header(field.type) else None
        self._names: list[str] | None = None  # of the message that `_places` was made for
        self._places: NDArray[np.intp] | slice = slice(None)
        self._length: int | None = field.size or (None if field.indices else 1)
        if field.indices:
            self._places = np.array(field.indices, np.intp)
        self._needed = max(field.indices or (0,)) + 1

    def __call__(self, message: Any) -> Float64Array:
        """Return the numbers as the message has them, (raw,), transform not yet applied.

        Raises:
            RobotError: another frame, a joint that is missing, or a wrong length.
        """
        if self._frame is not None and message.header.frame_id != self._frame:
            raise self._error(f'frame: given {message.header.frame_id!r}', repr(self._frame))
        if self._names_list is not None:
            names = getattr(message, self._names_list)
            if names != self._names:
                self._find_joints(names)
        numbers = self._read(message)
        if self._length is None:
            if len(numbers) < self._needed:
                raise self._error(
                    f'{self.field.field}: {len(numbers)} values', f'at least {self._needed}'
                )
        elif len(numbers) != self._length:
            raise self._error(f'{self.field.field}: {len(numbers)} values', self._in_words())
        return numbers[self._places]

    def _read(self, message: Any) -> Float64Array:
        """Return all numbers that the path leads to."""
        try:
            parts = [get(message) for get in self._getters]
        except IndexError as error:
            raise self._error(f'{self.field.field}: {error}', 'a longer list') from error
        if self._single:
            return np.array(parts, np.float64)
        if len(parts) == 1:
            return np.asarray(parts[0], np.float64)
        return np.concatenate([np.atleast_1d(np.asarray(part, np.float64)) for part in parts])

    def _find_joints(self, names: Sequence[str]) -> None:
        """Work out where the joints stand in messages that name theirs so."""
        joints = self.field.joints or ()
        names = list(names)
        missing = [joint for joint in joints if joint not in names]
        if missing:
            meant = hint(missing[0], names)
            raise self._error(
                f'joints: the message names {", ".join(names) or "none"}{meant}',
                f'a message that names {", ".join(joints)}',
            )
        in_order = list(joints) == names  # then there is nothing to pick
        places = np.array([names.index(joint) for joint in joints], np.intp)
        self._places = slice(None) if in_order else places
        self._names, self._length = names, len(names)

    def _in_words(self) -> str:
        """Return the accepted length."""
        if self.field.joints:
            return f'one for each of the {self._length} joints that the message names'
        return f'{self._length}, the `size` of the description'

    def _error(self, given: str, accepted: str) -> RobotError:
        """Return an error about the last message."""
        return RobotError(
            f'observation field {self.field.name!r}: {self._topic}: {given}; accepted: {accepted}'
        )


def static_mistakes(field: ObservationField) -> list[str]:
    """Return what is wrong with a field by its message type alone, one text for each mistake."""
    try:
        import_message(field.type)
    except ConfigurationError as error:
        return [f'type: {error}']
    try:
        found = leaves(field.type, field.field)
    except ConfigurationError as error:
        return [f'field: {error}']
    mistakes, size = [], size_of(found)
    if field.joints and names_list(field.type) is None:
        mistakes.append(
            f'joints: given {", ".join(field.joints)}; accepted: indices or size, as'
            f' {field.type} names no joints'
        )
    if size is not None and field.indices and max(field.indices) >= size:
        mistakes.append(f'indices: given {max(field.indices)}; accepted: 0 to {size - 1}')
    selects = field.joints or field.indices
    if size is not None and not selects and (field.size or 1) != size:
        mistakes.append(f'size: given {field.size or 1}; accepted: {size}')
    if field.frame is not None and not has_header(field.type):
        mistakes.append(
            f'frame: given {field.frame!r}; accepted: none, {field.type} has no header'
        )
    return mistakes

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Extracts the numbers of an observation field from messages, fast enough for any control loop.

Paths are resolved once. The indices of the joints are cached, and found again only when a message
names its joints differently.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import Float64Array
from rl_agent.configuration import hint
from rl_agent.description.observation import ObservationField
from rl_agent.errors import ConfigurationError, RobotError
from rl_agent.message_fields.ros_field_paths import (
    has_header,
    leaves,
    make_getter,
    names_list,
    size_of,
)
from rl_agent.ros.ros_messages import import_message

_MOST_TEXT = 300  # characters of a message, and joints, that an error quotes


class FieldExtractor:
    """Extracts the numbers of one observation field from messages.

    Attributes:
        field: description of the field.
    """

    def __init__(self, field: ObservationField, topic: str) -> None:
        """Resolve the field's path in the message type.

        Args:
            field: description of the field.
            topic: full name of its topic, for errors.

        Raises:
            ConfigurationError: the message type is not installed, or has no such numbers.
        """
        mistakes = static_mistakes(field)
        if mistakes:
            raise ConfigurationError(f'observation field {field.name!r}: {"; ".join(mistakes)}')
        self.field, self._topic = field, topic
        found = leaves(field.type, field.field)
        self._getters = [make_getter(path) for path, _ in found]
        self._single = not any(leaf.is_list for _, leaf in found)
        self._names_list = names_list(field.type) if field.joints else None
        self._frame = field.frame if has_header(field.type) else None
        self._names: list[str] | None = None  # joint names to which `_indices` belong
        self._indices: NDArray[np.intp] | slice = slice(None)
        self._length: int | None = field.size or (None if field.indices else 1)
        if field.indices:
            self._indices = np.array(field.indices, np.intp)
        self._min_length = max(field.indices or (0,)) + 1

    def __call__(self, message: Any) -> Float64Array:
        """Return the message's numbers, (raw,), before the transform.

        Raises:
            RobotError: the frame or the length is wrong, or a joint is missing.
        """
        if self._frame is not None and message.header.frame_id != self._frame:
            given = message.header.frame_id[:_MOST_TEXT]
            raise self._error(f'frame: given {given!r}', repr(self._frame))
        if self._names_list is not None:
            names = getattr(message, self._names_list)
            if names != self._names:
                self._find_joints(names)
        numbers = self._read(message)
        if self._length is None:
            if len(numbers) < self._min_length:
                raise self._error(
                    f'{self.field.field}: {len(numbers)} values', f'at least {self._min_length}'
                )
        elif len(numbers) != self._length:
            raise self._error(
                f'{self.field.field}: {len(numbers)} values', self._accepted_length()
            )
        return numbers[self._indices]

    def _read(self, message: Any) -> Float64Array:
        """Return all numbers at the path."""
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
        """Find the indices of the joints in messages with these joint names."""
        joints = self.field.joints or ()
        names = list(names)
        missing = [joint for joint in joints if joint not in names]
        if missing:
            known = [name for name in names[:_MOST_TEXT] if len(name) <= _MOST_TEXT]
            meant = hint(missing[0], known)
            given = ', '.join(known)[:_MOST_TEXT]
            raise self._error(
                f'joints: the message names {given or "none"}{meant}',
                f'a message that names {", ".join(joints)}',
            )
        indices = np.array([names.index(joint) for joint in joints], np.intp)
        self._indices = slice(None) if list(joints) == names else indices
        self._names, self._length = names, len(names)

    def _accepted_length(self) -> str:
        """Return the accepted length, in words."""
        if self.field.joints:
            return f'one for each of the {self._length} joints that the message names'
        return f'{self._length}, the `size` of the description'

    def _error(self, given: str, accepted: str) -> RobotError:
        """Return an error about a message."""
        return RobotError(
            f'observation field {self.field.name!r}: {self._topic}: {given}; accepted: {accepted}'
        )


def static_mistakes(field: ObservationField) -> list[str]:
    """Return the mistakes in a field that its message type shows, one text each."""
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
    selected = field.joints or field.indices
    if size is not None and not selected and (field.size or 1) != size:
        mistakes.append(f'size: given {field.size or 1}; accepted: {size}')
    if field.frame is not None and not has_header(field.type):
        mistakes.append(
            f'frame: given {field.frame!r}; accepted: none, {field.type} has no header'
        )
    return mistakes

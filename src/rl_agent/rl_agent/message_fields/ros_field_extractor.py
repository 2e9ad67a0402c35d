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

"""Extracts the numbers of an observation field from messages, fast enough for any control loop.

Paths are resolved once. The indices of the joints are cached, and found again only when a message
names its joints differently.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import Float64Array
from rl_agent.cameras.camera_reader import CameraReader
from rl_agent.cameras.compressed_frame import has_pillow, MISSING_PILLOW
from rl_agent.configuration import hint
from rl_agent.description.image import COMPRESSED, TASK_IMAGE
from rl_agent.description.observation import ObservationField
from rl_agent.errors import ConfigurationError, NeighbourError, RobotError
from rl_agent.message_fields.ros_field_paths import (
    has_header,
    leaves,
    make_getter,
    names_list,
    size_of,
)
from rl_agent.message_fields.ros_frames import frame_mistakes, FrameChoice, framed_path
from rl_agent.message_fields.ros_scan_rays import has_rays, ScanRays
from rl_agent.message_fields.ros_unknown_values import unknown_marks
from rl_agent.ros.ros_messages import import_message

_MOST_TEXT = 300  # characters of a message, and joints, that an error quotes
_TO_XYZW = [1, 2, 3, 0]  # indices of x, y, z, w in w, x, y, z


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
        framed = framed_path(field.type, field.field)
        self._choose = FrameChoice(field, framed.items) if field.child_frame is not None else None
        found = leaves(framed.kind, framed.path)
        self._getters = [make_getter(path) for path, _ in found]
        self._single = not any(leaf.is_list for _, leaf in found)
        self._names_list = names_list(field.type) if _by_name(field) else None
        self._marks = unknown_marks(framed.kind, framed.path)
        self._frame = field.frame if has_header(framed.kind) else None
        self._names: list[str] | None = None  # joint names to which `_indices` belong
        self._indices: NDArray[np.intp] | slice = slice(None)
        self._length: int | None = None if field.indices else field.raw_size
        if field.indices:
            self._indices = np.array(field.indices, np.intp)
        if field.quaternion_order == 'wxyz':
            self._indices = np.array(field.indices or range(4), np.intp)[_TO_XYZW]
        self._min_length = max(field.indices or (0,)) + 1
        self._rays = ScanRays(field.rays.angles_rad) if field.rays else None
        self._camera = CameraReader(field.image, field.type) if field.image else None

    @property
    def named_joints(self) -> tuple[str, ...]:
        """The joints to take, if the message names its joints; else none."""
        return () if self._names_list is None else self.field.joints or ()

    def __call__(self, message: Any) -> Float64Array:
        """Return the message's numbers, (raw,), before the transform.

        Raises:
            NeighbourError: the message is about other frames.
            RobotError: the frame or the length is wrong, a joint is missing, or the message says
                that it does not know the numbers.
        """
        if self._choose is not None:
            message = self._chosen(message)
        if self._frame is not None and message.header.frame_id != self._frame:
            given = message.header.frame_id[:_MOST_TEXT]
            raise self._error(f'frame: given {given!r}', repr(self._frame))
        if self._camera is not None:
            return self._seen(message, self._camera)
        for mark in self._marks:
            if mark.is_set(message):
                raise self._error(
                    f'{mark.path} is -1: the driver does not know {mark.field}',
                    'a driver that measures it',
                )
        if self._names_list is not None:
            names = getattr(message, self._names_list)
            if names != self._names:
                self._find_joints(names)
        numbers = self._read(message)
        if self._rays is not None:
            return numbers[self._rays_of(message, len(numbers))]
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

    def _seen(self, message: Any, read: CameraReader) -> Float64Array:
        """Return the packed pixels of a camera's message."""
        try:
            return read(message)
        except RobotError as error:
            raise self._error_like(error) from error

    def _chosen(self, message: Any) -> Any:
        """Return the message with the frames of the field."""
        assert self._choose is not None
        try:
            return self._choose(message)
        except NeighbourError as error:
            raise NeighbourError(str(self._error_like(error)), error.about) from error
        except RobotError as error:
            raise self._error_like(error) from error

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

    def _rays_of(self, message: Any, count: int) -> NDArray[np.intp]:
        """Return the indices of the rays in a scan with this many."""
        assert self._rays is not None
        try:
            return self._rays.indices(message, count)
        except RobotError as error:
            raise self._error_like(error, 'rays: ') from error

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

    def _error_like(self, error: RobotError, where: str = '') -> RobotError:
        """Return an error with the text of another one, and the field."""
        given, _, accepted = str(error).partition('; accepted: ')
        return self._error(f'{where}{given}', accepted)

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
    if field.image and field.image.encoding is None:
        return [TASK_IMAGE]
    mistakes = frame_mistakes(field)
    if mistakes:
        return mistakes
    framed = framed_path(field.type, field.field)
    try:
        found = leaves(framed.kind, framed.path)
    except ConfigurationError as error:
        where = f'after {framed.items}: ' if framed.items else ''
        return [f'field: {where}{error}']
    mistakes = _selection_mistakes(field, size_of(found))
    if field.image and field.type == COMPRESSED and not has_pillow():
        mistakes.append(f'type: given {field.type}, which {MISSING_PILLOW}')
    if field.is_quaternion and _order_is_unknown(field):
        mistakes.append(order_mistake(field))
    if field.frame is not None and not has_header(framed.kind):
        mistakes.append(
            f'frame: given {field.frame!r}; accepted: none, {field.type} has no header'
        )
    return mistakes


def tilt_mistakes(field: ObservationField) -> list[str]:
    """Return the mistakes in a field as an orientation in `safety.tilt`, one text each."""
    return [order_mistake(field)] if _order_is_unknown(field) else []


def order_mistake(field: ObservationField) -> str:
    """Return that the order of a quaternion must be given."""
    return (
        f'quaternion_order: missing; accepted: xyzw or wxyz, as {field.field} of {field.type} is a'
        ' list whose order its type does not tell'
    )


def _by_name(field: ObservationField) -> bool:
    """Return whether the message names the joints, and not the description their order."""
    return bool(field.joints) and ':' not in field.field


def _order_is_unknown(field: ObservationField) -> bool:
    """Return whether a quaternion is a plain list, and the description does not give its order."""
    framed = framed_path(field.type, field.field)
    found = leaves(framed.kind, framed.path)
    chosen = field.quaternion_order or field.indices
    return not chosen and len(found) == 1 and found[0][1].is_list


def _selection_mistakes(field: ObservationField, size: int | None) -> list[str]:
    """Return the mistakes in what is taken of the `size` numbers at the path, one text each."""
    mistakes, named = [], names_list(field.type)
    if field.joints and _by_name(field) and named is None:
        mistakes.append(
            f'joints: given {", ".join(field.joints)}; accepted: indices or size, as'
            f' {field.type} names no joints'
        )
    if field.joints and not _by_name(field):
        if named is not None:
            mistakes.append(
                f'field: given {field.field!r} with joints; accepted: without a slice, as'
                f' {field.type} names its joints'
            )
        elif size != len(field.joints):
            mistakes.append(
                f'joints: given {len(field.joints)}; accepted: one for each of the {size} numbers'
                f' at {field.field}'
            )
    if field.rays and not has_rays(field.type, field.field):
        mistakes.append(
            f'rays: given with {field.field} of {field.type}; accepted: with a list of numbers of'
            ' a message with angle_min and angle_increment, such as ranges of'
            ' sensor_msgs/msg/LaserScan'
        )
    if size is not None and field.indices and max(field.indices) >= size:
        mistakes.append(f'indices: given {max(field.indices)}; accepted: 0 to {size - 1}')
    selected = field.joints or field.indices
    if size is not None and not selected and field.raw_size != size:
        mistakes.append(f'size: given {field.raw_size}; accepted: {size}')
    return mistakes

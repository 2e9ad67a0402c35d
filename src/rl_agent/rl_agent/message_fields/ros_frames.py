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

"""Transforms in a list, as on `/tf`: each is found by its frames, because its place changes."""

from collections.abc import Callable
from typing import Any, NamedTuple

from rl_agent.description.observation import ObservationField
from rl_agent.errors import ConfigurationError, NeighbourError, RobotError
from rl_agent.message_fields.ros_field_paths import (
    is_framed,
    make_getter,
    resolve,
    without_indices,
)

_MOST_FRAMES = 20  # that an error names
_LONGEST_NAME = 100


class FramedPath(NamedTuple):
    """A path, split after a list of messages that each have a `child_frame_id`.

    Attributes:
        items: path of the list; empty if the path has none.
        kind: type of its items, or else of the message.
        path: from such a message to the numbers.
    """

    items: str
    kind: str
    path: str


def framed_path(type_name: str, path: str) -> FramedPath:
    """Return a path split after its list of messages with frames, if it has one without index."""
    steps = path.split('.')
    for number in range(1, len(steps)):
        above = '.'.join(steps[:number])
        try:
            field = resolve(type_name, above)
        except ConfigurationError:
            break
        if field.is_list and is_framed(field.kind):
            return FramedPath(above, field.kind, '.'.join(steps[number:]))
    return FramedPath('', type_name, path)


def frame_mistakes(field: ObservationField) -> list[str]:
    """Return the mistakes in how a field chooses its frames, one text each."""
    plain = without_indices(field.field)
    framed = framed_path(field.type, plain)
    indexed = framed.items and not field.field.startswith(f'{framed.items}.')
    if indexed:
        return [
            f'field: given {field.field!r}; accepted: {plain!r} with child_frame and, if several'
            ' nodes tell it, frame: the place of a transform changes from message to message'
        ]
    if framed.items and field.child_frame is None:
        return [
            f'child_frame: missing; accepted: the child_frame_id of one of the {framed.items},'
            ' such as base_link'
        ]
    if field.child_frame is not None and not is_framed(framed.kind):
        return [
            f'child_frame: given {field.child_frame!r}; accepted: none, {field.type} has no'
            ' child_frame_id'
        ]
    return []


class FrameChoice:
    """Finds the message with a field's frames, in a list or alone."""

    def __init__(self, field: ObservationField, items: str) -> None:
        """Choose for a field in the list at the path `items`, which may be empty."""
        self._child, self._frame, self._items = field.child_frame, field.frame, items
        self._get: Callable[[Any], Any] | None = make_getter(items) if items else None
        self._seen: dict[str, None] = {}

    def __call__(self, message: Any) -> Any:
        """Return the message with the frames; the last of several.

        Raises:
            NeighbourError: the list has none: another node tells others.
            RobotError: the message, which is no list, has other frames.
        """
        found = None
        for item in (message,) if self._get is None else self._get(message):
            if item.child_frame_id == self._child and (
                self._frame in (None, item.header.frame_id) or self._get is None
            ):
                found = item
        if found is not None:
            return found
        if self._get is None:
            given = message.child_frame_id[:_LONGEST_NAME]
            raise RobotError(f'child_frame: given {given!r}; accepted: {self._child!r}')
        for item in self._get(message):
            if len(self._seen) < _MOST_FRAMES:
                pair = f'{item.header.frame_id[:_LONGEST_NAME]} to '
                self._seen[pair + item.child_frame_id[:_LONGEST_NAME]] = None
        parent = 'any frame' if self._frame is None else self._frame
        raise NeighbourError(
            f'{self._items}: given {", ".join(self._seen) or "none"}; accepted: {parent} to'
            f' {self._child}',
            about=self._items,
        )

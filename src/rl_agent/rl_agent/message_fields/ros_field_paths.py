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

"""Resolves field paths in message types: which numbers they lead to, and how many."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
import operator
import re
from typing import Any

from rl_agent.configuration import hint
from rl_agent.description.field_types import expand_path
from rl_agent.errors import ConfigurationError
from rl_agent.ros.ros_messages import import_message

# Type code of `array.array` for each number type of ROS messages; booleans have none.
TYPECODES = {
    'boolean': '',
    'float': 'f',
    'double': 'd',
    'int8': 'b',
    'uint8': 'B',
    'int16': 'h',
    'uint16': 'H',
    'int32': 'i',
    'uint32': 'I',
    'int64': 'q',
    'uint64': 'Q',
}
_LIST = re.compile(r'^sequence<(?P<bounded>.+?)(?:, \d+)?>$|^(?P<fixed>.+)\[(?P<size>\d+)\]$')
_STEP = re.compile(r'^(?P<name>[a-z][a-z0-9_]*)(?:\[(?P<index>\d+)\])?$')
_INDEX = re.compile(r'\[[\d:]*\]')
_MAX_DEPTH = 6
TIME = 'builtin_interfaces/msg/Time'
_MAX_PATHS_SHOWN = 40


@dataclass(frozen=True)
class FieldType:
    """Type of a message field.

    Attributes:
        kind: primitive type such as `double`, or message type `package/msg/Name`; for a list, the
            type of its items.
        is_list: whether the field is a list.
        size: length of a list of fixed size.
    """

    kind: str
    is_list: bool = False
    size: int | None = None

    @property
    def is_number(self) -> bool:
        """Whether the field or its items are numbers."""
        return self.kind in TYPECODES


@dataclass(frozen=True)
class PathStep:
    """One step of a path.

    Attributes:
        name: name of the attribute.
        index: index in the list that the attribute holds, if given.
    """

    name: str
    index: int | None

    def __call__(self, message: Any) -> Any:
        """Return the value that the step leads to."""
        value = getattr(message, self.name)
        return value if self.index is None else value[self.index]


def parse_path(path: str) -> list[PathStep]:
    """Return the steps of a path such as `a.b[0]`; none for an empty one, the whole message."""
    found = [_STEP.match(part) for part in path.split('.')]
    return [
        PathStep(match['name'], None if match['index'] is None else int(match['index']))
        for match in found
        if match
    ]


def resolve(type_name: str, path: str) -> FieldType:
    """Return the type of the field at a path in a message type, `package/msg/Name`.

    Raises:
        ConfigurationError: the message type is not installed, or has no such path.
    """
    field = FieldType(type_name)
    for step in parse_path(path):
        fields = _fields(field.kind)
        if step.name not in fields or field.is_list:
            raise ConfigurationError(_unknown_path(type_name, path))
        field = fields[step.name]
        if step.index is not None:
            if not field.is_list:
                raise ConfigurationError(_unknown_path(type_name, path))
            if field.size is not None and step.index >= field.size:
                raise ConfigurationError(
                    f'given {path!r}; accepted: {step.name}[0] to {step.name}[{field.size - 1}]'
                )
            field = FieldType(field.kind)
    return field


def leaves(type_name: str, path: str) -> list[tuple[str, FieldType]]:
    """Return the paths and types of all numbers and lists of numbers at a path, in order.

    A slice stands for all of its paths.

    Raises:
        ConfigurationError: the path does not exist, or leads to other things than numbers.
    """
    found: list[tuple[str, FieldType]] = []
    field = FieldType(type_name)
    for single in expand_path(path):
        field = resolve(type_name, single)
        found += _leaves(single, field)
    fits = found and all(leaf.is_number for _, leaf in found)
    if not fits or (len(found) > 1 and any(leaf.is_list and not leaf.size for _, leaf in found)):
        raise ConfigurationError(
            f'given {path!r} ({_in_words(field)}); accepted: the path of numbers in {type_name}:'
            f' {", ".join(number_paths(type_name)[:8]) or "it has none"}'
        )
    return found


def all_leaves(type_name: str, path: str) -> list[tuple[str, FieldType]]:
    """Return the paths and types of all primitive fields, lists and times at a path, in order.

    Raises:
        ConfigurationError: the path does not exist.
    """
    return [
        leaf
        for single in expand_path(path)
        for leaf in _leaves(single, resolve(type_name, single), whole=TIME)
    ]


def number_paths(type_name: str) -> list[str]:
    """Return all paths to numbers and lists of numbers in a message type, except its header."""
    found = _leaves('', FieldType(type_name), in_lists=True)
    numbers = [path.removeprefix('.') for path, leaf in found if leaf.is_number]
    return [path for path in numbers if not path.startswith('header.')]


def size_of(found: list[tuple[str, FieldType]]) -> int | None:
    """Return how many numbers these leaves hold; None if that varies from message to message."""
    sizes = [leaf.size if leaf.is_list else 1 for _, leaf in found]
    return None if None in sizes else sum(size or 0 for size in sizes)


def names_list(type_name: str) -> str | None:
    """Return the field with the joint names of a message type; None if it has none."""
    fields = _fields(type_name)
    for name in ('name', 'joint_names'):
        if fields.get(name) == FieldType('string', is_list=True):
            return name
    return None


def has_header(type_name: str) -> bool:
    """Return whether messages of a type have a header."""
    return _fields(type_name).get('header') == FieldType('std_msgs/msg/Header')


def is_framed(type_name: str) -> bool:
    """Return whether messages of a type tell a coordinate frame in another one."""
    is_named = _fields(type_name).get('child_frame_id') == FieldType('string')
    return is_named and has_header(type_name)


def without_indices(path: str) -> str:
    """Return a path without its indices and slices."""
    return _INDEX.sub('', path)


def make_getter(path: str) -> Callable[[Any], Any]:
    """Return a function that gets the value at a path; it raises IndexError if a list is short."""
    steps = parse_path(path)
    if all(step.index is None for step in steps):
        return operator.attrgetter(path)  # four times faster

    def get(message: Any) -> Any:
        for step in steps:
            message = step(message)
        return message

    return get


def _fields(kind: str) -> dict[str, FieldType]:
    """Return the fields of a message type; empty for primitive types."""
    if '/' not in kind:
        return {}
    types = import_message(kind).get_fields_and_field_types()
    return {name: _parse(text) for name, text in types.items()}


def _parse(text: str) -> FieldType:
    """Return the type that rosidl writes as `double`, `sequence<double>` or `double[3]`."""
    text = text.replace('/', '/msg/')  # it writes message types as `package/Name`
    match = _LIST.match(text)
    if not match:
        return FieldType(text)
    if match['fixed']:
        return FieldType(match['fixed'], is_list=True, size=int(match['size']))
    return FieldType(match['bounded'], is_list=True)


def _leaves(
    path: str, field: FieldType, depth: int = 0, *, in_lists: bool = False, whole: str = ''
) -> Iterator[tuple[str, FieldType]]:
    """Yield the paths and types of the fields below a path that have no fields, depth first.

    With `in_lists`, lists of messages count as fields, too: all items of a list of fixed size, the
    first one of another. Fields of the kind `whole` are yielded as they are.
    """
    descends = depth < _MAX_DEPTH and (in_lists or not field.is_list) and field.kind != whole
    inner = _fields(field.kind) if descends else {}
    if not inner:
        yield path, field
    elif field.is_list:
        if field.size:
            path = f'{path}[0:{field.size}]'
        elif not is_framed(field.kind):  # whose items are found by their frames
            path = f'{path}[0]'
    for name, child in inner.items():
        yield from _leaves(f'{path}.{name}', child, depth + 1, in_lists=in_lists, whole=whole)


def _unknown_path(type_name: str, path: str) -> str:
    """Return the error text for a path that does not exist, with the most similar path."""
    paths = number_paths(type_name)
    plain = without_indices(path)
    ending = [item for item in paths if f'.{without_indices(item)}'.endswith(f'.{plain}')]
    meant = f' (did you mean {ending[0]!r}?)' if ending else hint(path, paths)
    shown = ', '.join(paths[:_MAX_PATHS_SHOWN])
    more = ', ...' if len(paths) > _MAX_PATHS_SHOWN else ''
    return f'given {path!r}{meant}; accepted: a path in {type_name}: {shown}{more}'


def _in_words(field: FieldType) -> str:
    """Return a field type in words."""
    return f'a list of {field.kind}' if field.is_list else field.kind

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What a field path means in a message class, without any message: numbers, how many, or none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
import operator
import re
from typing import Any

from rl_agent.configuration import hint
from rl_agent.errors import ConfigurationError
from rl_agent.ros.ros_messages import import_message

# array.array's letter for each number type of ROS messages; a truth value has none.
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
_DEEPEST = 6


@dataclass(frozen=True)
class FieldType:
    """What a path leads to.

    Attributes:
        kind: `double` and its like, or `package/Name`.
        many: it is a list of those.
        size: of a list with a fixed size.
    """

    kind: str
    many: bool = False
    size: int | None = None

    @property
    def is_number(self) -> bool:
        """Whether its members are numbers."""
        return self.kind in TYPECODES


@dataclass(frozen=True)
class PathStep:
    """One step of a path.

    Attributes:
        name: attribute.
        index: place in the list that the attribute holds, if any.
    """

    name: str
    index: int | None

    def __call__(self, message: Any) -> Any:
        """Return what the step leads to."""
        value = getattr(message, self.name)
        return value if self.index is None else value[self.index]


def steps_of(path: str) -> list[PathStep]:
    """Return the steps of a path, as `a.b[0]`."""
    found = [_STEP.match(part) for part in path.split('.')]
    return [
        PathStep(match['name'], None if match['index'] is None else int(match['index']))
        for match in found
        if match
    ]


def resolve(type_name: str, path: str) -> FieldType:
    """Return what a path leads to in a message type, `package/msg/Name`.

    Raises:
        ConfigurationError: the type is not installed, or has no such path.
    """
    place = FieldType(type_name.replace('/msg/', '/'))
    for step in steps_of(path):
        fields = _fields(place.kind)
        if step.name not in fields or place.many:
            raise ConfigurationError(_unknown_path(type_name, path))
        place = fields[step.name]
        if step.index is not None:
            if not place.many or step.index >= (place.size or step.index + 1):
                raise ConfigurationError(_unknown_path(type_name, path))
            place = FieldType(place.kind)
    return place


def leaves(type_name: str, path: str) -> list[tuple[str, FieldType]]:
    """Return the paths of all numbers, and lists of numbers, that a path leads to, in order.

    Raises:
        ConfigurationError: no such path, or it leads to what is not only numbers.
    """
    place = resolve(type_name, path)
    found = list(_leaves(path, place))
    fits = found and all(leaf.is_number for _, leaf in found)
    if not fits or (len(found) > 1 and any(leaf.many and not leaf.size for _, leaf in found)):
        raise ConfigurationError(
            f'given {path!r} ({_in_words(place)}); accepted: the path of numbers in {type_name},'
            f' as {", ".join(number_paths(type_name)[:8]) or "there is none"}'
        )
    return found


def number_paths(type_name: str) -> list[str]:
    """Return all paths to numbers and lists of numbers in a message type, but for its header."""
    found = _leaves('', FieldType(type_name.replace('/msg/', '/')))
    numbers = [path.removeprefix('.') for path, leaf in found if leaf.is_number]
    return [path for path in numbers if not path.startswith('header.')]


def size_of(found: list[tuple[str, FieldType]]) -> int | None:
    """Return how many numbers these leaves hold; None if that differs from message to message."""
    sizes = [leaf.size if leaf.many else 1 for _, leaf in found]
    return None if None in sizes else sum(size or 0 for size in sizes)


def names_list(type_name: str) -> str | None:
    """Return the list that names the joints of a message type, None if it has none."""
    fields = _fields(type_name.replace('/msg/', '/'))
    for name in ('name', 'joint_names'):
        if fields.get(name) == FieldType('string', many=True):
            return name
    return None


def has_header(type_name: str) -> bool:
    """Return whether messages of a type have a std_msgs/Header."""
    return _fields(type_name.replace('/msg/', '/')).get('header') == FieldType('std_msgs/Header')


def getter(path: str) -> Callable[[Any], Any]:
    """Return a function from a message to what a path leads to; IndexError: list too short."""
    steps = steps_of(path)
    if all(step.index is None for step in steps):
        return operator.attrgetter(path)  # a quarter of the time

    def get(message: Any) -> Any:
        for step in steps:
            message = step(message)
        return message

    return get


def _fields(kind: str) -> dict[str, FieldType]:
    """Return the fields of a message class; none of what is no message."""
    if '/' not in kind:
        return {}
    types = import_message(kind.replace('/', '/msg/')).get_fields_and_field_types()
    return {name: _parse(text) for name, text in types.items()}


def _parse(text: str) -> FieldType:
    """Return the type that ROS writes as `double`, `sequence<double>` or `double[3]`."""
    match = _LIST.match(text)
    if not match:
        return FieldType(text)
    if match['fixed']:
        return FieldType(match['fixed'], many=True, size=int(match['size']))
    return FieldType(match['bounded'], many=True)


def _leaves(path: str, place: FieldType, depth: int = 0) -> Iterator[tuple[str, FieldType]]:
    """Yield what has no fields of its own under a place, depth first."""
    inner = {} if place.many or depth == _DEEPEST else _fields(place.kind)
    if not inner:
        yield path, place
    for name, field in inner.items():
        yield from _leaves(f'{path}.{name}', field, depth + 1)


def _unknown_path(type_name: str, path: str) -> str:
    """Return an error text with the path that was probably meant."""
    paths = number_paths(type_name)
    ending = [name for name in paths if name.endswith(f'.{path}')]
    meant = f' (did you mean {ending[0]!r}?)' if ending else hint(path, paths)
    return f'given {path!r}{meant}; accepted: a path in {type_name}: {", ".join(paths)}'


def _in_words(place: FieldType) -> str:
    """Return a type as people write it."""
    return f'a list of {place.kind}' if place.many else place.kind

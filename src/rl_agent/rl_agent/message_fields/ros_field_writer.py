# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Writes numbers to where a path leads in one message, again and again."""

from array import array
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rl_agent.array_types import Float64Array
from rl_agent.message_fields.ros_field_paths import (
    FieldType,
    leaves,
    PathStep,
    resolve,
    steps_of,
    TYPECODES,
)
from rl_agent.ros.ros_messages import import_message

Writer = Callable[[Float64Array], None]

_FLOATS = ('float', 'double')


def to_boolean(number: float) -> bool:
    """Return whether a number is nearer to 1, true, than to 0, false; 0.5 is true."""
    return number >= 0.5


def make_writer(message: Any, type_name: str, paths: Sequence[str]) -> Writer:
    """Return what writes numbers, (number,), to where the paths lead, one path after the other.

    A path that leads to a list takes all numbers and makes the list as long as they are; then it
    must be the only one. Lists with an index in the path are made long enough at once. Whole
    numbers are rounded, a half to the even one; booleans are as `to_boolean` says.

    Args:
        message: that is written to.
        type_name: its type, `package/msg/Name`.
        paths: to numbers, to messages of numbers, or one to a list of numbers.

    Raises:
        ConfigurationError: a path that does not lead to numbers.
    """
    for path in paths:
        _grow(message, type_name, path)
    found = [leaf for path in paths for leaf in leaves(type_name, path)]
    if len(found) == 1 and found[0][1].many:
        path, place = found[0]
        *way, last = steps_of(path)
        return _list_writer(_walk(message, way), last, place)
    setters = []
    for path, place in found:
        *way, last = steps_of(path)
        setters.append(_setter(_walk(message, way), last, place))

    def write(numbers: Float64Array) -> None:
        for put, number in zip(setters, numbers.tolist(), strict=True):
            put(number)

    return write


def _grow(message: Any, type_name: str, path: str) -> None:
    """Make the lists on a path long enough for its indices."""
    walked = ''
    for step in steps_of(path):
        walked = f'{walked}.{step.name}'.removeprefix('.')
        if step.index is not None:
            place, items = resolve(type_name, walked), getattr(message, step.name)
            if place.size is None:
                zero = _zero(place)
                items = [*items, *(zero() for _ in range(step.index + 1 - len(items)))]
                code = TYPECODES.get(place.kind)
                setattr(message, step.name, array(code, items) if code else items)
            walked = f'{walked}[{step.index}]'
        message = step(message)


def _zero(place: FieldType) -> Callable[[], Any]:
    """Return what makes a new member of a list."""
    if not place.is_number:
        return import_message(place.kind.replace('/', '/msg/'))
    return float if place.kind in _FLOATS else bool if place.kind == 'boolean' else int


def _list_writer(parent: Any, last: PathStep, place: FieldType) -> Writer:
    """Return what writes all numbers into a list."""
    code, whole = TYPECODES[place.kind], place.kind not in _FLOATS

    def write(numbers: Float64Array) -> None:
        values: Any = np.rint(numbers) if whole else numbers
        if not code:
            values = [to_boolean(number) for number in numbers.tolist()]
        elif place.size is not None:
            values = values.astype(code)
        else:
            values = array(code, values.astype(code).tobytes())
        setattr(parent, last.name, values)

    return write


def _setter(parent: Any, last: PathStep, place: FieldType) -> Callable[[float], None]:
    """Return what writes one number."""
    convert: Callable[[float], Any] = float
    if place.kind not in _FLOATS:
        convert = to_boolean if place.kind == 'boolean' else round
    if last.index is None:
        return lambda number: setattr(parent, last.name, convert(number))
    items, index = getattr(parent, last.name), last.index

    def put(number: float) -> None:
        items[index] = convert(number)

    return put


def _walk(message: Any, steps: list[PathStep]) -> Any:
    """Return where some steps lead."""
    for step in steps:
        message = step(message)
    return message

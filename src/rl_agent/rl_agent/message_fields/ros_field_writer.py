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

"""Writes numbers to the fields at given paths of one message, again and again."""

from array import array
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rl_agent.array_types import Float64Array
from rl_agent.description.field_types import expand_path
from rl_agent.message_fields.ros_field_paths import (
    FieldType,
    leaves,
    parse_path,
    PathStep,
    resolve,
    TYPECODES,
)
from rl_agent.ros.ros_messages import import_message

Writer = Callable[[Float64Array], None]

_FLOAT_TYPES = ('float', 'double')


def to_boolean(number: float) -> bool:
    """Return the boolean that a number stands for: true from 0.5 on."""
    return number >= 0.5


def make_writer(message: Any, type_name: str, paths: Sequence[str]) -> Writer:
    """Return a function that writes numbers, (number,), to the paths in their order.

    A path to a list must be the only one; it takes all numbers, and the list gets their length.
    Lists that a path indexes are extended at once. Integers are rounded half to even; booleans
    follow `to_boolean`.

    Args:
        message: message to write to.
        type_name: its type, `package/msg/Name`.
        paths: paths of numbers or of messages of numbers, or the path of one list of numbers.

    Raises:
        ConfigurationError: a path does not lead to numbers.
    """
    grow(message, type_name, paths)
    found = [leaf for path in paths for leaf in leaves(type_name, path)]
    if len(found) == 1 and found[0][1].is_list:
        path, field = found[0]
        *parents, last = parse_path(path)
        return _list_writer(_follow(message, parents), last, field)
    setters = []
    for path, field in found:
        *parents, last = parse_path(path)
        setters.append(_setter(_follow(message, parents), last, field))

    def write(numbers: Float64Array) -> None:
        for set_number, number in zip(setters, numbers.tolist(), strict=True):
            set_number(number)

    return write


def grow(message: Any, type_name: str, paths: Sequence[str]) -> None:
    """Make the lists along some paths long enough for their indices."""
    for path in paths:
        for single in expand_path(path):
            _grow_one(message, type_name, single)


def _grow_one(message: Any, type_name: str, path: str) -> None:
    """Make the lists along a path without slices long enough for its indices."""
    prefix = ''
    for step in parse_path(path):
        prefix = f'{prefix}.{step.name}'.removeprefix('.')
        if step.index is not None:
            field, items = resolve(type_name, prefix), getattr(message, step.name)
            if field.size is None and len(items) <= step.index:
                make_item = _item_factory(field)
                items = [*items, *(make_item() for _ in range(step.index + 1 - len(items)))]
                code = TYPECODES.get(field.kind)
                setattr(message, step.name, array(code, items) if code else items)
            prefix = f'{prefix}[{step.index}]'
        message = step(message)


def _item_factory(field: FieldType) -> Callable[[], Any]:
    """Return a function that makes a new item of a list: 0, false or an empty message."""
    if not field.is_number:
        return import_message(field.kind)
    return float if field.kind in _FLOAT_TYPES else bool if field.kind == 'boolean' else int


def _list_writer(parent: Any, last: PathStep, field: FieldType) -> Writer:
    """Return a function that writes all numbers into a list."""
    code, is_integer = TYPECODES[field.kind], field.kind not in _FLOAT_TYPES

    def write(numbers: Float64Array) -> None:
        values: Any = np.rint(numbers) if is_integer else numbers
        if not code:
            values = [to_boolean(number) for number in numbers.tolist()]
        elif field.size is not None:
            values = values.astype(code)
        else:
            values = array(code, values.astype(code).tobytes())
        setattr(parent, last.name, values)

    return write


def _setter(parent: Any, last: PathStep, field: FieldType) -> Callable[[float], None]:
    """Return a function that writes one number."""
    convert: Callable[[float], Any] = float
    if field.kind not in _FLOAT_TYPES:
        convert = to_boolean if field.kind == 'boolean' else round
    if last.index is None:
        return lambda number: setattr(parent, last.name, convert(number))
    items, index = getattr(parent, last.name), last.index

    def set_item(number: float) -> None:
        items[index] = convert(number)

    return set_item


def _follow(message: Any, steps: list[PathStep]) -> Any:
    """Return the value that some steps lead to."""
    for step in steps:
        message = step(message)
    return message

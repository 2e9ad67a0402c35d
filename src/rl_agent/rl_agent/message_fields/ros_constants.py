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

"""The constants of a command: what every message has beside the numbers of the policy."""

from array import array
from collections.abc import Mapping
import math
from typing import Any

import numpy as np
from rl_agent.array_checks import fits_float32
from rl_agent.description.action import Constant, Scalar, STAMP_UNITS
from rl_agent.description.field_types import expand_path
from rl_agent.errors import ConfigurationError
from rl_agent.message_fields.ros_field_paths import (
    all_leaves,
    FieldType,
    parse_path,
    TIME,
    TYPECODES,
)
from rl_agent.message_fields.ros_field_writer import grow

STAMP = 'stamp'  # the constant that is the time of sending, for a `TIME`
_LATEST_NS = 4_000_000_000_000_000_000  # in 2096
_NOT_FINITE = ('nan', 'inf', '-inf')


def constant_mistakes(
    type_name: str, constants: Mapping[str, Constant], taken: Mapping[str, str]
) -> list[str]:
    """Return the mistakes in constants that the message type shows, one text each.

    Args:
        type_name: message type, `package/msg/Name`.
        constants: path to constant.
        taken: path that is filled otherwise to what fills it, in words.
    """
    found: list[str] = []
    owners = {path: f'is {what}' for path, what in taken.items()}
    for path, constant in constants.items():
        try:
            places = all_leaves(type_name, path)
        except ConfigurationError as error:
            found.append(f'constants: {error}')
            continue
        mistake = _value_mistake(path, constant, places) or _clash(path, owners)
        owners.update(dict.fromkeys(expand_path(path), f'is in constants.{path}, too'))
        if mistake:
            found.append(f'constants: given {path!r}: {mistake}')
    return found


def write_constants(message: Any, type_name: str, constants: Mapping[str, Constant]) -> None:
    """Write constants without mistakes into a message; stamps are left as they are."""
    for path, constant in constants.items():
        places = all_leaves(type_name, path)
        grow(message, type_name, [path])
        if _is_stamp(constant, places):
            continue
        values = _spread(constant, places)
        assert values is not None, path
        for (place, field), value in zip(places, values, strict=True):
            *parents, last = parse_path(place)
            parent = message
            for step in parents:
                parent = step(parent)
            converted = _convert(value, field)
            if last.index is None:
                setattr(parent, last.name, converted)
            else:
                getattr(parent, last.name)[last.index] = converted


def stamp_units(type_name: str, constants: Mapping[str, Constant]) -> dict[str, int]:
    """Return path to nanoseconds per unit, 0 for a `TIME`, of the constants that are stamps."""
    return {
        single: STAMP_UNITS.get(str(constant), 0)
        for path, constant in constants.items()
        if _is_stamp(constant, all_leaves(type_name, path))
        for single in expand_path(path)
    }


def _is_stamp(constant: Constant, places: list[tuple[str, FieldType]]) -> bool:
    """Return whether a constant is the time of sending: each place is a stamp or can hold it."""
    fields = [field for _, field in places]
    if constant == STAMP:
        return all(field == FieldType(TIME) for field in fields)
    if not isinstance(constant, str) or constant not in STAMP_UNITS:
        return False
    latest = _LATEST_NS // STAMP_UNITS[constant]
    return all(
        not field.is_list
        and TYPECODES.get(field.kind)
        and (field.kind == 'double' or _largest(field.kind) >= latest)
        for field in fields
    )


def _largest(kind: str) -> int:
    """Return the largest whole number of a type; 0 for float."""
    return 0 if kind == 'float' else int(np.iinfo(TYPECODES[kind]).max)


def _clash(path: str, owners: Mapping[str, str]) -> str:
    """Return that something else fills the place of a constant; empty if nothing does."""
    for single in expand_path(path):
        for other, why in owners.items():
            if single == other or single.startswith((f'{other}.', f'{other}[')):
                return f'{other} {why}; accepted: paths that are not filled otherwise'
            if other.startswith((f'{single}.', f'{single}[')):
                return f'{other} {why}; accepted: paths that are not filled otherwise'
    return ''


def _value_mistake(path: str, constant: Constant, places: list[tuple[str, FieldType]]) -> str:
    """Return why a constant does not fit its path; empty if it does."""
    if _is_stamp(constant, places):
        return ''
    if any(field.kind == TIME for _, field in places):
        return f'{constant!r}; accepted: stamp, the time of sending'
    values = _spread(constant, places)
    if values is None:
        count = len(places) if len(places) > 1 else places[0][1].size
        wanted = f'one value, or {count}' if count else 'a list'
        return f'{_in_words(constant)}; accepted: {wanted}'
    for value, (_, field) in zip(values, places, strict=True):
        for item in value if isinstance(value, tuple) else (value,):
            wanted = _wanted(item, field.kind)
            if wanted:
                return f'{item!r}; accepted: {wanted}'
    return ''


def _spread(constant: Constant, places: list[tuple[str, FieldType]]) -> list[Constant] | None:
    """Return what goes to each place: one value to all, or one each; None if they do not fit."""
    if len(places) > 1:
        if any(field.is_list and not field.size for _, field in places):
            return None
        values = [constant] * len(places) if not isinstance(constant, tuple) else list(constant)
        if len(values) != len(places):
            return None
        return [_fill(value, field) for value, (_, field) in zip(values, places, strict=True)]
    field = places[0][1]
    if not isinstance(constant, tuple):
        return None if field.is_list and not field.size else [_fill(constant, field)]
    fits = field.is_list and field.size in (None, len(constant))
    return [constant] if fits else None


def _fill(value: Constant, field: FieldType) -> Constant:
    """Return a value as often as a list of fixed size needs it."""
    return (value,) * (field.size or 0) if field.is_list else value  # type: ignore[return-value]


def _wanted(value: Scalar, kind: str) -> str:
    """Return what a field of some kind accepts instead of a value; empty if it accepts that."""
    if kind in ('string', 'wstring'):
        return '' if isinstance(value, str) else 'a text'
    if kind == 'boolean':
        return '' if isinstance(value, bool) else 'true or false'
    if kind not in TYPECODES:
        return f'no constant, because it is {kind}'
    if kind in ('float', 'double'):
        number = math.inf if isinstance(value, str) else value
        if isinstance(value, str) and value in _NOT_FINITE:
            return ''
        fits = kind == 'double' or fits_float32(np.array([float(number)]))
        wanted = f'a number in {kind}, nan, inf or -inf'
        if kind == 'double':
            wanted += f', or the time of sending, {", ".join(STAMP_UNITS)}'
        finite = not isinstance(value, str | bool) and fits
        return '' if finite else wanted
    limits = np.iinfo(TYPECODES[kind])
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
    if whole and limits.min <= int(value) <= limits.max:
        return ''
    units = [name for name, unit in STAMP_UNITS.items() if limits.max >= _LATEST_NS // unit]
    stamps = f', or the time of sending, {", ".join(units)}' if units else ''
    return f'a whole number in {kind}, {limits.min} to {limits.max}{stamps}'


def _convert(value: Constant, field: FieldType) -> Any:
    """Return a constant as the field takes it."""
    if isinstance(value, tuple):
        items = [_convert(item, FieldType(field.kind)) for item in value]
        code = TYPECODES.get(field.kind)
        if field.size is None and code:
            return array(code, items)
        return np.array(items, code) if code else items
    if field.kind in ('float', 'double'):
        return float(value)
    return int(value) if TYPECODES.get(field.kind) else value


def _in_words(constant: Constant) -> str:
    """Return a constant in words."""
    return f'{len(constant)} values' if isinstance(constant, tuple) else repr(constant)

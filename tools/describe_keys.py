# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Writes docs/robot_description.md from the dataclasses: .venv/bin/python tools/describe_keys.py.

A test compares the file with the output of this script.
"""

import dataclasses
import inspect
from pathlib import Path
import re
import types
from typing import Any, Dict, get_args, get_origin, get_type_hints, List, Literal, Union

import annotated_types
from pydantic.fields import FieldInfo
from rl_agent.description.robot import RobotDescription

FILE = Path(__file__).resolve().parents[1] / 'docs' / 'robot_description.md'
_ATTRIBUTE = re.compile(r'^ {4,8}(\w+): (.*(?:\n {12}.*)*)', re.MULTILINE)
_WORDS = {float: 'number', int: 'whole number', str: 'text', bool: 'true or false'}
_HEAD = """\
# Every key of a robot description

A robot is described by one YAML file: a name in [`config/robots/`](../config/robots) or your own
path. [connect_your_robot.md](connect_your_robot.md) shows how to write one step by step. Unknown
keys, values out of range and paths that a message does not have are errors; all are reported at
once, before anything moves. Tasks expect SI units and REP-103 axes.

Keys without a default are required. `tools/describe_keys.py` generates this file.
"""


def document() -> str:
    """Return the whole file."""
    keys: Dict[Any, List[str]] = {RobotDescription: []}
    queue = [('', RobotDescription)]
    while queue:
        key, schema = queue.pop(0)
        for item, hint in _fields(schema):
            inner_key = (key + '.' + item.name).lstrip('.')
            for inner in _dataclasses_in(hint):
                if inner not in keys:
                    queue.append((inner_key, inner))
                keys.setdefault(inner, []).append(inner_key)
    return '\n'.join([_HEAD, *(_section(names, schema) for schema, names in keys.items())])


def _fields(schema: Any) -> 'List[Any]':
    """Return the fields of a dataclass with their types."""
    hints = get_type_hints(schema, include_extras=True)
    return [(item, hints[item.name]) for item in dataclasses.fields(schema)]


def _section(keys: 'List[str]', schema: Any) -> str:
    """Return the section of a dataclass: heading, explanation and table."""
    explanation = inspect.cleandoc(schema.__doc__).partition('Attributes:')[0].strip()
    meanings: Dict[str, str] = {}
    for base in reversed(schema.__mro__):
        meanings.update(_ATTRIBUTE.findall(base.__doc__ or ''))
    lines = [
        '## ' + (', '.join(map(_code, keys)) or 'Top level'),
        '',
        explanation,
        '',
        '| key | value | default | meaning |',
        '|---|---|---|---|',
    ]
    for item, hint in _fields(schema):
        cells = (_code(item.name), _in_words(hint), _default(item), _meaning(meanings[item.name]))
        lines.append(f'| {" | ".join(cells)} |')
    return '\n'.join([*lines, ''])


def _default(item: Any) -> str:
    """Return the default of a field, or an empty string if it is required."""
    if item.default_factory is not dataclasses.MISSING:
        return '`{}`' if item.default_factory is dict else '(its defaults)'
    if item.default is dataclasses.MISSING:
        return ''
    if dataclasses.is_dataclass(item.default):
        default = item.default
        given = {inner.name: getattr(default, inner.name) for inner in dataclasses.fields(default)}
        differing = {
            inner.name: given[inner.name]
            for inner in dataclasses.fields(default)
            if given[inner.name] != inner.default and inner.default_factory is dataclasses.MISSING
        }
        words = ', '.join(f'{name}: {value}' for name, value in differing.items())
        return _code('{' + words + '}') if words else '(its defaults)'
    if item.default is None or item.default == '':
        return 'none'
    return _code(str(item.default).lower() if isinstance(item.default, bool) else item.default)


def _in_words(hint: Any) -> str:
    """Return a type in plain words."""
    if hint in _WORDS:
        return _WORDS[hint]
    if get_origin(hint) is Literal:
        return ', '.join(_code(choice) for choice in get_args(hint))
    if get_origin(hint) in (Union, types.UnionType):
        return ' or '.join(_in_words(arg) for arg in get_args(hint) if arg is not type(None))
    if get_origin(hint) is tuple:
        members = get_args(hint)
        if members[-1] is not Ellipsis and len(members) == 2:
            return '[low, high]'
        return 'list of ' + _in_words(members[0])
    if get_origin(hint) is dict:
        return 'mapping of names to ' + _in_words(get_args(hint)[1])
    if hasattr(hint, '__metadata__'):
        base, *extras = get_args(hint)
        return ' '.join([_in_words(base), *filter(None, map(_bounds, extras))])
    return 'mapping, see below'


def _bounds(extra: Any) -> str:
    """Return the bounds of a pydantic field in words, or an empty string."""
    words = []
    for item in extra.metadata if isinstance(extra, FieldInfo) else ():
        if isinstance(item, annotated_types.Gt):
            words.append(f'> {item.gt:g}')
        elif isinstance(item, annotated_types.Ge):
            words.append(f'>= {item.ge:g}')
        elif isinstance(item, annotated_types.Lt):
            words.append(f'< {item.lt:g}')
        elif isinstance(item, annotated_types.Le):
            words.append(f'<= {item.le:,}')
    return ', '.join(words)


def _dataclasses_in(hint: Any) -> 'List[Any]':
    """Return the dataclasses in a type."""
    if hasattr(hint, '__metadata__'):
        hint = get_args(hint)[0]  # the metadata may be dataclasses, too
    if dataclasses.is_dataclass(hint):
        return [hint]
    return [inner for arg in get_args(hint) for inner in _dataclasses_in(arg)]


def _code(text: Any) -> str:
    """Return text as code."""
    return f'`{text}`'


def _meaning(text: str) -> str:
    """Return the meaning of an attribute as text for a table cell."""
    return ' '.join(text.split()).replace('|', '\\|')


if __name__ == '__main__':
    FILE.write_text(document(), encoding='utf-8')

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

"""Entries of a description that is being written, as YAML with comments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import math
import re
from typing import Any

from rl_agent.robot_survey.survey import LONGEST_NAME
import yaml

FILL_IN = 'FILL IN'
_PLAIN = re.compile(r'[A-Za-z_/](?:[A-Za-z0-9_./^ -]*[A-Za-z0-9_./^-])?')
_BREAKS = '\x85\u2028\u2029\ufeff'
_LONGEST_SHOWN = 80  # characters of a text in a comment


@dataclass
class Entry:
    """A list item or a section: keys with values, each with a comment if there is one.

    Attributes:
        values: key to value: a text, a number, or a list or mapping of these.
        comments: key to comment.
        above: comments above the entry.
        is_off: whether all of it is commented out.
        rate_hz: of the messages; 0 if only one came.
        count: of the messages.
    """

    values: dict[str, Any]
    comments: dict[str, str] = field(default_factory=dict)
    above: list[str] = field(default_factory=list)
    is_off: bool = False
    rate_hz: float = 0.0
    count: int = 0

    def lines(self, indent: int = 2, *, item: bool = True) -> list[str]:
        """Return the entry as lines; `item`: of a list."""
        margin = ' ' * indent
        found = [f'{margin}# {line}' for line in self.above]
        for number, (key, value) in enumerate(self.values.items()):
            dash = ('- ' if number == 0 else '  ') if item else ''
            comment = self.comments.get(key, '')
            remark = f'   # {comment}' if comment else ''
            start = f'{margin}{"# " if self.is_off else ""}{dash}{key}:'
            if isinstance(value, list) and value and isinstance(value[0], Mapping):
                found.append(f'{start}{remark}')
                found += [f'{margin}  - {value_text(item)}' for item in value]
            else:
                found.append(f'{start} {value_text(value)}{remark}')
        return found


class Namer:
    """Gives every field a name of its own."""

    def __init__(self) -> None:
        """Begin without names."""
        self._given: set[str] = set()

    def name(self, *words: str) -> str:
        """Return a name made of the words, with a number if it is taken."""
        base = identifier('_'.join(filter(None, words)))
        name, number = base, 2
        while name in self._given:
            name, number = f'{base}_{number}', number + 1
        self._given.add(name)
        return name


def identifier(text: str, otherwise: str = 'field') -> str:
    """Return a text as a name that descriptions accept."""
    name = re.sub(r'[^A-Za-z0-9_]+', '_', text)[:LONGEST_NAME].strip('_')
    if not name:
        return otherwise
    return name if name[0].isalpha() else f'{otherwise}_{name}'


def fill_in(what: str) -> str:
    """Return a placeholder, which the loader refuses in a line that says what is missing."""
    return f'{FILL_IN}: {what}'


def value_text(value: Any) -> str:
    """Return a value as YAML in one line."""
    if isinstance(value, Mapping):
        inner = ', '.join(f'{text_of(key)}: {value_text(item)}' for key, item in value.items())
        return f'{{{inner}}}'
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f'[{", ".join(map(value_text, value))}]'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    return _number(value) if isinstance(value, float) else text_of(value)


def text_of(text: str) -> str:
    """Return a text as YAML in one line, quoted if it would be read as something else."""
    if _PLAIN.fullmatch(text) and yaml.safe_load(text) == text:
        return text
    return '"' + ''.join(map(_escaped, text)) + '"'


def shown(text: str) -> str:
    """Return a text from outside for a comment."""
    cut = text if len(text) <= _LONGEST_SHOWN else f'{text[:_LONGEST_SHOWN]}...'
    return text_of(cut)


def _number(number: float) -> str:
    """Return a number in all its digits: a limit that is rounded may be exceeded."""
    if not math.isfinite(number):
        return text_of(str(number))
    text = repr(number)
    return text if '.' in text else text.replace('e', '.0e')  # as YAML wants it


def _escaped(letter: str) -> str:
    """Return a letter as in a YAML text in double quotes."""
    if letter in '"\\':
        return f'\\{letter}'
    if '\ud800' <= letter <= '\udfff':
        return '?'
    if letter.isprintable() and letter not in _BREAKS:
        return letter
    return f'\\U{ord(letter):08X}'

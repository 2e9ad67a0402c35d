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

"""YAML and JSON from outside, with bounded size, depth and aliases.

Every loader of this project reads through these functions, so that a file costs at most a known
amount of memory and fails, if it does, with one error of one line.
"""

import json
from pathlib import Path
from typing import Any

from rl_agent.errors import ConfigurationError
import yaml

MOST_BYTES = 4 << 20
MOST_DEPTH = 64
MOST_VALUES = 500_000  # in YAML, each alias counts as what it stands for
_EVENT_LOADER = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        ConfigurationError: it cannot be read, is no regular file, too large, or not UTF-8.
    """
    content = read_bytes(path)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ConfigurationError(f'{path}: cannot be read: {error}') from error


def read_bytes(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        ConfigurationError: it cannot be read, is no regular file, or too large.
    """
    try:
        if path.exists() and not path.is_file():
            raise ConfigurationError(f'{path}: cannot be read: not a file')
        with path.open('rb') as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: of a path
        raise ConfigurationError(f'{path}: cannot be read: {error}') from error
    if len(content) > MOST_BYTES:
        raise ConfigurationError(
            f'{path}: given more than {MOST_BYTES} bytes; accepted: a smaller file'
        )
    return content


def read_yaml_value(path: Path) -> Any:
    """Return the value in a YAML file; None if it is empty.

    Raises:
        ConfigurationError: see `read_text`; or it is not valid YAML, or exceeds a limit.
    """
    text = read_text(path)
    try:
        _check_events(text)
        return yaml.safe_load(text)
    except _LimitError as error:
        raise ConfigurationError(f'{path}: {error}') from None
    # yaml's own constructors raise others, for example for a date that does not exist
    except (yaml.YAMLError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
        reason = ' '.join(str(error).split())[:500]
        raise ConfigurationError(f'{path}: not valid YAML: {reason}') from error


def check_yaml(path: Path) -> None:
    """Check the limits of a YAML file that another library will read; raises like its reading."""
    text = read_text(path)
    try:
        _check_events(text)
    except _LimitError as error:
        raise ConfigurationError(f'{path}: {error}') from None
    except (yaml.YAMLError, ValueError) as error:
        reason = ' '.join(str(error).split())[:500]
        raise ConfigurationError(f'{path}: not valid YAML: {reason}') from error


def parse_json(text: str | bytes, source: str) -> Any:
    """Return the value in a JSON text.

    Args:
        text: of a file, or a part of one.
        source: where it is from, for the error.

    Raises:
        ConfigurationError: it is not valid JSON, or exceeds a limit.
    """
    if len(text) > MOST_BYTES:
        raise ConfigurationError(
            f'{source}: given {len(text)} bytes; accepted: up to {MOST_BYTES}'
        )
    try:
        value = json.loads(text)
    except RecursionError:
        value = None
        depth = MOST_DEPTH + 1
    except ValueError as error:
        raise ConfigurationError(f'{source}: not valid JSON: {error}') from error
    else:
        depth = _depth(value)
    if depth > MOST_DEPTH:
        raise ConfigurationError(f'{source}: {_too_deep()}')
    return value


def parse_json_object(text: str | bytes, source: str) -> dict[str, Any]:
    """Return the object in a JSON text; raises like `parse_json`, or if it is something else."""
    value = parse_json(text, source)
    if not isinstance(value, dict):
        raise ConfigurationError(
            f'{source}: given {type(value).__name__}; accepted: an object of names and values'
        )
    return value


def read_json_object(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file.

    Raises:
        ConfigurationError: see `read_text` and `parse_json_object`; `__cause__` is the OSError of
            a file that cannot be read.
    """
    return parse_json_object(read_text(path), str(path))


class _LimitError(Exception):
    """A limit is exceeded."""


class _YamlSize:
    """Depth and number of values of a YAML text, with what its aliases stand for."""

    def __init__(self) -> None:
        """Start at the outside."""
        self._open: list[tuple[str | None, int]] = []  # anchor, and values before it
        self._sizes: dict[str, int] = {}
        self._values = 0

    def begin(self, anchor: str | None) -> None:
        """Enter a list or mapping."""
        self._open.append((anchor, self._values))
        if len(self._open) > MOST_DEPTH:
            raise _LimitError(_too_deep())
        if anchor is not None:
            self._sizes.pop(anchor, None)
        self.add(1)

    def end(self) -> None:
        """Leave it."""
        anchor, before = self._open.pop()
        if anchor is not None:
            self._sizes[anchor] = self._values - before

    def scalar(self, anchor: str | None) -> None:
        """Count a text or number."""
        self.add(1)
        if anchor is not None:
            self._sizes[anchor] = 1

    def alias(self, anchor: str | None) -> None:
        """Count what an alias stands for."""
        if any(anchor == name for name, _ in self._open):
            raise _LimitError(f'given *{anchor} inside of itself; accepted: no such alias')
        self.add(self._sizes.get(anchor or '', 1))

    def add(self, count: int) -> None:
        """Count values."""
        self._values += count
        if self._values > MOST_VALUES:
            raise _LimitError(
                f'given more than {MOST_VALUES} values, with each alias replaced by what it stands'
                ' for; accepted: fewer'
            )


def _check_events(text: str) -> None:
    """Raise _LimitError if a YAML text exceeds a limit, and yaml's errors if it is not valid."""
    size = _YamlSize()
    for event in yaml.parse(text, Loader=_EVENT_LOADER):
        if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            size.begin(event.anchor)
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            size.end()
        elif isinstance(event, yaml.ScalarEvent):
            size.scalar(event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            size.alias(event.anchor)


def _depth(value: Any) -> int:
    """Return how deeply lists and objects are nested, without recursion."""
    depth, level = 0, [value]
    while level and depth <= MOST_DEPTH:
        nested = [item for item in level if isinstance(item, (dict, list))]
        if not nested:
            break
        depth += 1
        level = [
            item
            for parent in nested
            for item in (parent.values() if isinstance(parent, dict) else parent)
        ]
    return depth


def _too_deep() -> str:
    """Return the words for a text that is nested too deeply."""
    return f'given lists or mappings nested more than {MOST_DEPTH} deep; accepted: fewer levels'

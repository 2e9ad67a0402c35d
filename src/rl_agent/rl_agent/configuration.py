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

"""Reads YAML files into frozen dataclasses; reports all mistakes in a file, each in one line."""

from collections.abc import Mapping
import dataclasses
import json
from pathlib import Path
import types
from typing import Any, get_args, get_origin, TypeVar, Union

from pydantic import TypeAdapter, ValidationError
from rl_agent.bounded_files import read_yaml_value
from rl_agent.errors import ConfigurationError
from rl_agent.system.configuration_files import config_folder as config_folder
from rl_agent.system.configuration_files import find_file as find_file
from rl_agent.system.configuration_files import hint as hint
from rl_agent.validation_words import Mistake, mistakes

T = TypeVar('T')
_MOST_LINES, _LONGEST_LINE = 30, 1000  # of an error, and characters of a line


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file.

    Raises:
        ConfigurationError: the file cannot be read, is not YAML, exceeds a limit of
            `bounded_files`, or is not a mapping.
    """
    content = read_yaml_value(path)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(
            f'{path}: given {type(content).__name__}, accepted: a mapping of keys to values'
        )
    return content


def build(
    schema: type[T],
    content: Mapping[str, Any],
    source: str,
    context: Mapping[str, Any] | None = None,
) -> T:
    """Return a dataclass made from plain values, checked against its types and bounds.

    Args:
        schema: a dataclass; pydantic reads its types and bounds.
        content: values as read from YAML.
        source: file or argument that the values come from, for the error text.
        context: the `ValidationInfo.context` of the schema's validators.

    Raises:
        ConfigurationError: one line for each mistake: source, key, given, accepted.
    """
    if not isinstance(content, Mapping):
        raise ConfigurationError(
            f'{source}: given {type(content).__name__}; accepted: a mapping of keys to values'
        )
    try:
        # strict mode for JSON accepts lists as tuples, but neither `true` nor '20' as a number
        text = json.dumps(dict(content), default=str)
        return TypeAdapter(schema).validate_json(text, strict=True, context=context)
    except ValidationError as error:
        found = mistakes(content, error.errors(include_url=False))
        lines = [line for mistake in found for line in _explain(schema, mistake, source)]
        raise ConfigurationError(joined_lines(lines)) from None
    except (TypeError, ValueError) as error:  # a key that is a date, for example
        raise ConfigurationError(f'{source}: {error}; accepted: texts as keys') from error


def load(
    schema: type[T],
    path: Path,
    overrides: Mapping[str, Any] | None = None,
    context: Mapping[str, Any] | None = None,
) -> T:
    """Return the dataclass made from a YAML file; overrides replace top-level keys.

    Raises:
        ConfigurationError: see `read_yaml` and `build`.
    """
    return build(schema, {**read_yaml(path), **(overrides or {})}, str(path), context)


def joined_lines(lines: list[str]) -> str:
    """Return the lines of an error as one text; a file can have any number of mistakes."""
    shown = [
        line if len(line) <= _LONGEST_LINE else f'{line[:_LONGEST_LINE]} ...' for line in lines
    ]
    if len(lines) > _MOST_LINES:
        shown[_MOST_LINES:] = [f'and {len(lines) - _MOST_LINES} more mistakes']
    return '\n'.join(shown)


def _explain(schema: Any, mistake: Mistake, source: str) -> list[str]:
    """Return a mistake as lines: one, or several from a validator of this project."""
    place = mistake.place
    # a mistake without a place concerns several keys, which its text names
    where = f'{source}: {".".join(map(str, place))}' if place else source
    if mistake.kind == 'unknown':
        keys = sorted(_fields_at(schema, place[:-1]))
        meant = hint(str(place[-1]), keys)
        return [f'{where}: unknown key{meant}; accepted: {", ".join(keys) or "none"}']
    if mistake.kind == 'missing':
        return [f'{where}: missing; this key is required']
    if mistake.kind == 'refused':
        return [f'{where}: {line}' for line in mistake.text.splitlines()]
    return [f'{where}: given {mistake.given}; accepted: {mistake.text}']


def _fields_at(schema: Any, location: tuple[Any, ...]) -> set[str]:
    """Return the keys that a dataclass accepts at a location in `schema`."""
    candidates = [schema]
    for part in location:
        candidates = [inner for candidate in candidates for inner in _step_into(candidate, part)]
    schemas = filter(dataclasses.is_dataclass, candidates)
    return {item.name for candidate in schemas for item in dataclasses.fields(candidate)}


def _step_into(schema: Any, part: Any) -> list[Any]:
    """Return the possible types one level deeper, under the key or index `part`."""
    fields = getattr(schema, '__dataclass_fields__', None)
    if fields is not None:
        return _alternatives(fields[part].type) if part in fields else [schema]
    if get_origin(schema) in (tuple, list):
        return [inner for arg in get_args(schema) for inner in _alternatives(arg)]
    if get_origin(schema) is dict:
        return _alternatives(get_args(schema)[1])
    return [schema]


def _alternatives(annotation: Any) -> list[Any]:
    """Return the members of a union, also inside Annotated."""
    if hasattr(annotation, '__metadata__'):
        return _alternatives(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [inner for arg in get_args(annotation) for inner in _alternatives(arg)]
    return [annotation]

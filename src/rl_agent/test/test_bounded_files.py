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

"""YAML and JSON from outside: one typed error of one line, with bounded memory."""

from collections.abc import Callable
import json
import os
from pathlib import Path
import tracemalloc
from typing import Any

import pytest
from rl_agent.bounded_files import (
    check_yaml,
    MOST_BYTES,
    MOST_DEPTH,
    parse_json,
    read_json_object,
    read_yaml_value,
)
from rl_agent.configuration import read_yaml
from rl_agent.description.robot import load_robot
from rl_agent.errors import ConfigurationError

BOMB = 'a: &a [x,x,x,x,x,x,x,x,x]\n' + ''.join(
    f'{name}: &{name} [{",".join(9 * [f"*{before}"])}]\n'
    for before, name in zip('abcdefgh', 'bcdefghi', strict=True)
)
MERGE_BOMB = 'a: &a {x: 1}\n' + ''.join(
    f'{name}: &{name} {{{", ".join(f"k{k}: *{before}" for k in range(9))}}}\n'
    for before, name in zip('abcdefgh', 'bcdefghi', strict=True)
)
BAD_YAML: dict[str, tuple[str | bytes, str]] = {
    'alias bomb': (BOMB, 'given more than 500000 values'),
    'alias bomb of mappings': (MERGE_BOMB, 'given more than 500000 values'),
    'recursive list': ('a: &a [*a]', 'given *a inside of itself'),
    'recursive mapping': ('&a {b: {c: *a}}', 'given *a inside of itself'),
    'deep lists': ('a: ' + '[' * 20_000, 'nested more than 64 deep'),
    'deep mappings': ('{a: ' * 20_000, 'nested more than 64 deep'),
    'deep blocks': ('\n'.join('-  ' * k for k in range(1100)), 'nested more than 64 deep'),
    'impossible date': ('a: 2024-13-45', 'not valid YAML'),
    'huge number': ('a: ' + '9' * 5000, 'not valid YAML'),
    'unknown alias': ('a: *b', 'not valid YAML'),
    'list as key': ('? [a, b]\n: c', 'not valid YAML'),
    'not UTF-8': (b'a: \xff', 'cannot be read'),
    'NUL': ('a: \0', 'not valid YAML'),
    'too large': ('#' * (MOST_BYTES + 1), 'accepted: a smaller file'),
}
BAD_JSON: dict[str, tuple[str | bytes, str]] = {
    'no object': ('[1, 2]', 'given list; accepted: an object'),
    'null': ('null', 'given NoneType; accepted: an object'),
    'deep': ('{"a":' * 65 + '1' + '}' * 65, 'nested more than 64 deep'),
    'very deep': ('[' * 200_000, 'nested more than 64 deep'),
    'half': ('{"a": ', 'not valid JSON'),
    'huge number': ('{"a": ' + '9' * 5000 + '}', 'not valid JSON'),
    'too large': ('"' + 'x' * MOST_BYTES + '"', 'accepted: a smaller file'),
}


def refusal(read: Callable[[Path], Any], path: Path, content: str | bytes) -> str:
    """Return the one line of the error for a file; less than 100 MB may be needed for it."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    tracemalloc.start()
    try:
        with pytest.raises(ConfigurationError) as refused:
            read(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100e6
    text = str(refused.value)
    assert text.startswith(f'{path}: ')
    assert len(text.splitlines()) == 1
    assert len(text) < 700 + len(str(path))
    return text


@pytest.mark.parametrize('kind', BAD_YAML)
def test_bad_yaml(tmp_path: Path, kind: str) -> None:
    content, words = BAD_YAML[kind]
    path = tmp_path / 'robot.yaml'
    for read in (read_yaml_value, read_yaml, lambda path: load_robot(str(path))):
        assert words in refusal(read, path, content)
    if 'valid' not in words:  # limits, which other libraries do not have
        assert words in refusal(check_yaml, path, content)


@pytest.mark.parametrize('kind', BAD_JSON)
def test_bad_json(tmp_path: Path, kind: str) -> None:
    content, words = BAD_JSON[kind]
    assert words in refusal(read_json_object, tmp_path / 'run.json', content)


def test_what_people_write_is_read(tmp_path: Path) -> None:
    path = tmp_path / 'a.yaml'
    path.write_text('base: &b {x: 1}\nsame: *b\nmore: {<<: *b, y: [1.5, on, 2024-02-29]}\n')
    content = read_yaml_value(path)
    assert content['same'] == {'x': 1}
    assert content['more']['y'][:2] == [1.5, True]
    path.write_text('')
    assert read_yaml_value(path) is None
    deep = json.loads('[' * MOST_DEPTH + ']' * MOST_DEPTH)
    assert parse_json(json.dumps(deep), 'x') == deep


def test_no_regular_file_is_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / 'pipe.yaml'
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, tmp_path / 'none', Path('\0')):
        with pytest.raises(ConfigurationError, match='cannot be read'):
            read_yaml_value(path)

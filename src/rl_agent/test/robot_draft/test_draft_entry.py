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

"""Whatever a robot calls its joints, the file stays YAML and means the same."""

import pytest
from rl_agent.robot_draft.draft_entry import Entry, fill_in, identifier, Namer, value_text
import yaml

NAMES = ('on', 'a: b', '- x', '{p}', 'a #b', '1e5', '~', 'null', '', 'a\nb: c', '"q"\\', '\u2028')


@pytest.mark.parametrize('name', NAMES)
def test_names_with_the_syntax_of_yaml(name: str) -> None:
    text = value_text([name])
    assert '\n' not in text
    assert yaml.safe_load(text) == [name]
    assert yaml.safe_load(f'joints: {value_text({"a": name})}') == {'joints': {'a': name}}


def test_any_letter_survives() -> None:
    letters = [chr(number) for number in (*range(0x300), 0x2028, 0x2029, 0xFEFF, 0x1F600)]
    values = [text for letter in letters for text in (letter, f'a{letter}b', f'{letter} #')]
    assert yaml.safe_load(value_text(values)) == values


def test_ordinary_names_and_numbers_stay_readable() -> None:
    assert value_text(['shoulder_pan', 'N m', 'rad/s', 'm/s^2', 0.1, 1e-7, 20.0, True]) == (
        '[shoulder_pan, N m, rad/s, m/s^2, 0.1, 1.0e-07, 20.0, true]'
    )


def test_an_entry() -> None:
    entry = Entry(
        {'name': 'a', 'limits': [{'low': [1.0]}]}, {'name': 'guess: b'}, above=['remark']
    )
    assert entry.lines() == [
        '  # remark',
        '  - name: a   # guess: b',
        '    limits:',
        '    - {low: [1.0]}',
    ]
    entry.is_off = True
    assert entry.lines()[1] == '  # - name: a   # guess: b'


def test_names_of_fields() -> None:
    namer = Namer()
    assert [namer.name('position'), namer.name('position')] == ['position', 'position_2']
    assert namer.name('imu/data', 'x') == 'imu_data_x'
    assert identifier('7dof arm!') == 'field_7dof_arm'
    assert identifier('é') == 'field'


def test_a_placeholder_says_what_is_missing() -> None:
    assert value_text(fill_in('lowest position')) == '"FILL IN: lowest position"'

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

"""Columns against the fields of a transition, and their type codes against the array module."""

from array import array
from dataclasses import fields

from plain_transition import plain_transition
from rl_agent.transport.transition import Transition
from rl_agent.transport.transition_columns import COLUMNS, to_columns


def test_columns_are_the_fields_of_a_transition() -> None:
    assert [column.attribute for column in COLUMNS] == [item.name for item in fields(Transition)]


def test_type_codes_have_the_size_of_the_type() -> None:
    for column in COLUMNS:
        assert array(column.code).itemsize == column.dtype.itemsize


def test_transitions_become_columns() -> None:
    rows = [plain_transition(2, reward=0.5), plain_transition(2, terminated=True, stamp_ns=3)]
    columns = to_columns(rows)
    assert list(columns) == [column.name for column in COLUMNS]
    assert columns['observation'].shape == (2, 2)
    assert columns['action'].shape == (2, 1)
    assert columns['reward'].tolist() == [0.5, 0.0]
    assert columns['terminated'].tolist() == [0, 1]
    assert columns['stamp'].tolist() == [0, 3]
    assert [str(columns[column.name].dtype) for column in COLUMNS] == [
        column.type for column in COLUMNS
    ]

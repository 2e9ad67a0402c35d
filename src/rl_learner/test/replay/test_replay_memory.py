# Copyright 2026 The rl_learner authors
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

"""A replay that will not fit into memory is told at the start (stable-baselines3#37, #1839)."""

from pathlib import Path

import pytest
from rl_learner.replay.replay_memory import memory_warning, replay_bytes
from rl_learner.system.memory import memory_bytes


def test_a_replay_has_four_bytes_a_number() -> None:
    assert replay_bytes(1_000_000, 10) == 40_000_000


@pytest.mark.parametrize(
    ('capacity', 'memory', 'words'),
    [
        (1_000_000, 60_000_000, ''),
        (1_000_000, None, ''),
        (
            1_500_000,
            60_000_000,
            'replay_capacity: given 1,500,000 transitions, 0.06 GB when all are there, with'
            ' 0.06 GB of memory on this machine; accepted: at most 1,350,000, or the system ends'
            ' the learner when the memory is used up',
        ),
    ],
)
def test_both_sizes_are_told(capacity: int, memory: int | None, words: str) -> None:
    assert memory_warning(capacity, 10, memory) == words


def test_the_memory_of_a_container_is_its_limit(tmp_path: Path) -> None:
    """Not what is free now: systems use what they have for files (stable-baselines3#1839)."""
    info, limit, none = (tmp_path / name for name in ('meminfo', 'limit', 'none'))
    info.write_text('MemTotal:       16000 kB\nMemFree:          100 kB\n')
    limit.write_text('8000000\n')
    none.write_text('max\n')
    assert memory_bytes(info, (none, tmp_path / 'missing')) == 16000 * 1024
    assert memory_bytes(info, (limit,)) == 8_000_000
    assert memory_bytes(tmp_path / 'missing', (none,)) is None
    info.write_text('MemTotal: plenty\n')
    assert memory_bytes(info, ()) is None


def test_this_machine_has_some() -> None:
    memory = memory_bytes()
    assert memory is not None
    assert memory > 100_000_000

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

"""The number of threads with which updates are fastest is found, also when it changes."""

from collections.abc import Callable
import logging

import pytest
from rl_learner.system.thread_choice import numbers_of_threads, ThreadChoice


class Updates:
    """Updates whose times depend on the number of threads."""

    def __init__(self) -> None:
        self.now_s, self.used = 0.0, 0
        self.counts: dict[int, int] = {}

    def choice(self, *numbers: int) -> ThreadChoice:
        return ThreadChoice(numbers, self.use, lambda: self.now_s)

    def use(self, number: int) -> None:
        self.used = number

    def run(self, choice: ThreadChoice, blocks: int, seconds: Callable[[int], float]) -> None:
        for _ in range(blocks):
            took = seconds(self.used)
            self.now_s += took
            self.counts[self.used] = self.counts.get(self.used, 0) + 1
            choice.took(took)


@pytest.fixture
def updates() -> Updates:
    return Updates()


def test_the_fastest_number_is_kept_and_hardly_any_time_goes_into_others(
    updates: Updates, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    choice = updates.choice(1, 2, 4, 8)
    took = {1: 0.006, 2: 0.004, 4: 0.003, 8: 0.02}
    updates.run(choice, 72, took.__getitem__)
    assert (choice.number, updates.used) == (4, 4)
    assert 'an update takes 3.0 ms with 4 CPU threads, 6.0 ms with 1, 4.0 ms with 2' in caplog.text
    updates.counts.clear()
    updates.run(choice, 10_000, took.__getitem__)
    assert updates.counts[4] > 9_500
    assert set(updates.counts) == {2, 4, 8}


def test_load_from_other_programs_changes_the_choice_and_its_end_changes_it_back(
    updates: Updates,
) -> None:
    choice = updates.choice(1, 2)
    free, busy = {1: 0.006, 2: 0.005}, {1: 0.008, 2: 0.015}
    for took, number in ((free, 2), (busy, 1), (free, 2)):
        updates.run(choice, 2_000, took.__getitem__)
        assert choice.number == number


def test_a_slow_block_now_and_then_does_not_matter(updates: Updates) -> None:
    choice = updates.choice(1, 2)
    took = {1: 0.006, 2: 0.005}
    blocks = iter(range(10_000))
    updates.run(choice, 5_000, lambda number: 0.5 if next(blocks) % 7 == 0 else took[number])
    assert choice.number == 2


def test_nearly_equal_times_change_nothing(updates: Updates) -> None:
    choice = updates.choice(1, 2)
    updates.run(choice, 5_000, {1: 0.0050, 2: 0.0049}.__getitem__)
    assert choice.number == 1


def test_a_single_number_is_used_always(updates: Updates) -> None:
    choice = updates.choice(3)
    updates.run(choice, 5_000, lambda number: 0.01)
    assert set(updates.counts) == {3}


@pytest.mark.parametrize(
    ('limit', 'numbers'), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (16, [1, 2, 4, 8, 16])]
)
def test_numbers(limit: int, numbers: list[int]) -> None:
    assert numbers_of_threads(limit) == numbers

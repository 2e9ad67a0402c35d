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

"""Threads of torch keep to processors of their own; everything else runs anywhere."""

import json
import os
import subprocess
import sys

import pytest
from rl_learner.system.thread_places import processor_groups
from rl_learner.training.device import num_threads

# prints the processors of the threads that do a part of a product, and of two others
PROGRAM = """
import json
import os
from pathlib import Path
import sys
import threading
from rl_learner.training.device import use_threads
import torch

other = threading.Thread(target=threading.Event().wait, daemon=True)
other.start()
torch.set_num_threads(1)
working = []


def train():
    before = {thread.name for thread in Path('/proc/self/task').iterdir()}
    for number in sys.argv[1:]:
        use_threads(int(number), 'cpu')
    torch.randn(1024, 1024) @ torch.randn(1024, 1024)
    started = {thread.name for thread in Path('/proc/self/task').iterdir()} - before
    for thread in [threading.get_native_id(), *map(int, started)]:
        working.append(sorted(os.sched_getaffinity(thread)))


training = threading.Thread(target=train)
training.start()
training.join()
others = [sorted(os.sched_getaffinity(thread)) for thread in (0, other.native_id)]
print(json.dumps([working, others]))
"""


def processors_of_threads(
    *numbers: int, **environment: str
) -> tuple[list[list[int]], list[list[int]]]:
    """Return the processors of threads of torch, and of two other threads.

    Args:
        numbers: so many threads one after the other; the last number counts.
        environment: of the process.
    """
    kept = {name: value for name, value in os.environ.items() if 'OMP_' not in name}
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM, *map(str, numbers)],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    working, others = json.loads(done.stdout)
    return working, others


@pytest.fixture
def processors() -> list[int]:
    found = sorted(os.sched_getaffinity(0))
    if len(found) < 2:
        pytest.skip('needs two processors')
    return found


def test_two_threads_never_meet_and_others_run_anywhere(processors: list[int]) -> None:
    working, others = processors_of_threads(2)
    first, second = map(set, working)
    assert first | second == set(processors)
    assert len(first & second) == len(processors) % 2
    assert others == [processors, processors]


def test_a_changed_number_of_threads_is_placed_anew(processors: list[int]) -> None:
    for numbers in ((2, 1, 2), (len(processors), 1, 2)):
        working, others = processors_of_threads(*numbers)
        first, second = map(set, working)
        assert len(first & second) == len(processors) % 2
        assert others == [processors, processors]
    assert processors_of_threads(2, 1)[0][0] == processors


def test_what_the_environment_says_of_places_is_kept(processors: list[int]) -> None:
    working, _ = processors_of_threads(2, OMP_PROC_BIND='false')
    assert working == [processors, processors]
    working, _ = processors_of_threads(2, GOMP_CPU_AFFINITY=str(processors[-1]))
    assert processors[-1:] in working


@pytest.mark.parametrize('factor', [0, 2])
def test_one_thread_and_too_many_threads_run_anywhere(processors: list[int], factor: int) -> None:
    number = factor * len(processors) or 1
    working, _ = processors_of_threads(number)
    assert working == [processors] * number


def test_groups() -> None:
    assert processor_groups([0, 4, 1, 5], 2) == [{0, 4}, {1, 5}]
    assert processor_groups([0, 1, 2], 2) == [{0, 2}, {1, 2}]
    assert processor_groups([3, 7], 2) == [{3}, {7}]
    assert processor_groups([3], 2) == []


def test_a_process_limited_to_one_processor_has_one_thread(processors: list[int]) -> None:
    program = (
        'import os; os.sched_setaffinity(0, {%d});'
        'from rl_learner.training.device import num_threads; print(num_threads(0))'
    )
    done = subprocess.run(
        [sys.executable, '-c', program % processors[-1]],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == '1\n'
    assert num_threads(0) == len(processors)
    assert num_threads(3) == 3
    assert num_threads(0, processes=len(processors)) == 1

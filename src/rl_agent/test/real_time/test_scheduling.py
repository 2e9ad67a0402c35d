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

"""Settings of Python and the operating system take effect and are restored."""

import gc
import os
import subprocess
import sys
import threading

import pytest
from rl_agent.real_time.scheduling import prepare_process, prepare_thread, restore_process

TIMEOUT_S = 30.0


def test_automatic_collection_is_off_in_a_prepared_process() -> None:
    try:
        prepare_process()
        assert not gc.isenabled()
        assert gc.get_freeze_count() > 0
        assert sys.getswitchinterval() < 0.001
    finally:
        restore_process()
        sys.setswitchinterval(0.005)
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_the_outcome_is_reported() -> None:
    """The outcome depends on the permissions of this process; it is reported either way."""
    log_lines: list[str] = []
    scheduled: list[int] = []

    def control() -> None:
        log_lines.extend(prepare_thread(10, -1))
        scheduled.append(os.sched_getscheduler(0))

    thread = threading.Thread(target=control)
    thread.start()
    thread.join(TIMEOUT_S)
    restore_process()
    if scheduled == [os.SCHED_FIFO]:
        assert log_lines == ['the control thread runs under SCHED_FIFO at priority 10']
    else:
        assert 'was not permitted' in log_lines[0]
        assert 'accepted: CAP_SYS_NICE' in log_lines[0]
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


def test_a_refused_priority_leaves_all_threads_unchanged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With `ulimit -r 5` lower priorities are permitted."""
    granted: list[int] = []

    def schedule(thread: int, policy: int, parameters: os.sched_param) -> None:
        if parameters.sched_priority > 5:
            raise PermissionError('Operation not permitted')
        granted.append(policy)

    monkeypatch.setattr(os, 'sched_setscheduler', schedule)
    log_lines = prepare_thread(10, -1)
    assert 'runs without SCHED_FIFO' in log_lines[0]
    assert os.SCHED_FIFO not in granted


def test_the_other_threads_get_the_lowest_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[int, tuple[int, int]] = {}

    def schedule(thread: int, policy: int, parameters: os.sched_param) -> None:
        given[thread or threading.get_native_id()] = policy, parameters.sched_priority

    monkeypatch.setattr(os, 'sched_setscheduler', schedule)
    ends = threading.Event()
    other = threading.Thread(target=ends.wait)
    other.start()
    log_lines = prepare_thread(10, -1)
    ends.set()
    other.join(TIMEOUT_S)
    assert log_lines == ['the control thread runs under SCHED_FIFO at priority 10']
    assert other.native_id is not None
    assert given[threading.get_native_id()] == (os.SCHED_FIFO, 10)
    assert given[other.native_id] == (os.SCHED_FIFO, 1)


def test_nothing_is_done_by_default() -> None:
    assert prepare_thread(0, -1) == []
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


def test_a_thread_can_be_pinned_to_a_processor() -> None:
    """In a separate process, because the pinning would last."""
    code = (
        'import os; from rl_agent.real_time.scheduling import prepare_thread;'
        ' print(prepare_thread(0, min(os.sched_getaffinity(0))), len(os.sched_getaffinity(0)))'
    )
    result = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True
    )
    assert 'is bound to processor' in result.stdout
    assert result.stdout.strip().endswith(' 1')

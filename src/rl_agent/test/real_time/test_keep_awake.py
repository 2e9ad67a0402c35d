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

"""A processor kept awake is busy, gives way to other work, and may sleep after `close`."""

import os
from pathlib import Path
import threading
import time

import pytest
from rl_agent.bringup.robot_parameters import AgentParameters
from rl_agent.configuration import build
from rl_agent.errors import ConfigurationError
from rl_agent.real_time.keep_awake import AwakeProcessor, kept_awake

CPU = max(os.sched_getaffinity(0))


def awake_threads() -> list[int]:
    """Return the ids of this process's threads at idle priority on one processor."""
    threads = [int(folder.name) for folder in Path('/proc/self/task').iterdir()]
    idle = [thread for thread in threads if os.sched_getscheduler(thread) == os.SCHED_IDLE]
    return [thread for thread in idle if os.sched_getaffinity(thread) == {CPU}]


def used_s(thread: int) -> float:
    """Return the processor time of a thread."""
    fields = Path(f'/proc/self/task/{thread}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def test_it_spins_at_idle_priority_until_it_is_closed() -> None:
    threads = threading.active_count()
    awake = AwakeProcessor(CPU)
    try:
        (thread,) = awake_threads()
        deadline_s = time.monotonic() + 60.0
        while used_s(thread) < 0.1:
            assert time.monotonic() < deadline_s
            time.sleep(0.01)  # releases the interpreter lock
    finally:
        awake.close()
    assert threading.active_count() == threads
    assert awake_threads() == []


def test_a_missing_processor_is_named() -> None:
    with pytest.raises(OSError, match='Invalid argument'):
        AwakeProcessor(1023)
    assert awake_threads() == []


def test_a_context_reports_a_refusal_and_goes_on() -> None:
    said: list[str] = []
    with kept_awake(1023, said.append):
        assert said == ['keep_awake: processor 1023: [Errno 22] Invalid argument']
    with kept_awake(-1, said.append):
        assert awake_threads() == []
    with kept_awake(CPU, said.append):
        assert len(awake_threads()) == 1
    assert awake_threads() == []
    assert len(said) == 1


def test_keep_awake_needs_a_processor_number() -> None:
    with pytest.raises(ConfigurationError, match='keep_awake: given true without control_cpu'):
        build(AgentParameters, {'robot': 'pendulum', 'keep_awake': True}, 'parameters')
    build(AgentParameters, {'robot': 'pendulum', 'keep_awake': True, 'control_cpu': 0}, 'here')

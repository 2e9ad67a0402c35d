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

"""When a thread beside the control thread may work."""

import threading
import time

import pytest
from rl_agent.real_time import idle_time as module
from rl_agent.real_time.idle_time import IdleTime

LONG_S = 60.0


@pytest.fixture
def idle_time(monkeypatch: pytest.MonkeyPatch) -> IdleTime:
    """Return idle time for which others wait a minute."""
    monkeypatch.setattr(module, '_LONGEST_WAIT_S', LONG_S)
    return IdleTime()


def waited_s(idle_time: IdleTime) -> float:
    """Return how long `wait` takes."""
    before_s = time.monotonic()
    idle_time.wait()
    return time.monotonic() - before_s


def test_work_goes_on_while_there_is_time_for_a_part_of_it(idle_time: IdleTime) -> None:
    idle_time.begin(time.monotonic() + LONG_S)
    assert waited_s(idle_time) < LONG_S
    idle_time.begin(time.monotonic() + LONG_S)  # nobody waits for it
    assert waited_s(idle_time) < LONG_S


def test_work_waits_for_the_next_command(idle_time: IdleTime) -> None:
    went_on = threading.Event()

    def work() -> None:
        idle_time.wait()
        went_on.set()

    idle_time.begin(time.monotonic() + 1e-4)  # too short for a part
    thread = threading.Thread(target=work)
    thread.start()
    assert not went_on.wait(0.1)
    idle_time.begin(time.monotonic() - 1.0)  # late: the next tick is due
    assert not went_on.wait(0.1)
    idle_time.begin(time.monotonic() + LONG_S)
    assert went_on.wait(LONG_S)
    thread.join()


def test_without_commands_work_goes_on_soon() -> None:
    assert waited_s(IdleTime()) >= module._LONGEST_WAIT_S

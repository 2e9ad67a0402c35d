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

"""Signals end a process in order, however fast one follows another."""

import subprocess
import sys
import threading
import time

import pytest
from rl_agent.system.signal_safe_event import SignalSafeEvent

TWICE = """
import os, random, signal, threading, time
from rl_agent.system.signal_safe_event import set_by_signals, SignalSafeEvent
print('ready', flush=True)
for trial in range(300):
    stop = SignalSafeEvent()
    set_by_signals(stop, signal.SIGINT, signal.SIGTERM)

    def send():
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(os.getpid(), number)
            start_s = time.perf_counter()
            while time.perf_counter() - start_s < 120e-6 * random.random():
                pass

    thread = threading.Thread(target=send)
    thread.start()
    stop.wait()
    thread.join()
print('done')
"""


def test_two_signals_at_once_do_not_deadlock() -> None:
    done = subprocess.run(
        [sys.executable, '-c', TWICE], capture_output=True, text=True, timeout=100, check=True
    )
    assert done.stdout.split() == ['ready', 'done']


def test_it_wakes_all_waiting_threads_and_stays_set() -> None:
    event = SignalSafeEvent()
    assert not event.wait(0.01)
    threads = [threading.Thread(target=event.wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    assert all(thread.is_alive() for thread in threads)
    for _ in range(10_000):  # more than the socket buffer holds
        event.set()
    for thread in threads:
        thread.join(30.0)
        assert not thread.is_alive()
    assert event.is_set()
    assert event.wait()
    with pytest.raises(RuntimeError, match='stays set'):
        event.clear()


WITHOUT_ITS_HANDLER = """
import os, select, signal
from rl_agent.system.signal_safe_event import set_by_signals, SignalSafeEvent

event = SignalSafeEvent()
set_by_signals(event, signal.SIGTERM)
signal.signal(signal.SIGTERM, lambda number, frame: None)  # as if it had not run yet
os.kill(os.getpid(), signal.SIGTERM)
poll = select.poll()
poll.register(event._woken, select.POLLIN)
print(len(poll.poll(5000)), event.wait(0.01), event.wait(0.01))
event.set()
print(event.wait(), event.wait())
"""


def test_a_signal_wakes_who_waits_before_its_handler_runs() -> None:
    """Else one that arrives just before the system call of `wait` would be noticed too late."""
    done = subprocess.run(
        [sys.executable, '-c', WITHOUT_ITS_HANDLER],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split('\n') == ['1 False False', 'True True', '']

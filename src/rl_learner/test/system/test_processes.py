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

"""Child processes are started, watched and ended together, with real processes."""

from collections.abc import Iterator
import os
from pathlib import Path
import select
import signal
import subprocess
import sys
import threading
import time

import pytest
from rl_agent.errors import RlError
from rl_learner.system.processes import (
    ChildProcess,
    end_in_order,
    raise_if_ended,
    wait_until_ended,
)

TIMEOUT_S = 30.0

# On SIGTERM it writes its name to the file `order` after a delay; `stubborn` ignores SIGTERM.
PROGRAM = """
import os, signal, sys, time
name, delay_s = sys.argv[1], float(sys.argv[2])
def end(number, frame):
    time.sleep(delay_s)
    with open('order', 'a') as file:
        file.write(name + ' ')
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if name == 'stubborn' else end)
print(name, 'is ready', flush=True)
with open('ready', 'w') as file:
    file.write(name + ' ')
while True:
    signal.pause()
"""

# Starts a child, prints its process id, and waits.
PARENT = """
import os, pathlib, signal, sys
from rl_learner.system.processes import ChildProcess
child = ChildProcess('child', sys.argv[1:], pathlib.Path('child.log'), os.environ)
print(child._process.pid, flush=True)
signal.pause()
"""


def deadline() -> float:
    return time.monotonic() + TIMEOUT_S


class Workshop:
    """Starts programs in a folder and waits until they are ready."""

    def __init__(self, folder: Path) -> None:
        """Create the pipe on which programs report that they are ready."""
        self.folder = folder
        self.started: list[ChildProcess] = []
        os.mkfifo(folder / 'ready')
        self._ready = os.open(folder / 'ready', os.O_RDWR | os.O_NONBLOCK)

    def start(self, name: str, delay_s: float = 0.0) -> ChildProcess:
        """Return a program that is ready to receive a signal."""
        child = self.start_program(name, [sys.executable, '-c', PROGRAM, name, str(delay_s)])
        self.wait_until_ready()
        return child

    def start_program(self, name: str, command: list[str]) -> ChildProcess:
        log = self.folder / f'{name}.log'
        environment = {**os.environ, 'WHO': name}
        child = ChildProcess(name, ['env', '-C', str(self.folder), *command], log, environment)
        self.started.append(child)
        return child

    def wait_until_ready(self) -> None:
        readable, _, _ = select.select([self._ready], [], [], TIMEOUT_S)
        assert readable, 'the program did not start'
        os.read(self._ready, 1000)

    def order(self) -> list[str]:
        """Return the names of the programs that ended in order, first to last."""
        path = self.folder / 'order'
        return path.read_text(encoding='utf-8').split() if path.exists() else []

    def close(self) -> None:
        os.close(self._ready)
        for child in self.started:
            child.end(time.monotonic())


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    workshop = Workshop(tmp_path)
    yield workshop
    workshop.close()


def wait_for_end(process: int) -> bool:
    """Return whether the process behind a descriptor ends in time."""
    return bool(select.select([process], [], [], TIMEOUT_S)[0])


def test_a_running_process_has_no_exit_code(workshop: Workshop) -> None:
    child = workshop.start('a')
    while_running = child.exit_code
    assert while_running is None
    assert child.resident_mb() > 1.0
    child.ask_to_end()
    child.end(deadline())
    assert child.exit_code == 0
    assert child.resident_mb() == 0.0


def test_the_exit_code_is_reported(workshop: Workshop) -> None:
    child = workshop.start_program('a', ['sh', '-c', 'exit 7'])
    child.end(deadline())
    assert child.exit_code == 7


def test_an_end_that_nobody_asked_for_is_told_with_its_last_words(workshop: Workshop) -> None:
    running = workshop.start('a')
    raise_if_ended([running])
    failed = workshop.start_program('b', ['sh', '-c', 'echo no port; exit 7'])
    failed.end(deadline())
    with pytest.raises(RlError, match=r'b ended with exit code 7; its log .*b\.log .*\nno port'):
        raise_if_ended([running, failed])


def test_stages_end_one_after_the_other(workshop: Workshop) -> None:
    """The second is terminated only after the slower first has ended."""
    slow, quick, last = (
        workshop.start('slow', delay_s=0.3),
        workshop.start('quick'),
        workshop.start('last'),
    )
    end_in_order([[slow], [quick], [last]], deadline())
    assert workshop.order() == ['slow', 'quick', 'last']
    assert [child.exit_code for child in (slow, quick, last)] == [0, 0, 0]


def test_processes_of_a_stage_are_terminated_together(workshop: Workshop) -> None:
    slow, quick = workshop.start('slow', delay_s=0.5), workshop.start('quick')
    end_in_order([[slow, quick]], deadline())
    assert workshop.order() == ['quick', 'slow']


def test_processes_are_killed_after_the_deadline(workshop: Workshop) -> None:
    """A stubborn process does not keep the signal from the others."""
    stubborn, other = workshop.start('stubborn'), workshop.start('other')
    end_in_order([[stubborn, other]], time.monotonic() + 2.0)
    assert stubborn.exit_code == -signal.SIGKILL
    assert other.exit_code == 0


def test_waiting_ends_at_a_stop_or_the_deadline(workshop: Workshop) -> None:
    slow, stop = workshop.start('slow', delay_s=1.0), threading.Event()
    slow.ask_to_end()
    wait_until_ended([slow], stop, deadline())
    assert slow.exit_code == 0
    stubborn = workshop.start('stubborn')
    stubborn.ask_to_end()
    stop.set()
    wait_until_ended([stubborn], stop, deadline())
    assert stubborn.exit_code is None
    wait_until_ended([stubborn], threading.Event(), time.monotonic())
    assert stubborn.exit_code is None
    stubborn.kill()


def test_ending_an_ended_process_does_nothing(workshop: Workshop) -> None:
    child = workshop.start('a')
    for _ in range(2):
        end_in_order([[child]], deadline())
        child.ask_to_end()
    assert (child.exit_code, workshop.order()) == (0, ['a'])


def test_no_stages_do_nothing() -> None:
    end_in_order([], deadline())
    end_in_order([[]], deadline())


def test_the_terminal_reaches_only_the_parent(workshop: Workshop) -> None:
    """A child in its own session gets no Ctrl-C, and its standard input is empty."""
    program = 'import os, sys; print(os.getsid(0), os.getpid(), len(sys.stdin.read()))'
    child = workshop.start_program('a', [sys.executable, '-c', program])
    child.end(deadline())
    session, process, read = child.last_lines(1).split()
    assert session == process
    assert int(session) != os.getsid(0)
    assert read == '0'


def test_a_child_has_the_given_environment(workshop: Workshop) -> None:
    child = workshop.start_program('robot_1_agent', ['sh', '-c', 'echo $WHO'])
    child.end(deadline())
    assert child.last_lines(1) == 'robot_1_agent'


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGTERM])
def test_a_child_dies_with_its_parent(workshop: Workshop, number: signal.Signals) -> None:
    command = [sys.executable, '-c', PROGRAM, 'child', '0']
    parent = subprocess.Popen(
        [sys.executable, '-c', PARENT, *command],
        cwd=workshop.folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        workshop.wait_until_ready()
        parent.send_signal(number)
        assert parent.wait(TIMEOUT_S) == -number
    try:
        assert wait_for_end(child)
    finally:
        os.close(child)
    assert workshop.order() == ['child']  # it got SIGTERM and ended in order


@pytest.mark.parametrize(
    ('script', 'count', 'expected'),
    [
        ('echo one; echo two; echo three', 2, 'two\nthree'),
        ('echo one; echo two >&2', 5, 'one\ntwo'),
        ('echo one; echo; echo', 1, 'one'),
        ('true', 3, ''),
        (r"printf 'a\377b\n'", 1, 'a\ufffdb'),
    ],
    ids=['last two', 'errors too', 'blank end', 'nothing', 'not text'],
)
def test_the_end_of_the_log(workshop: Workshop, script: str, count: int, expected: str) -> None:
    child = workshop.start_program('a', ['sh', '-c', script])
    child.end(deadline())
    assert child.last_lines(count) == expected


def test_a_log_is_overwritten(workshop: Workshop) -> None:
    for word in ('old', 'new'):
        child = workshop.start_program('a', ['echo', word])
        child.end(deadline())
    assert child.log.read_text(encoding='utf-8') == 'new\n'

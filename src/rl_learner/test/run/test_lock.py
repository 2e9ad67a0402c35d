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

"""One learner per run; afterwards the lock file says how it ended."""

import os
from pathlib import Path
import signal
import subprocess
import sys

import pytest
from rl_agent.errors import ConfigurationError
from rl_learner.run.lock import kept_unused, LOCK_FILE, run_state, RunLock

PROGRAM = (
    'import pathlib, sys, time; from rl_learner.run.lock import RunLock;'
    'lock = RunLock(pathlib.Path(sys.argv[1])); lock.begin(); print("held", flush=True);'
    'sys.stdin.read()'
)


def test_the_states_of_a_run(tmp_path: Path) -> None:
    assert run_state(tmp_path) == 'not started'
    assert not (tmp_path / LOCK_FILE).exists()
    lock = RunLock(tmp_path)
    lock.begin()
    assert run_state(tmp_path) == 'running'
    lock.end()
    lock.close()
    assert run_state(tmp_path) == 'stopped'
    lock = RunLock(tmp_path)
    lock.begin()
    lock.close()
    assert run_state(tmp_path) == 'crashed'


def test_a_failed_start_leaves_the_state_unchanged(tmp_path: Path) -> None:
    RunLock(tmp_path).close()
    assert run_state(tmp_path) == 'not started'
    lock = RunLock(tmp_path)
    lock.begin()
    lock.end()
    lock.close()
    RunLock(tmp_path).close()
    assert run_state(tmp_path) == 'stopped'


def test_a_second_learner_is_refused_and_a_killed_one_has_crashed(tmp_path: Path) -> None:
    learner = subprocess.Popen(
        [sys.executable, '-c', PROGRAM, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert learner.stdout is not None
        assert learner.stdout.readline() == 'held\n'
        assert run_state(tmp_path) == 'running'
        with pytest.raises(ConfigurationError, match=f'process {learner.pid}.*trains there'):
            RunLock(tmp_path)
        os.kill(learner.pid, signal.SIGKILL)
    finally:
        learner.kill()
        learner.communicate()
    assert run_state(tmp_path) == 'crashed'


def test_a_damaged_lock_file_counts_as_crashed(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).write_text('{"proc', encoding='utf-8')
    assert run_state(tmp_path) == 'crashed'


def test_a_folder_that_is_not_writable_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r'/proc/nowhere.*a folder to write in'):
        RunLock(Path('/proc/nowhere'))


def test_a_lock_is_kept_unused_and_unchanged(tmp_path: Path) -> None:
    path = tmp_path / LOCK_FILE
    with kept_unused(path):  # no lock file: nothing to keep
        assert not path.exists()
    lock = RunLock(tmp_path)
    lock.begin()
    with pytest.raises(BlockingIOError), kept_unused(path):
        pass
    lock.end()
    lock.close()
    path.chmod(0o444)
    before = path.read_bytes()
    with kept_unused(path):
        assert path.read_bytes() == before
        assert run_state(tmp_path) == 'stopped'
        with pytest.raises(ConfigurationError, match='trains there'):
            RunLock(tmp_path)
    RunLock(tmp_path).close()

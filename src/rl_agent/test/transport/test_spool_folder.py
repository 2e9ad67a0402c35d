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

"""Unacknowledged transitions are found again, however the agent ended, and nothing else."""

from collections.abc import Callable
import contextlib
import errno
import os
from pathlib import Path
import signal
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest
from rl_agent.errors import ConfigurationError, RlError
from rl_agent.system.folders import default_spool_folder
from rl_agent.transport.record_ring import FileRing
from rl_agent.transport.spool import Spool
from rl_agent.transport.spool_folder import SpoolFolder
from rl_agent.transport.transition import Intervention, Sender, Transition
from rl_agent.transport.transition_record import intact, RecordLayout

LAYOUT = RecordLayout(3, 2)
TIMEOUT_S = 30.0

# Appends for ever; prints each number after `append` has returned, until it is killed.
APPENDING = """
import sys
from pathlib import Path
from test_spool_folder import make, make_transition
folder = make(Path(sys.argv[1]), Path(sys.argv[2]), session='killed', in_memory=50)
number = 0
while True:
    number += 1
    folder.spool.append(make_transition(number))
    if number % 20 == 0:
        folder.spool.move_to_file()
    print(number, flush=True)
"""


def make_transition(number: int) -> Transition:
    """Return a transition with its number in every field."""
    return Transition(
        observation=np.full(3, number, np.float32),
        action=np.full(2, -number, np.float32),
        reward=number / 2,
        next_observation=np.full(3, number + 1, np.float32),
        terminated=number % 2 == 0,
        truncated=number % 3 == 0,
        intervention=Intervention(number % 3),
        evaluation=number % 7 == 0,
        policy_version=2**40 + number,
        episode=number // 10,
        step=number % 10,
        stamp_ns=2**50 + number,
    )


def make(folder: Path, shared: Path, **changes: Any) -> SpoolFolder:
    """Return an open spool folder."""
    settings: dict[str, Any] = {
        'session': 'first',
        'fingerprint': 'f1',
        'capacity': 100,
        'in_memory': 20,
        'report': print,
        **changes,
    }
    sender = Sender('robot/1', settings.pop('session'), settings.pop('fingerprint'))
    return SpoolFolder(folder, sender, LAYOUT, shared_memory=shared, **settings)


def fill(spool: Spool, count: int, *, move: bool = True) -> None:
    """Append transitions; move them to the disk at known times, in place of the thread."""
    for number in range(spool.newest_sequence + 1, spool.newest_sequence + 1 + count):
        spool.append(make_transition(number))
        if move and number % 10 == 0:
            spool.move_to_file(everything=True)


def send_and_acknowledge(spool: Spool, sequence: int) -> None:
    """Send everything, and acknowledge this session up to a number."""
    while spool.next_batch(1000):
        pass
    spool.acknowledge(sequence)


def drain(spool: Spool) -> list[tuple[str, int, int]]:
    """Return session, number and oldest number of all transitions; check their content."""
    drained = []
    while (batch := spool.next_batch(7)) is not None:
        for offset, transition in enumerate(batch.transitions):
            number = batch.first_sequence + offset
            expected = make_transition(number)
            for name in ('observation', 'action', 'next_observation'):
                np.testing.assert_array_equal(getattr(transition, name), getattr(expected, name))
            for name in ('reward', 'terminated', 'truncated', 'intervention', 'evaluation'):
                assert getattr(transition, name) == getattr(expected, name)
            for name in ('policy_version', 'episode', 'step', 'stamp_ns'):
                assert getattr(transition, name) == getattr(expected, name)
            drained.append((batch.session, number, batch.oldest_sequence))
        spool.acknowledge(batch.first_sequence + len(batch.records) - 1, batch.session)
    return drained


def numbers(spool: Spool) -> list[tuple[str, int]]:
    return [(session, number) for session, number, _ in drain(spool)]


def expect(session: str, first: int, last: int) -> list[tuple[str, int]]:
    return [(session, number) for number in range(first, last + 1)]


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    folder = tmp_path / 'shared_memory'
    folder.mkdir()
    return folder


@pytest.fixture
def crash() -> 'Crash':
    """Return a function that leaves a folder as SIGKILL would: unlocked, nothing moved."""

    def end(folder: SpoolFolder) -> None:
        folder._stopping = True
        folder.spool.crowded.set()
        folder._thread.join(TIMEOUT_S)
        os.close(folder._lock)

    return end


Crash = Callable[[SpoolFolder], None]


def test_leftovers_are_sent_first_under_their_own_session(
    tmp_path: Path, shared: Path, crash: Crash
) -> None:
    folder = make(tmp_path, shared)
    fill(folder.spool, 25)
    send_and_acknowledge(folder.spool, 4)
    crash(folder)
    folder = make(tmp_path, shared, session='second')
    assert (folder.leftover, folder.spool.on_disk) == (21, 21)
    fill(folder.spool, 5)
    crash(folder)
    folder = make(tmp_path, shared, session='third')
    fill(folder.spool, 3)
    wanted = [*expect('first', 5, 25), *expect('second', 1, 5), *expect('third', 1, 3)]
    assert numbers(folder.spool) == wanted
    assert folder.close() == 0


def test_an_orderly_end_leaves_the_rest_only_in_the_file(tmp_path: Path, shared: Path) -> None:
    folder = make(tmp_path, shared)
    fill(folder.spool, 7, move=False)
    send_and_acknowledge(folder.spool, 2)
    assert folder.close() == 5
    assert list(shared.iterdir()) == []
    folder = make(tmp_path, shared, session='second')
    assert numbers(folder.spool) == expect('first', 3, 7)
    folder.close()


def test_nothing_is_left_when_everything_is_acknowledged(tmp_path: Path, shared: Path) -> None:
    folder = make(tmp_path, shared)
    fill(folder.spool, 25)
    drain(folder.spool)
    assert folder.close() == 0
    assert [path for path in tmp_path.rglob('*') if path.is_file()] == []


def test_transitions_acknowledged_soon_never_touch_the_disk(tmp_path: Path, shared: Path) -> None:
    folder = make(tmp_path, shared)
    file = next(tmp_path.glob('robot%2F1/*.spool'))
    before = file.stat()
    assert before.st_size <= 64  # its header
    for _ in range(20):
        fill(folder.spool, 5, move=False)
        drain(folder.spool)
        folder.spool.move_to_file()
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    folder.close()


def test_after_a_cut_nothing_is_written_to_the_disk(
    tmp_path: Path, shared: Path, crash: Crash
) -> None:
    """Even if transitions are always in flight."""
    folder = make(tmp_path, shared)
    file = next(tmp_path.glob('robot%2F1/*.spool'))
    fill(folder.spool, 50)
    send_and_acknowledge(folder.spool, 30)
    folder.spool.move_to_file()
    assert file.stat().st_size > 40 * LAYOUT.size
    noted = []
    for _ in range(10):
        fill(folder.spool, 5, move=False)
        send_and_acknowledge(folder.spool, folder.spool.newest_sequence - 2)
        folder.spool.move_to_file()
        noted.append(file.stat())
    assert noted[0].st_size == 64
    assert noted[-1].st_mtime_ns == noted[0].st_mtime_ns
    crash(folder)
    folder = make(tmp_path, shared, session='second')
    assert numbers(folder.spool) == expect('first', 99, 100)
    folder.close()


def test_disk_space_is_freed(tmp_path: Path, shared: Path) -> None:
    folder = make(tmp_path, shared)
    fill(folder.spool, 50)
    file = next(tmp_path.glob('robot%2F1/*.spool'))
    assert file.stat().st_size > 40 * LAYOUT.size
    drain(folder.spool)
    folder.spool.move_to_file()
    assert file.stat().st_size == 64
    folder.close()


@pytest.mark.parametrize('rounds', [1, 7])
def test_a_ring_wraps_around(tmp_path: Path, shared: Path, crash: Crash, rounds: int) -> None:
    """Several times around memory and file, with some transitions left each time."""
    folder = make(tmp_path, shared)
    for _ in range(rounds):
        fill(folder.spool, 90)
        send_and_acknowledge(folder.spool, folder.spool.newest_sequence - 60)
    crash(folder)
    folder = make(tmp_path, shared, session='second')
    assert numbers(folder.spool) == expect('first', 90 * rounds - 59, 90 * rounds)
    assert folder.spool.dropped == 0
    folder.close()


def test_a_full_spool_drops_the_oldest_over_all_sessions(
    tmp_path: Path, shared: Path, crash: Crash
) -> None:
    folder = make(tmp_path, shared)
    fill(folder.spool, 130)
    assert (folder.spool.dropped, folder.spool.pending) == (30, 100)
    crash(folder)
    folder = make(tmp_path, shared, session='second')
    assert (folder.leftover, folder.spool.dropped) == (100, 0)
    fill(folder.spool, 10)
    assert (folder.spool.dropped, folder.spool.pending) == (10, 100)
    drained = drain(folder.spool)
    assert [item[:2] for item in drained] == [*expect('first', 41, 130), *expect('second', 1, 10)]
    assert drained[0][2] == 41  # shows the bridge that 1 to 40 are lost
    folder.close()


class _RefusingFile(FileRing):
    """A file on a disk that is full while `full` is set."""

    full = False

    def write(self, start: int, records: Any) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, 'No space left on device')
        super().write(start, records)


def test_a_full_disk_loses_only_what_memory_cannot_hold(
    tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory holds 20; nothing is dropped while no more are pending."""
    monkeypatch.setattr('rl_agent.transport.spool_folder.FileRing', _RefusingFile)
    monkeypatch.setattr(_RefusingFile, 'full', True)
    monkeypatch.setattr('rl_agent.transport.spool_folder._MOVE_PERIOD_S', 0.01)
    reports: list[str] = []
    reported = threading.Event()

    def report(text: str) -> None:
        reports.append(text)
        reported.set()

    folder = make(tmp_path, shared, report=report)
    fill(folder.spool, 20, move=False)
    assert folder.spool.dropped == 0
    fill(folder.spool, 15, move=False)
    assert (folder.spool.dropped, folder.spool.pending) == (15, 20)
    assert reported.wait(TIMEOUT_S)
    assert 'No space left on device; only the newest transitions are kept' in reports[0]
    monkeypatch.setattr(_RefusingFile, 'full', False)
    folder.spool.move_to_file(everything=True)
    fill(folder.spool, 30)
    assert folder.spool.dropped == 15
    assert numbers(folder.spool) == expect('first', 16, 65)
    folder.close()


def test_a_file_truncated_in_use_is_a_counted_loss(tmp_path: Path, shared: Path) -> None:
    folder = make(tmp_path, shared)
    fill(folder.spool, 50)
    os.truncate(next(tmp_path.glob('robot%2F1/*.spool')), 64)
    drained = drain(folder.spool)
    assert [number for _, number, _ in drained] == list(range(31, 51))
    assert folder.spool.dropped == 30
    folder.close()


def test_closing_works_on_a_disk_that_turned_read_only(tmp_path: Path, shared: Path) -> None:
    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise OSError(errno.EROFS, 'Read-only file system')

    folder = make(tmp_path, shared)
    fill(folder.spool, 25)
    drain(folder.spool)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, 'unlink', refuse)
        assert folder.close() == 0
    folder = make(tmp_path, shared, session='second')  # the lock is free
    assert folder.leftover == 0
    folder.close()


def test_one_process_at_a_time(tmp_path: Path, shared: Path) -> None:
    folder = make(tmp_path, shared)
    with pytest.raises(ConfigurationError) as caught:
        make(tmp_path, shared)
    assert str(caught.value) == (
        f'spool_folder: given {tmp_path}: another process uses robot%2F1; accepted: one agent for'
        ' each robot_id, or another spool_folder'
    )
    folder.close()
    make(tmp_path, shared).close()


def test_spools_of_another_kind_of_robot_are_reported_once_and_kept(
    tmp_path: Path, shared: Path, crash: Crash
) -> None:
    folder = make(tmp_path, shared)
    fill(folder.spool, 30)
    crash(folder)
    before = {path: path.read_bytes() for path in tmp_path.rglob('*') if path.is_file()}
    reports: list[str] = []
    other = make(tmp_path, shared, fingerprint='f2', report=reports.append)
    assert other.leftover == 0
    assert len(reports) == 2  # a file on the disk and one in memory
    assert all('another kind of robot' in text and 'f1' in text for text in reports)
    other.close()
    assert before == {path: path.read_bytes() for path in before}
    folder = make(tmp_path, shared, session='second')
    assert numbers(folder.spool) == expect('first', 1, 30)
    folder.close()


def test_a_folder_that_cannot_be_used_is_reported(tmp_path: Path, shared: Path) -> None:
    (tmp_path / 'file').touch()
    with pytest.raises(ConfigurationError, match=r'spool_folder: given .*file: Not a directory'):
        make(tmp_path / 'file', shared)


def test_without_shared_memory_the_folder_is_used(
    tmp_path: Path, shared: Path, crash: Crash
) -> None:
    reports: list[str] = []
    missing = tmp_path / 'missing'
    folder = make(tmp_path, missing, report=reports.append)
    assert 'a slow disk may delay a control step' in reports[0]
    fill(folder.spool, 15, move=False)
    crash(folder)
    folder = make(tmp_path, shared, session='second')
    assert numbers(folder.spool) == expect('first', 1, 15)
    folder.close()


def test_foreign_files_under_the_name_in_shared_memory_stop_nothing(
    tmp_path: Path, shared: Path, crash: Crash
) -> None:
    """Of another user, a folder, a link to a file of this user: they stay, and are named."""
    folder = make(tmp_path, shared)
    (first,) = shared.iterdir()
    folder.close()
    names = [first, *(first.with_name(f'{first.name}-{number}') for number in (2, 3, 4))]
    (tmp_path / 'mine').write_text('of this user')
    names[0].write_bytes(b'foreign')
    with contextlib.suppress(PermissionError):  # only root can
        os.chown(names[0], 65534, 65534)
    if names[0].stat().st_uid == os.getuid():
        names[0].unlink()
        names[0].mkdir()
    names[1].symlink_to(tmp_path / 'mine')
    foreign = {path: path.lstat().st_ino for path in names[:2]}
    reports: list[str] = []
    folder = make(tmp_path, shared, report=reports.append)
    assert [text.partition(': ')[0] for text in reports] == [str(path) for path in names[:2]]
    assert all('is no spool of this user; accepted: none there' in text for text in reports)
    assert names[2].is_file()
    fill(folder.spool, 15, move=False)
    crash(folder)
    names[3].mkdir()
    folder = make(tmp_path, shared, session='second', report=reports.append)
    assert numbers(folder.spool) == expect('first', 1, 15)  # left under the third name
    crash(folder)
    names[2].unlink()
    names[2].mkdir()  # all four are taken
    folder = make(tmp_path, shared, session='third', report=reports.append)
    assert 'no free name; the spool uses ' in reports[-1]
    folder.close()
    assert {path: path.lstat().st_ino for path in names[:2]} == foreign
    assert (tmp_path / 'mine').read_text() == 'of this user'


def test_the_name_of_a_robot_cannot_leave_the_folder(tmp_path: Path, shared: Path) -> None:
    sender = Sender('..', 'session', 'f1')
    with pytest.raises(ConfigurationError, match=r"^robot_id: given '\.\.'; accepted: 1 to 200"):
        SpoolFolder(
            tmp_path / 'spool',
            sender,
            LAYOUT,
            capacity=9,
            in_memory=9,
            report=print,
            shared_memory=shared,
        )
    assert list(tmp_path.rglob('*.spool')) == []


def test_new_spools_are_private(tmp_path: Path, shared: Path) -> None:
    make(tmp_path / 'new' / 'spool', shared).close()
    for path in (tmp_path / 'new' / 'spool', tmp_path / 'new' / 'spool' / 'robot%2F1'):
        assert path.stat().st_mode & 0o777 == 0o700


@pytest.fixture
def left_file(tmp_path: Path, shared: Path) -> Path:
    """Return the spool file of an agent that ended with transitions 1 to 4."""
    folder = make(tmp_path, shared)
    fill(folder.spool, 4)
    folder.close()
    return next(tmp_path.glob('robot%2F1/*.spool'))


def test_a_file_truncated_anywhere_gives_its_intact_records(
    tmp_path: Path, shared: Path, left_file: Path
) -> None:
    data = left_file.read_bytes()
    begin = 64 + LAYOUT.size  # position 0 is never used
    assert len(data) == begin + 4 * LAYOUT.size
    for length in range(len(data)):
        left_file.write_bytes(data[:length])
        reports: list[str] = []
        folder = make(tmp_path, shared, session='second', report=reports.append)
        kept = max(0, length - begin) // LAYOUT.size
        assert folder.leftover == kept
        partial = 0 < length < 64 or (length > 64 and (length - 64) % LAYOUT.size > 0)
        assert bool(reports) == partial, length
        assert numbers(folder.spool) == expect('first', 1, kept)
        folder.close()


def test_damage_at_any_byte_costs_at_most_its_record(
    tmp_path: Path, shared: Path, left_file: Path
) -> None:
    """`oldest_sequence` reveals the gap to the bridge."""
    data = left_file.read_bytes()
    begin = 64 + LAYOUT.size
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 0x55
        left_file.write_bytes(damaged)
        reports: list[str] = []
        folder = make(tmp_path, shared, session='second', report=reports.append)
        hit = (place - begin) // LAYOUT.size + 1 if place >= begin else 0
        drained = drain(folder.spool)
        assert [number for _, number, _ in drained] == [n for n in (1, 2, 3, 4) if n != hit]
        if hit:
            assert f'{left_file}: 1 damaged transitions' in reports[0]
            assert all(oldest > hit for _, number, oldest in drained if number > hit)
        folder.close()


def test_a_run_after_a_gap_waits_for_the_run_before(
    tmp_path: Path, shared: Path, left_file: Path
) -> None:
    """Otherwise `oldest_sequence` would make the bridge count 1 as lost while in flight."""
    data = bytearray(left_file.read_bytes())
    data[64 + 2 * LAYOUT.size + 70] ^= 1  # number 2
    left_file.write_bytes(data)
    folder = make(tmp_path, shared, session='second')
    folder.spool.append(make_transition(1))
    batches = [folder.spool.next_batch(10) for _ in range(3)]
    assert [(b.session, b.first_sequence) for b in batches if b] == [('first', 1), ('second', 1)]
    folder.spool.acknowledge(1, 'first')
    batch = folder.spool.next_batch(10)
    assert batch is not None
    assert (batch.session, batch.first_sequence, batch.oldest_sequence) == ('first', 3, 3)
    folder.close()


def test_a_process_killed_at_any_moment_leaves_all_it_appended(
    tmp_path: Path, shared: Path
) -> None:
    """Only the transition in an unfinished `append` may be missing or extra."""
    random = np.random.default_rng(3)
    for attempt in range(4):
        place = tmp_path / str(attempt)
        process = subprocess.Popen(
            [sys.executable, '-c', APPENDING, str(place), str(shared)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
        )
        assert process.stdout is not None
        for _ in range(int(random.integers(10, 90))):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        printed = [int(line) for line in process.stdout.read().split('\n') if line]
        process.wait(TIMEOUT_S)
        folder = make(place, shared, session='second', in_memory=50)
        found = numbers(folder.spool)
        last = found[-1][1]
        assert found == expect('killed', max(1, last - 99), last)
        assert not printed or printed[-1] <= last <= printed[-1] + 1
        folder.close()


def test_intact_records_are_told_from_torn_ones() -> None:
    packed = LAYOUT.pack(1, b'session', 1, make_transition(1))
    assert len(packed) == LAYOUT.size
    for length in range(LAYOUT.size + 1):
        torn = packed[:length] + bytes(LAYOUT.size - length)
        assert intact(np.frombuffer(torn, LAYOUT.dtype)).tolist() == [length == LAYOUT.size]


def test_a_vector_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match='given 3, 2 and 3 values; accepted: observations of 4'):
        RecordLayout(4, 2).pack(1, b'', 1, make_transition(1))


@pytest.mark.parametrize(
    ('variables', 'folder'),
    [
        ({'ROS_HOME': '/r', 'XDG_STATE_HOME': '/x'}, '/r/rl_agent/spool'),
        ({'XDG_STATE_HOME': '/x'}, '/x/rl_agent/spool'),
        ({'HOME': '/h'}, '/h/.local/state/rl_agent/spool'),
    ],
)
def test_the_default_folder(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], folder: str
) -> None:
    for name in ('ROS_HOME', 'XDG_STATE_HOME'):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert default_spool_folder() == Path(folder)


def test_more_than_is_left_of_an_earlier_session_may_be_acknowledged(
    tmp_path: Path, shared: Path, left_file: Path
) -> None:
    """A power cut may have taken transitions that had arrived; 2**63 never were there."""
    assert left_file.exists()
    folder = make(tmp_path, shared, session='second')
    folder.spool.append(make_transition(1))
    with pytest.raises(RlError, match=f'given number {1 << 63}; accepted: up to'):
        folder.spool.acknowledge(1 << 63, 'first')
    assert folder.spool.pending == 5
    assert folder.spool.acknowledge(10, 'first') == 4
    assert folder.spool.pending == 1
    folder.close()

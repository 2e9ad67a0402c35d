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

"""The journal after truncation, full disks and restarts, and with other readers."""

from collections.abc import Callable
import dataclasses
import errno
import io
import logging
import os
from pathlib import Path
import shutil
import subprocess
import sys
from typing import Any, BinaryIO

from batches import make_batch, ONE, SPACES
from mcap_ros2.reader import read_ros2_messages
import pytest
from rl_agent.errors import ConfigurationError, DiskFullError, JournalError
from rl_learner.journal.batch_codec import encode
from rl_learner.journal.journal import Journal, JournalSettings, Sequences
from rl_learner.journal.journal_header import read_header
from rl_learner.journal.journal_reader import (
    journal_extent,
    journal_files,
    JournalExtent,
    read_batches,
    read_journal,
)
from rl_learner.journal.journal_records import JOURNAL_START, read_records
from rosbags.highlevel import AnyReader
from small_disk import disk_of

KEY = ('robot_1', 'session_a')
FINGERPRINT = SPACES.fingerprint
# Batches 1 to 3 and 4 to 5 in a file without end, from before batches had the field `mac`.
WITHOUT_MAC = Path(__file__).parent / 'data' / 'without_mac.mcap'


def open_journal(folder: Path, **settings: int) -> Journal:
    return Journal(folder, FINGERPRINT, JournalSettings(**settings))


def fill(journal: Journal, first: int, *counts: int) -> None:
    """Append a group for each count, one batch each."""
    for count in counts:
        message = encode(make_batch(first, count))
        journal.append([message], count, {KEY: first + count - 1})
        first += count


def numbers(folder: Path) -> list[int]:
    """Return the numbers of all transitions, from their rewards."""
    return [int(value) for batch in read_journal(folder) for value in batch.columns['reward']]


def abandon(journal: Journal) -> None:
    """Leave a journal as a killed process would."""
    journal._file.close()
    os.close(journal._lock)


def refusal(number: int) -> Callable[..., None]:
    """Return a system call that fails."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def test_what_is_appended_is_read(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / 'experience')
    messages = [encode(make_batch(1, 2)), encode(make_batch(3, 1))]
    journal.append(messages, 3, {KEY: 3})
    assert journal.written.total == 3
    assert numbers(journal.folder) == [1, 2, 3]  # without closing it
    fill(journal, 4, 5)
    journal.close()
    assert numbers(journal.folder) == list(range(1, 9))
    assert [encode(batch) for batch in read_journal(journal.folder)][:2] == messages
    assert journal_extent(journal.folder) == JournalExtent(0, 8, FINGERPRINT, 1)


def test_a_restart_begins_a_new_file_and_restores_the_numbers(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    fill(journal, 1, 3)
    journal.close()
    journal = open_journal(tmp_path)
    assert (journal.written.total, journal.sequences) == (3, {KEY: 3})
    fill(journal, 4, 2)
    journal.close()
    assert [path.name for path in journal_files(tmp_path)] == [
        '000000000000.mcap',
        '000000000003.mcap',
    ]
    assert read_header(journal_files(tmp_path)[1]).sequences == {KEY: 3}
    assert open_journal(tmp_path).sequences == {KEY: 5}
    assert numbers(tmp_path) == [1, 2, 3, 4, 5]


def test_starts_without_data_leave_no_files(tmp_path: Path) -> None:
    for _ in range(2):
        open_journal(tmp_path).close()
        assert journal_files(tmp_path) == []
    for _ in range(3):
        abandon(open_journal(tmp_path))
    assert len(journal_files(tmp_path)) == 1
    assert journal_extent(tmp_path).total == 0


def test_cut_at_every_byte_of_the_last_record(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The complete records before it are kept, and other libraries can read them."""
    journal = open_journal(tmp_path / 'complete')
    fill(journal, 1, 3, 2)
    begin = journal.written.end
    fill(journal, 6, 4)
    abandon(journal)
    content = journal_files(journal.folder)[0].read_bytes()
    assert len(content) == journal.written.end
    cut = tmp_path / 'cut'
    for length in range(begin, len(content) + 1):
        cut.mkdir()
        (cut / '000000000000.mcap').write_bytes(content[:length])
        kept = 9 if length == len(content) else 5
        assert numbers(cut) == list(range(1, kept + 1))
        assert journal_extent(cut).total == kept
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            again = open_journal(cut)
        assert (again.written.total, again.sequences) == (kept, {KEY: kept})
        damaged = begin < length < len(content)
        assert (f'{length - begin} bytes' in caplog.text) == damaged
        fill(again, kept + 1, 2)
        again.close()
        assert numbers(cut) == list(range(1, kept + 3))
        if (length - begin) % 50 == 0:
            with AnyReader(journal_files(cut)) as reader:
                assert reader.message_count == (4 if kept == 9 else 3)
        for path in cut.iterdir():
            path.unlink()
        cut.rmdir()


def test_cut_within_the_header(tmp_path: Path) -> None:
    """Such a file holds nothing; the previous one has the numbers."""
    journal = open_journal(tmp_path)
    fill(journal, 1, 3)
    journal.close()
    journal = open_journal(tmp_path)
    header = journal_files(tmp_path)[1].read_bytes()
    abandon(journal)
    for length in range(0, len(header), 7):
        journal_files(tmp_path)[-1].write_bytes(header[:length])
        assert journal_extent(tmp_path).total == 3
        journal = open_journal(tmp_path)
        assert (journal.written.total, journal.sequences) == (3, {KEY: 3})
        abandon(journal)


def test_cut_within_a_long_header(tmp_path: Path) -> None:
    """A header with many sessions, longer when truncated than other headers."""
    journal = open_journal(tmp_path)
    sequences = {('robot_1', f'session_{number}'): number for number in range(300)}
    journal.append([encode(make_batch(1, 3))], 3, sequences)
    journal._rotate(sequences)
    abandon(journal)
    newest = journal_files(tmp_path)[1]
    header = newest.read_bytes()
    assert header.find(b'session_299') > 8000
    for length in (4096, 8000):
        newest.write_bytes(header[:length])
        assert journal_extent(tmp_path).total == 3
        abandon(open_journal(tmp_path))
        assert newest.stat().st_size < 4096


def check_refused(path: Path, words: str) -> None:
    """Check that a journal with this newest file is neither opened nor counted; the file stays."""
    for read in (journal_extent, open_journal):
        with pytest.raises(JournalError, match=words) as refused:
            read(path.parent)
        assert str(path) in str(refused.value)
        assert 'move this file away and restart the learner' in str(refused.value)
    assert path.is_symlink() or path.is_file()


METADATA = len(JOURNAL_START)


@pytest.mark.parametrize(
    ('offset', 'changed'),
    [
        (8, b'\x00'),  # kind of the first record
        (9, b'\xff' * 8),  # length of the first record
        (10, b'\x10'),
        (10, b'\x01'),
        (METADATA, b'\x00'),
        (METADATA, b'\x0f' + (1 << 20).to_bytes(8, 'little')),
        (METADATA + 1, b'\xff' * 8),
        (METADATA + 2, b'\x01'),
        (METADATA + 1, b'\x20\x00'),
        (METADATA + 30, b'\xff' * 4),  # a key in the metadata
        (METADATA + 27, b'\xff' * 4),  # length of a key
    ],
)
def test_a_corrupted_header(tmp_path: Path, offset: int, changed: bytes) -> None:
    """Both copies: the file has acknowledged transitions and must not count as one without any."""
    journal = open_journal(tmp_path)
    fill(journal, 1, 3)
    journal.close()
    journal = open_journal(tmp_path)
    fill(journal, 4, 2)
    abandon(journal)
    newest = journal_files(tmp_path)[1]
    content = newest.read_bytes()
    damaged = content[:offset] + changed + content[offset + len(changed) :]
    damaged = damaged.replace(b'\xffrl_journal copy', b'\xffrl_journal copx')
    newest.write_bytes(damaged)
    check_refused(newest, 'its header is corrupted')
    assert newest.read_bytes() == damaged
    newest.write_bytes(content)
    journal = open_journal(tmp_path)  # in the same process: the lock was released
    assert journal.written.total == 5
    journal.close()


def test_a_file_without_a_readable_batch(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    begin = journal.written.end
    fill(journal, 1, 3, 2)
    end = journal.written.end
    journal.close()
    (path,) = journal_files(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[:begin] + bytes(end - begin) + content[end:])
    with pytest.raises(JournalError, match=r'all its batches are damaged; move this file away'):
        open_journal(tmp_path)
    path.write_bytes(content)
    assert open_journal(tmp_path).written.total == 5


@pytest.mark.parametrize('number', [errno.EACCES, errno.EIO, errno.ESTALE])
def test_a_newest_file_that_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    journal = open_journal(tmp_path)
    fill(journal, 1, 3)
    journal.close()
    (path,) = journal_files(tmp_path)
    open_path = Path.open

    def refuse(self: Path, mode: str = 'r') -> BinaryIO:
        if self == path:
            raise OSError(number, os.strerror(number))
        return open_path(self, 'rb')

    with monkeypatch.context() as patch:
        patch.setattr(Path, 'open', refuse)
        check_refused(path, f'cannot be read: {os.strerror(number)}')
    assert open_journal(tmp_path).written.total == 3


@pytest.mark.parametrize(
    ('target', 'words'),
    [('/proc/self/mem', 'Input/output error'), ('/nowhere/0.mcap', 'No such file')],
)
def test_a_newest_file_on_a_failing_disk(tmp_path: Path, target: str, words: str) -> None:
    """The file opens but cannot be read, or the target of a link is missing."""
    path = tmp_path / '000000000003.mcap'
    path.symlink_to(target)
    check_refused(path, f'cannot be read: {words}')


def test_a_newest_file_that_is_removed_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A starting bridge replaces a file without transitions while the learner counts."""
    fill(open_journal(tmp_path), 1, 3)
    files = [*journal_files(tmp_path), tmp_path / '000000000003.mcap']
    monkeypatch.setattr('rl_learner.journal.journal_reader.journal_files', lambda _: list(files))
    assert journal_extent(tmp_path).total == 3


def test_zeros_after_the_end(tmp_path: Path) -> None:
    """A file system can leave zeros in place of blocks that never reached the disk."""
    journal = open_journal(tmp_path)
    fill(journal, 1, 3)
    abandon(journal)
    with journal_files(tmp_path)[0].open('ab') as file:
        file.write(bytes(1000))
    assert numbers(tmp_path) == [1, 2, 3]
    assert open_journal(tmp_path).written.total == 3


def test_files_rotate(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, file_bytes=3000)
    fill(journal, 1, *([5] * 30))
    assert journal.files == len(journal_files(tmp_path)) > 3
    assert journal.size == sum(path.stat().st_size for path in journal_files(tmp_path))
    assert all(path.stat().st_size < 6000 for path in journal_files(tmp_path))
    assert numbers(tmp_path) == list(range(1, 151))
    for path in journal_files(tmp_path):
        header = read_header(path)
        assert header.transitions_before == int(path.stem)
        assert header.sequences == ({KEY: int(path.stem)} if int(path.stem) else {})
    journal.close()
    assert open_journal(tmp_path).written.total == 150


def test_the_oldest_files_are_removed_but_never_below_the_capacity(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, file_bytes=3000, keep_bytes=10_000, keep_transitions=20)
    fill(journal, 1, *([5] * 40))
    assert 10_000 - 6000 < journal.size <= 10_000
    left = numbers(tmp_path)
    assert left == list(range(left[0], 201))
    assert journal_extent(tmp_path) == JournalExtent(left[0] - 1, 200, FINGERPRINT, 0)
    journal.close()
    # the numbers survive although their file was removed
    assert open_journal(tmp_path).sequences == {KEY: 200}
    other = open_journal(tmp_path / 'b', file_bytes=3000, keep_bytes=1, keep_transitions=60)
    fill(other, 1, *([5] * 40))
    assert 60 <= len(numbers(tmp_path / 'b')) < 60 + 60
    assert numbers(tmp_path / 'b')[-1] == 200


def test_a_full_disk(tmp_path: Path) -> None:
    """No part of a failed group is left; the journal continues once there is space."""
    journal = open_journal(tmp_path)
    fill(journal, 1, 3)
    size = journal.written.end
    message = encode(make_batch(4, 2))
    for room in (1, 100, len(message), 2 * len(message) + 40):
        with disk_of(size + room), pytest.raises(JournalError, match='File too large'):
            journal.append([message, message, message], 6, {KEY: 5})
        assert numbers(tmp_path) == [1, 2, 3]
        assert (journal.written.total, journal.written.end) == (3, size)
    fill(journal, 4, 2)
    journal.close()
    assert numbers(tmp_path) == [1, 2, 3, 4, 5]


def test_a_failing_disk_that_cannot_be_cleaned_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The written part of a failed group is removed as soon as the disk works again."""
    journal = open_journal(tmp_path)
    fill(journal, 1, 3)
    written = journal.written
    with monkeypatch.context() as broken:
        broken.setattr(os, 'fsync', refusal(errno.EIO))
        broken.setattr(os, 'ftruncate', refusal(errno.EROFS))
        with pytest.raises(JournalError, match='Input/output error'):  # the first error
            fill(journal, 4, 2)
        assert journal_files(tmp_path)[0].stat().st_size > written.end
        with pytest.raises(JournalError, match='Read-only file system'):
            fill(journal, 4, 2)
        assert journal.written == written
    fill(journal, 4, 2)
    assert numbers(tmp_path) == [1, 2, 3, 4, 5]
    assert (journal.written.total, journal.written.end) == (5, written.path.stat().st_size)
    journal.close()
    assert open_journal(tmp_path).sequences == {KEY: 5}


def test_a_disk_that_works_again_when_the_journal_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file gets its usual end; the failed group was never acknowledged."""
    journal = open_journal(tmp_path)
    fill(journal, 1, 3)
    with monkeypatch.context() as broken:
        broken.setattr(os, 'fsync', refusal(errno.EIO))
        broken.setattr(os, 'ftruncate', refusal(errno.EIO))
        with pytest.raises(JournalError):
            fill(journal, 4, 2)
    journal.close()
    (path,) = journal_files(tmp_path)
    with AnyReader([path]) as reader:
        assert reader.message_count == 1
    assert numbers(tmp_path) == [1, 2, 3]
    assert open_journal(tmp_path).sequences == {KEY: 3}


def test_a_disk_that_lost_bytes(tmp_path: Path) -> None:
    """Nothing is written after a hole, because it would be unreadable but acknowledged."""
    journal = open_journal(tmp_path)
    fill(journal, 1, 3, 2)
    size = journal.written.end
    os.truncate(journal.written.path, size - 10)
    with pytest.raises(JournalError, match=f'has {size - 10} bytes of {size} .*; accepted: '):
        fill(journal, 6, 2)
    assert journal.written.total == 5
    journal.close()
    assert open_journal(tmp_path).sequences == {KEY: 3}


def test_a_full_disk_when_the_next_file_is_due(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, file_bytes=1500)
    with disk_of(0):  # open files cannot grow either, so that only the header is tested
        with pytest.raises(JournalError):
            fill(journal, 1, 1)
        journal.append([], 0, {})
        journal._rotate({})
    fill(journal, 1, 3)
    assert numbers(tmp_path) == [1, 2, 3]


def test_a_next_file_that_can_be_neither_written_nor_removed_repeats_no_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal(tmp_path, file_bytes=1 << 30)
    fill(journal, 1, 3)
    with monkeypatch.context() as broken:
        broken.setattr(os, 'fsync', refusal(errno.EIO))
        broken.setattr(Path, 'unlink', refusal(errno.EROFS))
        journal._rotate({KEY: 3})
    fill(journal, 4, 2)
    abandon(journal)
    again = open_journal(tmp_path)
    assert again.written.total == 5
    fill(again, 6, 1)
    assert numbers(tmp_path) == [1, 2, 3, 4, 5, 6]


def test_a_file_that_is_deleted_while_in_use(tmp_path: Path) -> None:
    """Its content would be lost, so nothing is acknowledged."""
    journal = open_journal(tmp_path / 'experience')
    fill(journal, 1, 3)
    written = journal.written
    shutil.rmtree(journal.folder)
    with pytest.raises(JournalError, match=r'000000000000\.mcap: was deleted'):
        fill(journal, 4, 2)
    assert journal.written == written
    journal.close()
    journal = open_journal(tmp_path / 'experience')
    fill(journal, 1, 1)
    assert numbers(journal.folder) == [1]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    for folder in (tmp_path / 'file' / 'experience', Path('/proc/nowhere')):
        with pytest.raises(ConfigurationError, match=r'given .*; accepted: a folder to write in'):
            open_journal(folder)


READ_ONLY = """
import pathlib, sys
from rl_agent.errors import ConfigurationError
from rl_learner.journal.journal import Journal, JournalSettings
try:
    Journal(pathlib.Path(sys.argv[1]), 'f', JournalSettings())
except ConfigurationError as error:
    print(error)
"""


def test_a_read_only_file_system(tmp_path: Path) -> None:
    """In a new mount namespace, which needs root."""
    script = f'mount -t tmpfs -o ro none {tmp_path} && exec "$0" -c "$1" {tmp_path}/run'
    result = subprocess.run(
        ['unshare', '--mount', 'sh', '-c', script, sys.executable, READ_ONLY],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if 'permitted' in result.stderr or 'denied' in result.stderr:
        pytest.skip(f'needs root to mount: {result.stderr.strip()}')
    assert 'Read-only file system; accepted: a folder to write in' in result.stdout, result.stderr


def test_the_journal_of_another_robot_is_refused(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    fill(journal, 1, 3)
    journal.close()
    with pytest.raises(ConfigurationError, match=r"fingerprint: given 'other'; accepted: ") as it:
        Journal(tmp_path, 'other', JournalSettings())
    assert FINGERPRINT in str(it.value)
    assert numbers(tmp_path) == [1, 2, 3]


def test_a_file_that_is_not_mcap_is_refused(tmp_path: Path) -> None:
    (tmp_path / '000000000000.mcap').write_bytes(b'\x00' * 100)
    with pytest.raises(ConfigurationError, match='accepted: an MCAP file'):
        open_journal(tmp_path)


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    with pytest.raises(JournalError, match='another replay bridge'):
        open_journal(tmp_path)
    journal.close()
    open_journal(tmp_path).close()


def test_two_robots_and_a_new_session(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    two = dataclasses.replace(ONE, robot='robot_2', session='x')
    sequences: Sequences = {KEY: 2, ('robot_2', 'x'): 9}
    messages = [encode(make_batch(1, 2)), encode(make_batch(8, 2, oldest=8, sender=two))]
    journal.append(messages, 4, sequences)
    journal.close()
    assert open_journal(tmp_path).sequences == sequences


def test_other_libraries_read_it(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    fill(journal, 1, 2, 3)
    journal.close()
    path = journal_files(tmp_path)[0]
    with AnyReader([path]) as reader:
        (connection,) = reader.connections
        assert (connection.topic, connection.msgtype) == (
            '/transitions',
            'rl_msgs/msg/TransitionBatch',
        )
        by_rosbags: list[Any] = [
            reader.deserialize(raw, kind.msgtype) for kind, _, raw in reader.messages()
        ]
    by_mcap: list[Any] = [item.ros_msg for item in read_ros2_messages(str(path))]
    for messages in (by_rosbags, by_mcap):
        assert [message.first_sequence for message in messages] == [1, 3]
        assert [message.robot for message in messages] == ['robot_1'] * 2
        for message, batch in zip(messages, read_batches(path), strict=True):
            assert message.count == len(batch)
            for name, values in batch.columns.items():
                assert list(getattr(message, name)) == values.ravel().tolist()


def test_a_full_disk_at_the_start_is_a_separate_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk may have space later; an unusable folder is a wrong configuration."""
    journal = open_journal(tmp_path)
    fill(journal, 1, 3)
    journal.close()
    with monkeypatch.context() as broken:
        broken.setattr(os, 'fsync', refusal(errno.ENOSPC))
        with pytest.raises(DiskFullError, match='No space left on device; accepted: free space'):
            open_journal(tmp_path)
    assert open_journal(tmp_path).sequences == {KEY: 3}


def test_a_read_error_names_the_file(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    fill(journal, 1, 3, 2)
    journal.close()
    (path,) = journal_files(tmp_path)

    class Bad(io.BytesIO):
        name = str(path)

        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 300:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return super().read(size)

    bad = Bad(path.read_bytes())
    bad.seek(8)
    with pytest.raises(JournalError, match=r'mcap: cannot be read: Input/output error; if'):
        list(read_records(bad))


def test_a_journal_from_before_the_field_mac_goes_on(tmp_path: Path) -> None:
    """Its repaired file keeps its own schema, for readers that go by it; the next has the new."""
    first = tmp_path / '000000000000.mcap'
    shutil.copy(WITHOUT_MAC, first)
    journal = open_journal(tmp_path)
    assert journal.sequences == {KEY: 5}
    fill(journal, 6, 2)
    journal.close()
    assert numbers(tmp_path) == [1, 2, 3, 4, 5, 6, 7]
    second = tmp_path / '000000000005.mcap'
    for path, rewards, has_mac in ((first, [1, 2, 3, 4, 5], False), (second, [6, 7], True)):
        messages = [item.ros_msg for item in read_ros2_messages(str(path))]
        assert [value for item in messages for value in item.reward] == rewards
        assert [hasattr(item, 'mac') for item in messages] == [has_mac] * len(messages)
        with AnyReader([path]) as reader:
            again: list[Any] = [
                reader.deserialize(data, connection.msgtype)
                for connection, _, data in reader.messages()
            ]
        assert [value for item in again for value in item.reward] == rewards

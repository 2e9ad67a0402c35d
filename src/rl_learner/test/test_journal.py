# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The journal: what is in it after cuts, full disks and restarts, and who can read it."""

from collections.abc import Iterator
import contextlib
import dataclasses
import logging
import os
from pathlib import Path
import resource
import subprocess
import sys
from typing import Any

from batches import make_batch, ONE, SPACES
from mcap_ros2.reader import read_ros2_messages
import pytest
from rl_agent.errors import ConfigurationError, JournalError
from rl_learner.batch_codec import encode
from rl_learner.journal import Journal, JournalSettings, Sequences
from rl_learner.journal_reader import (
    journal_extent,
    journal_files,
    JournalExtent,
    read_batches,
    read_header,
    read_journal,
)
from rosbags.highlevel import AnyReader

KEY = ('robot_1', 'session_a')
FINGERPRINT = SPACES.fingerprint


def open_journal(folder: Path, **settings: int) -> Journal:
    return Journal(folder, FINGERPRINT, JournalSettings(**settings))


def fill(journal: Journal, first: int, *counts: int) -> None:
    """Append a group for each count, one batch each."""
    for count in counts:
        message = encode(make_batch(first, count))
        journal.append([message], count, {KEY: first + count - 1})
        first += count


def numbers(folder: Path) -> list[int]:
    """Return the numbers of all transitions, by their rewards."""
    return [int(value) for batch in read_journal(folder) for value in batch.columns['reward']]


def abandon(journal: Journal) -> None:
    """Leave a journal as a killed process does."""
    journal._file.close()
    os.close(journal._lock)


@contextlib.contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Let files grow to `size` bytes and no further, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_is_appended_is_read(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / 'experience')
    messages = [encode(make_batch(1, 2)), encode(make_batch(3, 1))]
    journal.append(messages, 3, {KEY: 3})
    assert journal.written.total == 3
    assert numbers(journal.folder) == [1, 2, 3]  # it need not be closed
    fill(journal, 4, 5)
    journal.close()
    assert numbers(journal.folder) == list(range(1, 9))
    assert [encode(batch) for batch in read_journal(journal.folder)][:2] == messages
    assert journal_extent(journal.folder) == JournalExtent(0, 8, FINGERPRINT, 1)


def test_a_restart_begins_a_new_file_and_knows_the_numbers(tmp_path: Path) -> None:
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
    """The whole records before it are kept, and foreign readers can read them."""
    journal = open_journal(tmp_path / 'whole')
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
    """Nothing can be in such a file; the one before it says where the journal stands."""
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


def test_zeros_behind_the_end(tmp_path: Path) -> None:
    """What a file system can leave of blocks that never reached the disk."""
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


def test_the_oldest_files_go_but_never_below_the_capacity(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, file_bytes=3000, keep_bytes=10_000, keep_transitions=20)
    fill(journal, 1, *([5] * 40))
    assert 10_000 - 6000 < journal.size <= 10_000
    left = numbers(tmp_path)
    assert left == list(range(left[0], 201))
    assert journal_extent(tmp_path) == JournalExtent(left[0] - 1, 200, FINGERPRINT, 0)
    journal.close()
    # the numbers survive although the file that had them is gone
    assert open_journal(tmp_path).sequences == {KEY: 200}
    other = open_journal(tmp_path / 'b', file_bytes=3000, keep_bytes=1, keep_transitions=60)
    fill(other, 1, *([5] * 40))
    assert 60 <= len(numbers(tmp_path / 'b')) < 60 + 60
    assert numbers(tmp_path / 'b')[-1] == 200


def test_a_full_disk(tmp_path: Path) -> None:
    """Nothing of a group that failed is left; when there is room again the journal goes on."""
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


def test_a_disk_that_is_full_when_the_next_file_is_due(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, file_bytes=1500)
    with disk_of(0):  # files that are open already cannot grow either: only the header is tried
        with pytest.raises(JournalError):
            fill(journal, 1, 1)
        journal.append([], 0, {})
        journal._rotate({})
    fill(journal, 1, 3)
    assert numbers(tmp_path) == [1, 2, 3]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    for folder in (tmp_path / 'file' / 'experience', Path('/proc/nowhere')):
        with pytest.raises(ConfigurationError, match=r'given .*; accepted: a folder to write in'):
            open_journal(folder)


READ_ONLY = """
import pathlib, sys
from rl_agent.errors import ConfigurationError
from rl_learner.journal import Journal, JournalSettings
try:
    Journal(pathlib.Path(sys.argv[1]), 'f', JournalSettings())
except ConfigurationError as error:
    print(error)
"""


def test_a_read_only_file_system(tmp_path: Path) -> None:
    """In a mount namespace of its own; that needs root."""
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


def test_an_mcap_file_of_something_else_is_refused(tmp_path: Path) -> None:
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


def test_foreign_libraries_read_it(tmp_path: Path) -> None:
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

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

"""Damage of journal files: every flipped bit is noticed, and only what it hit is left out."""

import logging
import os
from pathlib import Path
import random
import shutil

from batches import LAYOUT, make_batch, SPACES
from fed_replay import FedReplay
from mcap.stream_reader import StreamReader
import numpy as np
import pytest
from rl_learner.journal.batch_codec import encode
from rl_learner.journal.journal import Journal, JournalSettings, Written
from rl_learner.journal.journal_header import open_journal_file
from rl_learner.journal.journal_reader import journal_extent, journal_files, read_journal
from rl_learner.journal.journal_records import RECORD_PREFIX
from rl_learner.journal.journal_rows import JournalRows
from rl_learner.journal.journal_seal import SEAL_OPCODE, SEAL_SIZE
from rl_learner.journal.journal_units import read_units
from rosbags.highlevel import AnyReader

KEY = ('robot_1', 'session_a')
OLD = Path(__file__).parent / 'before_checksums'
COUNTS = (3, 2, 4)


def open_journal(folder: Path) -> Journal:
    return Journal(folder, SPACES.fingerprint, JournalSettings())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a finished file with batches of 3, 2 and 4 transitions."""
    journal, first = open_journal(tmp_path / 'experience'), 1
    for count in COUNTS:
        journal.append([encode(make_batch(first, count))], count, {KEY: first + count - 1})
        first += count
    journal.close()
    return journal_files(tmp_path / 'experience')[0]


def numbers(folder: Path) -> list[int]:
    """Return the numbers of the readable transitions, which are their rewards."""
    return [int(value) for batch in read_journal(folder) for value in batch.columns['reward']]


def rewards_of_rows(folder: Path, n_step: int = 1) -> list[float]:
    """Return the reward of each row of a journal, -1 for one without content."""
    written = Written(journal_extent(folder).total, Path('none'), 0)
    rows = JournalRows(folder, lambda: written, LAYOUT, n_step=n_step, gamma=1.0)
    rewards: list[float] = []
    while len(part := rows.read(1000)):
        fields = LAYOUT.unpack(part)
        rewards += np.where(fields.num_steps > 0, fields.reward, -1.0).tolist()
    return rewards


def flip(path: Path, byte: int, bit: int = 0) -> None:
    """Flip a bit of a file."""
    content = bytearray(path.read_bytes())
    content[byte] ^= 1 << bit
    path.write_bytes(content)


def place_of(path: Path, first: int, count: int) -> int:
    """Return the offset of a batch in a file."""
    return path.read_bytes().index(encode(make_batch(first, count)))


def state_of(path: Path) -> tuple[list[int], int, list[str]]:
    """Return readable numbers, transitions in all, and what was noticed, of one file."""
    file, header = open_journal_file(path)
    read, total = [], 0
    noticed = [str(header.damage)] if header.damage else []
    with file:
        for unit in read_units(file, header, path):
            noticed += [str(unit.damage)] if unit.damage else []
            total += unit.count
            if unit.batch is not None:
                read += [int(value) for value in unit.batch.columns['reward']]
    return read, total, noticed


def test_flipped_bits_are_noticed_and_cost_at_most_their_batch(path: Path) -> None:
    """All bits between the arrays of the batches and a sample of those within."""
    content = path.read_bytes()
    hit_by: dict[int, range] = {}  # byte of a message record to the numbers in it
    arrays: set[int] = set()
    for first, count in ((1, 3), (4, 2), (6, 4)):
        begin, size = place_of(path, first, count), len(encode(make_batch(first, count)))
        record = range(begin - RECORD_PREFIX.size - 22, begin + size)
        hit_by.update(dict.fromkeys(record, range(first, first + count)))
        arrays.update(record[60:])
    bits = [bit for bit in range(8 * len(content)) if bit // 8 not in arrays]
    bits = random.Random(1).sample(bits, 2500) + [8 * byte + byte % 8 for byte in arrays]
    silent, wrong = [], []
    for bit in bits:
        with path.open('r+b') as file:
            os.pwrite(file.fileno(), bytes([content[bit // 8] ^ 1 << bit % 8]), bit // 8)
            read, total, noticed = state_of(path)
            os.pwrite(file.fileno(), content[bit // 8 : bit // 8 + 1], bit // 8)
        if not any(f'{path}, bytes ' in text for text in noticed):
            silent.append(bit)
        lost = hit_by.get(bit // 8, range(0))
        if total != 9 or read != [number for number in range(1, 10) if number not in lost]:
            wrong.append(bit)
    assert len(bits) > 3000
    assert (silent, wrong) == ([], [])


def test_an_intact_file_has_no_damage(path: Path) -> None:
    assert state_of(path) == (list(range(1, 10)), 9, [])


@pytest.mark.parametrize(
    ('n_step', 'rewards'),
    # by hand: sums of three end before the lost 4 and 5, and begin again behind them
    [(1, [1, 2, 3, -1, -1, 6, 7, 8, 9]), (3, [6, 5, 3, -1, -1, 21, 24, 17, 9])],
)
def test_rows_keep_their_numbers(path: Path, n_step: int, rewards: list[float]) -> None:
    flip(path, place_of(path, 4, 2) + 130)
    assert rewards_of_rows(path.parent, n_step) == rewards
    assert journal_extent(path.parent).total == 9


def test_a_damaged_place_is_logged_once(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = place_of(path, 4, 2)
    flip(path, place + 130)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert rewards_of_rows(path.parent)[3:5] == [-1, -1]
    assert caplog.text.count('the 2 transitions there do not have the checksum') == 1
    end = place + len(encode(make_batch(4, 2)))
    assert f'{path}, bytes {place - 31} to {end}: ' in caplog.text


def test_broken_chains_continue_at_the_next_seal(path: Path) -> None:
    """Zeros over a seal and the head of its message, as of a lost sector."""
    content, place = bytearray(path.read_bytes()), place_of(path, 4, 2)
    content[place - 31 - SEAL_SIZE : place + 40] = bytes(71 + SEAL_SIZE)
    path.write_bytes(content)
    read, total, (noticed,) = state_of(path)
    assert (read, total) == ([1, 2, 3, 6, 7, 8, 9], 9)
    assert '2 transitions there cannot be read' in noticed


def test_a_restarted_bridge_goes_on_after_damage(path: Path) -> None:
    """In the newest file, finished or not; nothing that is intact is cut off."""
    flip(path, place_of(path, 4, 2) - 25)  # in the length of the record
    end = path.read_bytes().index(b'\x0f\x04\0\0\0\0\0\0\0\0\0\0\0')
    for content in (path.read_bytes(), path.read_bytes()[:end]):
        for file in journal_files(path.parent):
            file.unlink()
        path.write_bytes(content)
        journal = open_journal(path.parent)
        assert (journal.written.total, journal.sequences) == (9, {KEY: 9})
        journal.append([encode(make_batch(10, 2))], 2, {KEY: 11})
        journal.close()
        assert rewards_of_rows(path.parent) == [1, 2, 3, -1, -1, 6, 7, 8, 9, 10, 11]
        assert numbers(path.parent) == [1, 2, 3, 6, 7, 8, 9, 10, 11]


def test_a_damaged_header_of_any_file(path: Path) -> None:
    journal = open_journal(path.parent)
    journal.append([encode(make_batch(10, 2))], 2, {KEY: 11})
    journal.close()
    for file in journal_files(path.parent):
        flip(file, file.read_bytes().index(b'sequences') + 3)
    journal = open_journal(path.parent)
    assert (journal.written.total, journal.sequences) == (11, {KEY: 11})
    assert rewards_of_rows(path.parent) == list(range(1, 12))


def test_training_goes_on_with_all_else(tmp_path: Path) -> None:
    """The real feeder and Reverb: what is damaged is never sampled, what follows is."""
    replay = FedReplay(tmp_path / 'experience', file_bytes=1 << 20)
    replay.live(*[8] * 6)
    flip(journal_files(replay.folder)[0], place_of(journal_files(replay.folder)[0], 17, 8) + 150)
    replay.restart_bridge()
    replay.serve()
    replay.feed_again()
    expected = sorted(float(n) for n in [*range(1, 49), *range(1, 17), *range(25, 49)])
    assert replay.stored() == sorted(set(expected))
    replay.live(3)
    replay.feed()
    state = replay.writer.state()
    assert state is not None
    assert state.position == replay.journal.written.total == 102
    assert replay.stored()[-1] == 51.0
    replay.end_server()


def test_other_programs_skip_the_seals_and_check_the_summary(path: Path) -> None:
    with path.open('rb') as file:
        records = list(StreamReader(file, validate_crcs=True).records)
    assert sum(type(record).__name__ == 'Message' for record in records) == 3
    assert SEAL_OPCODE >= 0x80  # MCAP: private records, which readers skip
    with AnyReader([path]) as reader:
        assert reader.message_count == 3
        assert len(list(reader.messages())) == 3


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return a journal written before the seals: 5 transitions, then 4 of a killed bridge."""
    return Path(shutil.copytree(OLD, tmp_path / 'old'))


def test_journals_of_before_are_read_and_go_on(old: Path) -> None:
    assert numbers(old) == list(range(1, 10))
    assert rewards_of_rows(old) == list(range(1, 10))
    journal = open_journal(old)
    assert (journal.written.total, journal.sequences) == (9, {KEY: 9})
    journal.append([encode(make_batch(10, 2))], 2, {KEY: 11})
    journal.close()
    assert rewards_of_rows(old) == list(range(1, 12))
    for path in journal_files(old):
        with AnyReader([path]) as reader:
            assert reader.message_count == len(list(reader.messages())) > 0


def test_undecodable_batches_of_before_are_left_out(
    old: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = journal_files(old)[0]
    flip(first, first.read_bytes().index(b'robot_1') - 2)  # the length of a text
    with caplog.at_level(logging.WARNING):
        assert numbers(old) == [4, 5, 6, 7, 8, 9]
    assert str(first) in caplog.text
    assert rewards_of_rows(old) == [4, 5, -1, -1, -1, 6, 7, 8, 9]

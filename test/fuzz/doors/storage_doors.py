# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What earlier processes left on disks: journals and spools."""

import contextlib
from pathlib import Path
from random import Random
import shutil
import zlib

from batch_doors import batches, break_batch
from batches import LAYOUT, SPACES
from door import Door, RefusedError
import numpy as np
from odd_values import odd_integer, odd_text
from plain_transition import plain_transition
from rl_agent.errors import RlError
from rl_agent.transport.spool_folder import SpoolFolder
from rl_agent.transport.transition import Sender
from rl_agent.transport.transition_record import RecordLayout
from rl_learner.journal.batch_codec import encode
from rl_learner.journal.journal import Journal, JournalSettings, Written
from rl_learner.journal.journal_episodes import split_episodes
from rl_learner.journal.journal_file import JournalFile
from rl_learner.journal.journal_header import JournalHeader
from rl_learner.journal.journal_reader import file_name, journal_extent, read_batches
from rl_learner.journal.journal_rows import JournalRows
from rl_learner.journal.journal_seal import SEAL_SIZE

_MARKER = b'\x91fuzz\x00\xfe\x02'
_OTHER_MARKER = b'\x91FUZZ\x00\xfe\x02'


class JournalDoor(Door):
    """A journal file: read, repaired, continued, and turned into rows of replay."""

    def __init__(self, folder: Path) -> None:
        """Begin with files that are finished, cut off, and without seals."""
        self._folder, self._path = folder, folder / file_name(0)
        good = [encode(batch) for batch in batches()[:3]]
        self._good = set(good)
        self.seeds = [
            self.file(good, finished=True),
            self.file(good, finished=False),
            self.file(good, marker=b'', finished=True),
        ]

    def broken(self, rng: Random) -> bytes | None:
        """Return a file whose seals are right, but not its batches or numbers."""
        messages = [encode(batch) for batch in batches()[: rng.randrange(4)]]
        if messages and rng.random() < 0.7:
            place = rng.randrange(len(messages))
            messages[place] = encode(break_batch(batches()[place], rng))
        numbers = {('robot_1', 'session_a'): odd_integer(rng), (odd_text(rng)[:300], 'b'): 3}
        header = JournalHeader(
            SPACES.fingerprint if rng.random() < 0.7 else odd_text(rng)[:300],
            0 if rng.random() < 0.7 else odd_integer(rng, 62),
            numbers if rng.random() < 0.5 else {},
            rng.choice((_OTHER_MARKER, b'')),
        )
        with contextlib.suppress(RlError):  # of a batch that no journal takes
            return self.file(messages, header=header, finished=rng.random() < 0.5)
        return None

    def give(self, data: bytes) -> None:
        """Read the file; then open the journal, which repairs it, and read its rows."""
        self._path.write_bytes(data)
        refusals = []
        try:
            read = [encode(batch) for batch in read_batches(self._path)]
            list(split_episodes(read_batches(self._path)))
            if _MARKER in data:
                assert set(read) <= self._good, 'a changed batch was read'
        except RlError as error:
            refusals.append(error)
        for use in (self._read_rows, self._continue):
            try:
                use()
            except RlError as error:
                refusals.append(error)
        for path in self._folder.glob('*.mcap'):
            path.unlink(missing_ok=True)
        if refusals:
            raise refusals[0]

    def _read_rows(self) -> None:
        """Read all rows; what is trained on is finite."""
        extent = journal_extent(self._folder)
        rows = JournalRows(
            self._folder,
            lambda: Written(extent.total, Path('none'), 0),
            LAYOUT,
            n_step=3,
            gamma=0.9,
        )
        try:
            rows.seek(extent.first)
            count = 0
            while len(part := rows.read(1000)):
                assert np.isfinite(part).all(), 'a row is not finite'
                count += len(part)
                assert count <= 100_000, 'more rows than the file can hold'
        finally:
            rows.close()

    def _continue(self) -> None:
        """Open the journal as a bridge does, append a batch, and find it again."""
        journal = Journal(self._folder, SPACES.fingerprint, JournalSettings())
        batch = encode(batches()[0])
        try:
            assert all(0 <= number < 2**63 for number in journal.sequences.values())
            journal.append([batch], 3, {('robot_1', 'session_a'): 13})
            path = journal.written.path
        finally:
            journal.close()
        assert [encode(item) for item in read_batches(path)] == [batch]

    def file(
        self,
        messages: list[bytes],
        *,
        marker: bytes = _MARKER,
        header: JournalHeader | None = None,
        finished: bool,
    ) -> bytes:
        """Return the content of a journal file.

        Args:
            messages: its batches, serialised.
            marker: of its seals; empty: without seals, as before them.
            header: with the marker; None: a good one.
            finished: with the end that its writer adds.
        """
        path = self._folder / 'made.part'
        head = header or JournalHeader(SPACES.fingerprint, 0, {}, marker)
        file = JournalFile(path, head)
        try:
            file.append(messages, 1_000)
            if finished:
                file.finish()
        finally:
            file.close()
        data = path.read_bytes()
        path.unlink()
        if not head.marker:  # before the seals
            data = _without_seals(data)
        return data


def _without_seals(data: bytes) -> bytes:
    """Return a journal file without its seals, which have an empty marker."""
    begin = b'\x80' + (SEAL_SIZE - 9).to_bytes(8, 'little') + bytes(8)
    while (place := data.find(begin)) >= 0:
        data = data[:place] + data[place + SEAL_SIZE :]
    return data


class SpoolDoor(Door):
    """What a killed agent left of its spool: a file in its folder and one in shared memory."""

    _SENDER = Sender('r', 'new', 'fingerprint')
    _LAYOUT = RecordLayout(2, 1)

    def __init__(self, folder: Path) -> None:
        """Begin with two runs of earlier sessions."""
        self._folder = folder
        (folder / 'shared').mkdir()
        opened = self._open('old')
        for number in range(5):
            opened.spool.append(plain_transition(2, reward=float(number)))
        memory = self._memory_file().read_bytes()
        opened.close()
        disk = (folder / 'spool' / 'r' / 'fingerprint.spool').read_bytes()
        self._name = self._memory_name()
        self.seeds = [b'm' + memory[: 64 + 6 * self._LAYOUT.size], b'd' + disk]

    def broken(self, rng: Random) -> bytes | None:
        """Return records with right checksums, but other numbers."""
        data = bytearray(rng.choice(self.seeds))
        size = self._LAYOUT.size
        for _ in range(rng.choice((1, 1, 2, 4))):
            start = 1 + 64 + size * rng.randrange(max(1, (len(data) - 65) // size))
            place = start + rng.choice((0, 8, 8, 16, 48, 56))
            data[place : place + 8] = odd_integer(rng).to_bytes(8, 'little')
            body = bytes(data[start : start + size - 4])
            data[start + size - 4 : start + size] = zlib.crc32(body).to_bytes(4, 'little')
        if rng.random() < 0.4:
            _break_spool_header(data, rng)
        return bytes(data)

    def give(self, data: bytes) -> None:
        """Open the spool, send what is found, and go on with it."""
        shutil.rmtree(self._folder / 'spool', ignore_errors=True)
        for path in (self._folder / 'shared').iterdir():
            path.unlink()
        place = self._folder / 'spool' / 'r' / 'fingerprint.spool'
        if data[:1] == b'm':
            place = self._folder / 'shared' / self._name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data[1:])
        opened = self._open('new')
        try:
            before = opened.spool.pending
            assert before == opened.leftover
            assert opened.spool.append(plain_transition(2)) == 1
            self._send(opened, data)
        finally:
            opened.close()
        if self.reports:
            raise RefusedError(' '.join(self.reports))

    def _send(self, opened: SpoolFolder, data: bytes) -> None:
        """Send and acknowledge all; of this session exactly one transition was recorded."""
        own = 0
        for _ in range(len(data) // self._LAYOUT.size + 10):
            batch = opened.spool.next_batch(100)
            if batch is None:
                break
            if batch.session == 'new' and batch.first_sequence == 1:
                own += len(batch.records)
            opened.spool.acknowledge(batch.first_sequence + len(batch.records) - 1, batch.session)
        assert own >= 1, 'the new transition was not sent'
        assert opened.spool.pending == 0

    def _open(self, session: str) -> SpoolFolder:
        """Open the spool."""
        self.reports: list[str] = []
        sender = Sender('r', session, 'fingerprint')
        return SpoolFolder(
            self._folder / 'spool',
            sender,
            self._LAYOUT,
            capacity=100,
            in_memory=20,
            report=self.reports.append,
            shared_memory=self._folder / 'shared',
        )

    def _memory_file(self) -> Path:
        """Return the file in shared memory."""
        (path,) = (self._folder / 'shared').iterdir()
        return path

    def _memory_name(self) -> str:
        """Return the name of that file, after its spool was closed."""
        opened = self._open('name')
        name = self._memory_file().name
        opened.close()
        return name


def _break_spool_header(data: bytearray, rng: Random) -> None:
    """Give the header of a spool other numbers and the right checksum."""
    if data[:1] == b'm':
        body = odd_integer(rng).to_bytes(8, 'little')
    else:
        numbers = (odd_integer(rng), odd_integer(rng))
        size = SpoolDoor._LAYOUT.size
        body = b'RLSPOOL1' + b''.join(item.to_bytes(8, 'little') for item in (size, *numbers))
    data[1 : 1 + len(body) + 4] = body + zlib.crc32(body).to_bytes(4, 'little')

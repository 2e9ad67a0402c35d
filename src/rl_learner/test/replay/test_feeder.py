# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Feeding a real Reverb from the journal: each row once, whichever process is killed."""

from collections.abc import Callable, Iterator
import dataclasses
from pathlib import Path
import threading
from typing import Any

from batches import LAYOUT, make_batch, ONE, SPACES
import numpy as np
from numpy.typing import NDArray
import pytest
from rl_agent.errors import ConfigurationError, JournalError, ReplayError, RlError
from rl_learner.journal.batch_codec import encode
from rl_learner.journal.journal import Journal, JournalSettings
from rl_learner.journal.journal_reader import journal_extent, journal_files, transitions_before
from rl_learner.journal.journal_rows import JournalRows
from rl_learner.replay.feeder import ReplayFeeder
from rl_learner.replay.items import ROWS_PER_ITEM
from rl_learner.replay.sampler import ReplaySampler
from rl_learner.replay.server import ReplayServer, ReplayStart
from rl_learner.replay.state import item_table_name
from rl_learner.replay.writer import ReplayWriter
from rl_learner.system.ports import free_port

GLANCE_S = 0.3
OWN, OTHER = '1:2', '1:3'  # keys of runs
LITTLE_ENDIAN = b'\0\1\0\0'  # first bytes of a message
TWO = dataclasses.replace(ONE, robot='robot_2')


class Bench:
    """A journal, a feeder and a server."""

    def __init__(self, folder: Path, *, n_step: int = 1, file_bytes: int = 4000) -> None:
        """Start a run in a folder, without a server."""
        self.port = free_port()
        self.folder, self._n_step, self._file_bytes = folder, n_step, file_bytes
        self._servers: list[ReplayServer] = []
        self.next = 1
        self._journal: Journal | None = None
        self.restart_bridge()

    def restart_bridge(self) -> None:
        """Restart journal and feeder as after a killed bridge."""
        if self._journal is not None:
            self._journal.close()
        self.journal = self._journal = Journal(
            self.folder, SPACES.fingerprint, JournalSettings(file_bytes=self._file_bytes)
        )
        self.writer = ReplayWriter(self.port, OWN)
        self.feeder = ReplayFeeder(self.rows(), self.writer, pad_after_s=0.0)

    def rows(self) -> JournalRows:
        """Return a reader at the first row."""
        return JournalRows(
            self.folder, lambda: self.journal.written, LAYOUT, n_step=self._n_step, gamma=0.5
        )

    def live(self, *counts: int, truncated_at: int = -1) -> None:
        """Append batches of both robots to the journal."""
        for count in counts:
            messages = [
                encode(make_batch(self.next, count, sender=sender, truncated_at=truncated_at))
                for sender in (ONE, TWO)
            ]
            self.next += count
            numbers = {(sender.robot, sender.session): self.next - 1 for sender in (ONE, TWO)}
            self.journal.append(messages, 2 * count, numbers)

    def serve(self, **changes: Any) -> ReplayServer:
        """Start a server in place of the previous one."""
        self.end_server()
        settings: dict[str, Any] = {
            'width': LAYOUT.width,
            'capacity': 1000,
            'samples_per_insert': 1e6,
            'warmup': 0,
            'run': OWN,
        }
        self._servers.append(ReplayServer(self.port, **{**settings, **changes}))
        return self._servers[-1]

    def end_server(self) -> None:
        """Stop the server, if any."""
        if self._servers:
            self._servers.pop().stop()

    def feed(self) -> None:
        """Feed until nothing is left."""
        while self.feeder.feed():
            pass

    def stored(self) -> list[float]:
        """Return the sorted rewards of the rows in the table; draws enough to see every row."""
        sampler = ReplaySampler(
            self._servers[-1], width=LAYOUT.width, batch_size=100, updates_per_block=40
        )
        blocks = [sampler.next_block(30.0) for _ in range(2)]
        sampler.stop()
        drawn = [block for block in blocks if block is not None]
        assert len(drawn) == 2
        rows = np.unique(np.concatenate(drawn).reshape(-1, LAYOUT.width), axis=0)
        rewards: list[float] = LAYOUT.unpack(rows).reward.tolist()
        return sorted(rewards)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.end_server()


def read_all(rows: JournalRows, most: int = 1000) -> NDArray[np.float32]:
    """Return all rows from the reader's position on."""
    parts: list[NDArray[np.float32]] = []
    while True:
        part = rows.read(most)
        if not len(part):
            return np.concatenate([np.empty((0, LAYOUT.width), np.float32), *parts])
        parts.append(part)


@pytest.mark.parametrize('n_step', [1, 3])
@pytest.mark.parametrize('most', [1, 7, 1000])
def test_rows_do_not_depend_on_where_reading_starts(
    tmp_path: Path, n_step: int, most: int
) -> None:
    """Across files and restarts of the bridge; each transition becomes one row."""
    bench = Bench(tmp_path, n_step=n_step)
    reader, live = bench.rows(), []
    for _ in range(4):
        bench.live(4, 1, 7, truncated_at=bench.next + 2)
        live.append(read_all(reader, most))
    bench.restart_bridge()
    reader = JournalRows(tmp_path, lambda: bench.journal.written, LAYOUT, n_step=n_step, gamma=0.5)
    expected = read_all(reader)
    assert len(expected) == reader.position == bench.journal.written.total == 96
    seen = np.concatenate(live)
    np.testing.assert_array_equal(seen, expected[: len(seen)])
    assert len(seen) >= 96 - 2 * (n_step - 1)
    assert bench.journal.files > 2
    for position in range(0, 96, 5):
        reader.seek(position)
        np.testing.assert_array_equal(read_all(reader, most), expected[position:])


def test_n_step_sums_are_per_robot(tmp_path: Path) -> None:
    """Three steps, gamma 1/2, truncated at number 4; by hand, for two robots in turn."""
    bench = Bench(tmp_path, n_step=3)
    bench.live(2, 1, 1, truncated_at=4)
    rows = LAYOUT.unpack(read_all(bench.rows()))
    assert rows.reward.tolist() == [2.75, 2.75, 4.5, 5.0, 4.0, 4.5, 5.0, 4.0]
    assert rows.num_steps.tolist() == [3, 3, 3, 2, 1, 3, 2, 1]


def test_live_rows_are_inserted_once(bench: Bench) -> None:
    server = bench.serve()
    bench.live(3, 4)
    bench.feed()
    bench.live(2)
    bench.feed()
    assert server.counts() == (18, 18)
    assert bench.stored() == sorted([*range(1, 10)])
    assert bench.feeder.inserted == 18


def test_restarted_bridge_continues_with_the_next_row(bench: Bench) -> None:
    """Even if it had inserted part of a batch, or nothing of what it had acknowledged."""
    server = bench.serve()
    bench.live(5)
    bench.writer.insert(bench.rows().read(5)[:3])
    bench.restart_bridge()
    bench.feed()
    bench.live(5)
    bench.restart_bridge()
    bench.live(1)
    bench.feed()
    assert server.counts() == (22, 22)
    assert bench.stored() == list(range(1, 12))


def test_rows_wait_until_they_fill_an_item(bench: Bench) -> None:
    """Or until no more rows have arrived for a while; then they are padded."""
    bench.feeder = ReplayFeeder(bench.rows(), bench.writer, pad_after_s=1e9)
    server = bench.serve()
    bench.live(ROWS_PER_ITEM // 2 + 1)
    bench.feed()
    assert server.counts() == (ROWS_PER_ITEM, ROWS_PER_ITEM)
    bench.live(1, 1)
    bench.feed()
    assert server.counts() == (ROWS_PER_ITEM, ROWS_PER_ITEM)
    bench.feeder._pad_after_s = 0.0
    bench.feed()
    assert server.counts() == (ROWS_PER_ITEM + 6, ROWS_PER_ITEM + 6)
    assert bench.feeder.inserted == ROWS_PER_ITEM + 6
    bench.live(ROWS_PER_ITEM)
    bench.feed()
    assert server.counts() == (3 * ROWS_PER_ITEM + 6, 3 * ROWS_PER_ITEM + 6)
    assert bench.stored() == list(range(1, bench.next))


@pytest.mark.parametrize(
    ('before', 'noted_padding'), [(0, 1), (3, ROWS_PER_ITEM - 1), (ROWS_PER_ITEM, 5)]
)
def test_bridge_killed_between_padding_note_and_item(
    bench: Bench, before: int, noted_padding: int
) -> None:
    """The next item is complete, padded differently, or missing until the next kill."""
    server = bench.serve()
    bench.live(40)
    if before:
        bench.writer.insert(bench.rows().read(40)[:before])
    for _ in range(2):
        bench.writer._note_padding(noted_padding, 10.0)
        bench.restart_bridge()
        state = bench.writer.state()
        assert state is not None
        assert state.position == before
    bench.feed()
    assert server.counts() == (80, 80)
    assert bench.stored() == list(range(1, 41))


def test_bridge_killed_while_emptying_the_table(bench: Bench) -> None:
    """The items are removed, but the padding note is not reset yet."""
    server = bench.serve(start=ReplayStart(0, 80, 1e6))
    bench.live(40)
    for count in (20, 1):
        bench.writer.insert(bench.rows().read(40)[:count])
    bench.writer._client.reset(item_table_name(OWN))
    bench.restart_bridge()
    bench.feed()
    assert server.counts() == (80, 80)
    assert bench.stored() == list(range(1, 41))


def test_restarted_learner_gets_the_newest_rows_again(bench: Bench) -> None:
    capacity = 2 * ROWS_PER_ITEM
    bench.serve(capacity=capacity)
    bench.live(15, 20)
    bench.feed()
    bench.end_server()
    bench.live(5)  # stored and acknowledged while the learner is gone
    with pytest.raises(ReplayError):
        bench.feeder.feed()
    server = bench.serve(capacity=capacity, start=ReplayStart(80 - capacity, 80, 1e6))
    feed_again(bench)
    assert server.counts() == (capacity, 80)
    bench.live(ROWS_PER_ITEM // 2)
    bench.feed()
    assert server.counts() == (capacity, 80 + ROWS_PER_ITEM)
    assert bench.stored()[-1] == bench.next - 1


def feed_again(bench: Bench) -> None:
    """Feed, ignoring the errors of the change from the old server to the new one."""
    for _ in range(4):
        try:
            bench.feed()
        except ReplayError:
            bench.feeder._server = ''
        else:
            return
    raise AssertionError('the feeder does not reach the new server')


def test_refill_makes_no_samples_due(bench: Bench) -> None:
    """All 4 samples of each of 40 transitions were drawn; only new transitions allow more."""
    bench.live(20)
    server = bench.serve(samples_per_insert=4.0, start=ReplayStart(0, 40, 0.0))
    sampler = ReplaySampler(server, width=LAYOUT.width, batch_size=2, updates_per_block=2)
    bench.feed()
    assert server.counts() == (40, 40)
    assert sampler.next_block(GLANCE_S) is None
    bench.live(1)
    bench.feed()
    assert [sampler.next_block(10.0) is None for _ in range(2)] == [False, False]
    assert sampler.next_block(GLANCE_S) is None
    sampler.stop()


def test_due_samples_wait_for_the_complete_refill(bench: Bench) -> None:
    bench.live(20)
    server = bench.serve(samples_per_insert=4.0, start=ReplayStart(0, 40, 80.0))
    sampler = ReplaySampler(server, width=LAYOUT.width, batch_size=2, updates_per_block=10)
    bench.writer.insert(bench.rows().read(20)[:39])
    assert sampler.next_block(GLANCE_S) is None
    bench.restart_bridge()
    bench.feed()
    assert [sampler.next_block(10.0) is None for _ in range(4)] == [False] * 4
    assert sampler.next_block(GLANCE_S) is None
    sampler.stop()


def test_rows_that_reverb_resent_to_a_new_server(bench: Bench) -> None:
    """Reverb's writer resends unconfirmed items; the refill then starts over."""
    bench.serve()
    bench.live(5)
    bench.feed()
    server = bench.serve(start=ReplayStart(0, 10, 1e6))
    ReplayWriter(bench.port, OWN).insert(bench.rows().read(10)[:4])
    feed_again(bench)
    assert server.counts() == (10, 10)
    assert bench.stored() == [1, 2, 3, 4, 5]


def test_server_that_expects_missing_rows_gets_nothing(bench: Bench) -> None:
    server = bench.serve(start=ReplayStart(1000, 1000, 0.0))
    bench.live(3)
    with pytest.raises(JournalError, match='holds 6 transitions: given number 1000'):
        bench.feeder.feed()
    assert server.size == 0


REJECTED = 'where a learner of another run answers; accepted: .* its own replay_port'


@pytest.mark.parametrize(
    ('start', 'other_rows'),
    [
        (ReplayStart(), 0),
        (ReplayStart(4, 4, 0.0), 3),
        (ReplayStart(0, 10, 0.0), 3),  # an interrupted refill, which its own feeder restarts
    ],
)
@pytest.mark.parametrize('run', [OTHER, ''])
def test_server_of_another_run_is_left_unchanged(
    bench: Bench, start: ReplayStart, other_rows: int, run: str
) -> None:
    """Even if the journal has the rows that it expects; robots are stored in the meantime."""
    bench.serve(run=run, start=start)
    writer = ReplayWriter(bench.port, run)
    writer.insert(np.ones((other_rows, LAYOUT.width), np.float32))
    before = writer.state()
    for _ in range(2):
        bench.live(5)
        with pytest.raises(ConfigurationError, match=f'replay_port: given {bench.port}, where a'):
            bench.feeder.feed()
    assert bench.feeder._source.position == 0  # the feeder did not seek either
    assert writer.state() == before
    assert bench.journal.written.total == 20
    server = bench.serve()
    feed_again(bench)
    assert server.counts() == (20, 20)
    assert bench.stored() == list(range(1, 11))


def test_server_of_another_run_replaces_the_own_server(bench: Bench) -> None:
    """A learner ends, and the learner of another run takes its port."""
    bench.serve()
    bench.live(5)
    bench.feed()
    other = bench.serve(run=OTHER)
    with pytest.raises(ConfigurationError, match=REJECTED):
        bench.feeder._check_position()  # without new rows
    bench.live(5)
    for _ in range(2):
        with pytest.raises(RlError):
            bench.feeder.feed()
        bench.feeder._server = ''
    with pytest.raises(ConfigurationError, match=REJECTED):
        bench.feeder.feed()
    assert other.counts() == (0, 0)
    server = bench.serve(start=ReplayStart(0, 20, 0.0))
    feed_again(bench)
    assert server.counts() == (20, 20)


def test_unconfirmed_rows_do_not_reach_the_server_of_another_run(bench: Bench) -> None:
    """Reverb's writer resends them to whatever server answers."""
    bench.serve()
    bench.live(ROWS_PER_ITEM)
    bench.feed()
    bench.end_server()
    errors: list[RlError] = []

    def insert() -> None:
        try:
            bench.writer.insert(bench.rows().read(2 * ROWS_PER_ITEM))
        except RlError as error:
            errors.append(error)

    inserting = threading.Thread(target=insert)
    inserting.start()
    other = bench.serve(run=OTHER)
    inserting.join(30.0)
    assert other.counts() == (0, 0)
    assert len(errors) == 1
    with pytest.raises(ConfigurationError, match=REJECTED):
        bench.writer.reset()


def test_thread_keeps_looking_for_the_server_of_its_run(bench: Bench) -> None:
    bench.live(5)
    other = bench.serve(run=OTHER)
    bench.feeder.start()
    until(
        bench, lambda: bench.feeder.state.startswith(f'waiting: replay_port: given {bench.port}')
    )
    assert 'each run needs its own replay_port' in bench.feeder.state
    assert other.counts() == (0, 0)
    server = bench.serve()
    until(bench, lambda: server.counts() == (10, 10))
    until(bench, lambda: bench.feeder.state == 'feeding')
    bench.feeder.stop(10.0)


def until(bench: Bench, condition: Callable[[], bool]) -> None:
    """Wait for the feeder's thread."""
    for _ in range(600):
        if condition():
            return
        bench.feeder._stop.wait(0.05)
    raise AssertionError(f'timed out: {bench.feeder.state}')


def test_deleted_rows_are_reported(tmp_path: Path) -> None:
    bench = Bench(tmp_path, file_bytes=1000)
    bench.live(5, 5, 5)
    min(tmp_path.glob('*.mcap')).unlink()
    with pytest.raises(JournalError, match='number 0 was already removed'):
        bench.rows().seek(0)


def test_file_missing_in_the_middle_is_reported(tmp_path: Path) -> None:
    """Otherwise rows would be numbered wrongly from there on."""
    bench = Bench(tmp_path, file_bytes=1000)
    bench.live(5, 5, 5)
    first, second, third, *_ = journal_files(tmp_path)
    second.unlink()
    missing = f'{first}: given rows up to number {transitions_before(second)}; accepted: up to'
    with pytest.raises(JournalError, match=f'{missing} {transitions_before(third)}'):
        read_all(bench.rows())


def test_corrupt_file_is_reported_and_training_can_continue_after_it(bench: Bench) -> None:
    bench.live(*[5] * 10)
    first, second, third, *_ = journal_files(bench.folder)
    second.write_bytes(second.read_bytes().replace(LITTLE_ENDIAN, b'\0\7\0\0'))
    bench.serve(start=ReplayStart(0, 100, 0.0))
    bench.feeder.start()
    while not bench.feeder.state.startswith(f'waiting: {second}, the record that ends at byte'):
        bench.feeder._stop.wait(0.05)
    assert 'move this file and all older ones away' in bench.feeder.state
    first.unlink()
    second.unlink()
    first_row = transitions_before(third)
    server = bench.serve(start=ReplayStart(journal_extent(bench.folder).first, 100, 0.0))
    while server.counts() != (100 - first_row, 100):
        bench.feeder._stop.wait(0.05)
    bench.feeder.stop(10.0)


def test_thread_finds_each_new_server(bench: Bench) -> None:
    """It is started before the first server and is not notified of any."""
    bench.feeder.start()
    bench.live(5)
    for first in (0, 4):
        server = bench.serve(start=ReplayStart(first, 10, 0.0))
        for _ in range(600):
            if server.counts()[0] == 10 - first:
                break
            bench.feeder._stop.wait(0.05)
        assert server.counts() == (10 - first, 10)
    bench.feeder.stop(10.0)

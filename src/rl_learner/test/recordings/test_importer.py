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

"""`rl_import` of recorded batches, from bags written by rosbags and from journals of runs."""

from collections.abc import Callable, Sequence
import dataclasses
import json
from pathlib import Path
from typing import Any

from batches import LAYOUT, make_batch, ONE, SPACES
import pytest
from rl_agent.description.robot import load_robot
from rl_agent.transport.transition import Sender
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.cli import import_recordings
from rl_learner.journal.batch_codec import encode, MESSAGE_DEFINITION, TransitionBatch, TYPE_NAME
from rl_learner.journal.journal import Journal, JournalSettings
from rl_learner.journal.journal_reader import journal_files, read_journal
from rl_learner.journal.journal_rows import JournalRows
from rl_learner.recordings.batch_order import BatchOrder
from rl_learner.run.folder import EXPERIENCE
from rl_learner.run.identity import claim_run, RunIdentity
from rl_learner.run.lock import run_state, RunLock
from rl_learner.run.manifest import next_start, write_run
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

OTHER_ROBOT = Sender('robot_9', 'session_z', 'fingerprint of another')
AGAIN = Sender('robot_1', 'session_b', SPACES.fingerprint)


def exit_code(main: Callable[[list[str]], None], *arguments: object) -> int:
    """Return the exit code of a command line."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in arguments])
    return int(ended.value.code or 0)


def write_bag(
    path: Path,
    batches: Sequence[TransitionBatch],
    kind: str = 'MCAP',
    compression: CompressionMode = CompressionMode.NONE,
) -> Path:
    """Record batches as rosbag2 does, with an unrelated topic."""
    writer = Writer(path, version=9, storage_plugin=StoragePlugin[kind])
    writer.set_compression(compression, CompressionFormat.ZSTD)
    with writer:
        connection = writer.add_connection(
            '/transitions', TYPE_NAME, msgdef=MESSAGE_DEFINITION, rihs01='RIHS01_' + '0' * 64
        )
        other = writer.add_connection(
            '/chatter', 'std_msgs/msg/Empty', msgdef='', rihs01='RIHS01_' + '1' * 64
        )
        for number, batch in enumerate(batches):
            writer.write(other, 1000 * number, b'\x00\x01\x00\x00\x00')
            writer.write(connection, 1000 * number + 1, encode(batch))
    return path


def make_run(folder: Path) -> Path:
    """Create a run as a starting learner does."""
    folder.mkdir()
    robot, algorithm = load_robot('pendulum'), load_algorithm('tqc')
    write_run(folder, next_start(folder, robot, algorithm, {}, 'a'))
    claim_run(folder, RunIdentity.of(SPACES, algorithm))
    return folder


def stored(run: Path) -> list[tuple[str, int]]:
    """Return session and sequence number of all transitions of a run."""
    return [
        (batch.sender.session, int(number))
        for batch in read_journal(run / EXPERIENCE)
        for number in batch.columns['reward']
    ]


def result_of(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    """Return the JSON result of an import."""
    assert exit_code(import_recordings.main, *arguments, '--json') == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


@pytest.mark.parametrize('kind', ['SQLITE3', 'MCAP'])
@pytest.mark.parametrize('as_file', [False, True], ids=['folder', 'file'])
def test_a_bag_is_imported_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, as_file: bool
) -> None:
    run = make_run(tmp_path / 'run')
    batches = [make_batch(1, 3), make_batch(1, 2, sender=AGAIN), make_batch(2, 4)]
    bag = write_bag(tmp_path / '20261121', batches, kind)  # named like a file of a journal
    given = next(iter([*bag.glob('*.db3'), *bag.glob('*.mcap')])) if as_file else bag
    result = result_of(capsys, given, '--run', run)
    assert result == {
        'run': str(run),
        'imported': 7,
        'duplicate': 2,
        'missing': 0,
        'total': 7,
        'refused': 0,
        'batches_refused': 0,
    }
    expected = [('session_a', 1), ('session_a', 2), ('session_a', 3)]
    expected += [('session_b', 1), ('session_b', 2), ('session_a', 4), ('session_a', 5)]
    assert stored(run) == expected
    first = next(read_journal(run / EXPERIENCE))
    for name, values in make_batch(1, 3).columns.items():
        assert first.columns[name].tolist() == values.tolist()
    # a second import changes nothing
    assert result_of(capsys, given, '--run', run)['imported'] == 0
    assert stored(run) == expected
    assert run_state(run) == 'not started'


@pytest.mark.parametrize(
    ('kind', 'compression'),
    [
        ('SQLITE3', CompressionMode.FILE),
        ('SQLITE3', CompressionMode.MESSAGE),
        ('MCAP', CompressionMode.STORAGE),
    ],
)
def test_compressed_bags(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    compression: CompressionMode,
) -> None:
    run = make_run(tmp_path / 'run')
    bag = write_bag(tmp_path / 'bag', [make_batch(1, 3), make_batch(4, 2)], kind, compression)
    assert result_of(capsys, bag, '--run', run)['imported'] == 5
    assert [number for _, number in stored(run)] == [1, 2, 3, 4, 5]


def with_reward(batch: TransitionBatch, reward: float, *numbers: int) -> TransitionBatch:
    """Return a batch with this reward at some numbers."""
    rewards = batch.columns['reward'].copy()
    rewards[[number - batch.first_sequence for number in numbers]] = reward
    return dataclasses.replace(batch, columns={**batch.columns, 'reward': rewards})


def test_bad_transitions_of_a_bag_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """So are batches with numbers that no robot sends; nothing moves the robot's number."""
    run = make_run(tmp_path / 'run')
    batches = [
        make_batch(1, 3),
        dataclasses.replace(make_batch(5, 2), oldest_sequence=0),
        make_batch(4, 0, oldest=4000),
        make_batch(4000, 1, oldest=(1 << 63) - 1),
        with_reward(make_batch(4, 4), 3e38, 5, 6),
        make_batch(8, 2),
    ]
    bag = write_bag(tmp_path / 'bag', batches)
    result = result_of(capsys, bag, '--run', run)
    assert [number for _, number in stored(run)] == [1, 2, 3, 4, 7, 8, 9]
    assert (result['imported'], result['refused'], result['batches_refused']) == (7, 2, 3)
    assert result['missing'] == 0
    texts = [record.getMessage() for record in caplog.records]
    assert sum('transition_refused' in text for text in texts) == 1
    assert sum('batch_refused' in text for text in texts) == 1
    again = result_of(capsys, bag, '--run', run)
    assert (again['imported'], again['total']) == (0, 7)


def test_a_run_of_before_with_bad_transitions_is_imported_without_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, run = tmp_path / 'old', make_run(tmp_path / 'run')
    journal = Journal(old / EXPERIENCE, SPACES.fingerprint, JournalSettings())
    journal.append([encode(with_reward(make_batch(1, 6), float('nan'), 2, 6))], 6, {})
    journal.close()
    result = result_of(capsys, old, '--run', run)
    assert (result['imported'], result['refused']) == (4, 2)
    assert [number for _, number in stored(run)] == [1, 3, 4, 5]


@pytest.mark.parametrize(
    'batch',
    [
        with_reward(make_batch(1, 2), float('nan'), 1, 2),
        dataclasses.replace(make_batch(5, 2), oldest_sequence=0),
    ],
    ids=['values', 'numbers'],
)
def test_an_import_of_nothing_good_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], batch: TransitionBatch
) -> None:
    run, bag = make_run(tmp_path / 'run'), write_bag(tmp_path / 'bag', [batch])
    assert exit_code(import_recordings.main, bag, '--run', run) == 1
    assert '0 transitions imported' in capsys.readouterr().out
    assert stored(run) == []


def test_several_files_and_what_the_robot_sends_afterwards(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / 'run')
    early = write_bag(tmp_path / 'early', [make_batch(1, 3)])
    late = write_bag(tmp_path / 'late', [make_batch(4, 3, oldest=4)])
    assert result_of(capsys, late, early, '--run', run)['imported'] == 6
    assert [number for _, number in stored(run)] == [1, 2, 3, 4, 5, 6]  # in the robot's order
    journal = Journal(run / EXPERIENCE, SPACES.fingerprint, JournalSettings())
    assert journal.sequences == {('robot_1', 'session_a'): 6}
    # the rows that refill replay
    rows = JournalRows(
        run / EXPERIENCE, lambda: journal.written, LAYOUT, n_step=1, gamma=0.99
    ).read(100)
    assert LAYOUT.unpack(rows).reward.tolist() == [1, 2, 3, 4, 5, 6]
    journal.close()


def test_missing_transitions_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / 'run')
    # 5 and 6 are late, 10 to 14 missing
    batches = [make_batch(3, 2), make_batch(7, 3), make_batch(5, 2), make_batch(15, 1)]
    result = result_of(capsys, write_bag(tmp_path / 'bag', batches), '--run', run)
    assert [number for _, number in stored(run)] == [3, 4, 5, 6, 7, 8, 9, 15]
    assert (result['imported'], result['missing']) == (8, 5)


def test_the_journal_of_another_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / 'other'
    for first in (1, 4):
        journal = Journal(other / EXPERIENCE, SPACES.fingerprint, JournalSettings())
        journal.append([encode(make_batch(first, 3))], 3, {('robot_1', 'session_a'): first + 2})
        journal.close()
    # the second file lacks its end, as after its writer was killed
    last = journal_files(other / EXPERIENCE)[-1]
    last.write_bytes(last.read_bytes()[:-40])
    before = last.read_bytes()
    run = tmp_path / 'new'  # no learner was started there
    result = result_of(capsys, other, '--run', run, '--robot', 'pendulum')
    assert result['imported'] == 6
    assert last.read_bytes() == before
    single = tmp_path / 'single'
    assert result_of(capsys, last, '--run', single, '--robot', 'pendulum')['imported'] == 3


def test_another_kind_of_robot_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / 'run')
    good, bad = make_batch(1, 3), make_batch(1, 3, sender=OTHER_ROBOT)
    bag = write_bag(tmp_path / 'bag', [good, bad])
    assert exit_code(import_recordings.main, bag, '--run', run) == 2
    error = capsys.readouterr().err
    assert error.count('\n') == 1
    assert "'robot_9'" in error
    assert repr(SPACES.fingerprint) in error
    assert not (run / EXPERIENCE).exists()  # not even the good batch is stored
    fitting = write_bag(tmp_path / 'fitting', [good])
    assert exit_code(import_recordings.main, fitting, '--run', run, '--robot', 'quadruped') == 2
    assert "accepted: 'pendulum'" in capsys.readouterr().err


def test_a_run_in_use_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path / 'run')
    bag = write_bag(tmp_path / 'bag', [make_batch(1, 3)])
    lock = RunLock(run)
    lock.begin()
    assert exit_code(import_recordings.main, bag, '--run', run) == 2
    assert 'a learner' in capsys.readouterr().err
    lock.end()
    lock.close()
    journal = Journal(run / EXPERIENCE, SPACES.fingerprint, JournalSettings())
    assert exit_code(import_recordings.main, bag, '--run', run) == 1
    assert 'another replay bridge writes to it' in capsys.readouterr().err
    journal.close()
    assert exit_code(import_recordings.main, bag, '--run', run) == 0
    assert run_state(run) == 'stopped'  # unchanged by the import


def test_files_that_are_no_recordings_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / 'run')
    (tmp_path / 'text.mcap').write_text('no recording')
    (tmp_path / 'text.txt').write_text('no recording')
    (tmp_path / 'empty').mkdir()
    for name in ('text.mcap', 'text.txt', 'empty', 'none'):
        assert exit_code(import_recordings.main, tmp_path / name, '--run', run) == 2
        assert capsys.readouterr().err.count('\n') == 1
    silent = write_bag(tmp_path / 'silent', [])
    assert exit_code(import_recordings.main, silent, '--run', run) == 2
    assert f'no message of {TYPE_NAME}' in capsys.readouterr().err
    assert exit_code(import_recordings.main, silent, '--run', tmp_path / 'new') == 2
    assert '--robot: not given' in capsys.readouterr().err
    assert not (tmp_path / 'new').exists()


@pytest.mark.parametrize('kind', ['SQLITE3', 'MCAP'])
def test_a_bag_of_a_killed_recorder_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    run = make_run(tmp_path / 'run')
    bag = write_bag(tmp_path / 'bag', [make_batch(1, 3), make_batch(4, 3)], kind)
    file = next(item for item in bag.iterdir() if item.suffix != '.yaml')
    whole = file.read_bytes()
    for size in range(0, len(whole), len(whole) // 20):
        file.write_bytes(whole[:size])
        assert exit_code(import_recordings.main, bag, '--run', run) == 2
        error = capsys.readouterr().err
        assert error.count('\n') == 1
        assert str(bag) in error
    assert not (run / EXPERIENCE).exists()


def test_a_batch_waits_only_for_announced_batches() -> None:
    batches = [make_batch(4, 2), make_batch(9, 1), make_batch(1, 2), make_batch(3, 1)]
    order = BatchOrder()
    for batch in batches:
        order.announce(batch)
    order.begin({})
    released = [
        [(item.first_sequence, item.oldest_sequence) for item in order.push(batch)]
        for batch in batches
    ]
    assert released == [[], [], [(1, 1)], [(3, 1), (4, 1), (9, 9)]]  # 6 to 8 were not announced
    assert list(order.finish()) == []


def test_a_session_continues_after_its_stored_transitions() -> None:
    batches = [make_batch(1, 2), make_batch(6, 2), dataclasses.replace(make_batch(1, 0))]
    order = BatchOrder()
    for batch in batches:
        order.announce(batch)
    order.begin({(ONE.robot, ONE.session): 3})
    released = [
        [(item.first_sequence, item.oldest_sequence) for item in order.push(batch)]
        for batch in batches
    ]
    assert released == [[(1, 1)], [(6, 6)], []]

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

"""Demonstrations from recordings, datasets and other runs, and back into a dataset."""

from collections.abc import Callable
import json
from pathlib import Path
from typing import Any

from batches import make_batch, ONE, SPACES
import numpy as np
import pytest
from rl_agent.description.robot import load_robot
from rl_agent.transport.transition import Sender
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.cli import export_dataset, import_recordings, runs
from rl_learner.journal.batch_codec import encode, TransitionBatch
from rl_learner.journal.journal import Journal, JournalSettings
from rl_learner.journal.journal_reader import read_journal
from rl_learner.run.folder import DEMONSTRATIONS, EXPERIENCE
from rl_learner.run.identity import claim_run, RunIdentity
from rl_learner.run.lock import RunLock
from rl_learner.run.manifest import next_start, write_run

LEROBOT = Path(__file__).parent / 'lerobot_dataset'
OTHER_ROBOT = Sender('robot_9', 'session_z', 'fingerprint of another')


def exit_code(main: Callable[[list[str]], None], *arguments: object) -> int:
    """Return the exit code of a command line."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in arguments])
    return int(ended.value.code or 0)


def teach(*arguments: object) -> int:
    """Import demonstrations; return the exit code."""
    return exit_code(import_recordings.main, '--demonstrations', *arguments)


def make_run(folder: Path) -> Path:
    """Create a run as a starting learner does."""
    folder.mkdir()
    robot, algorithm = load_robot('pendulum'), load_algorithm('tqc')
    write_run(folder, next_start(folder, robot, algorithm, {'algorithm': 'tqc'}, 'a'))
    claim_run(folder, RunIdentity.of(SPACES, algorithm))
    return folder


def write(folder: Path, *batches: TransitionBatch) -> Path:
    """Write a journal."""
    journal = Journal(folder, batches[0].sender.fingerprint, JournalSettings())
    for batch in batches:
        numbers = {(batch.sender.robot, batch.sender.session): batch.last_sequence}
        journal.append([encode(batch)], len(batch), numbers)
    journal.close()
    return folder


def taught(run: Path) -> list[int]:
    """Return the numbers of a run's demonstrations; a person chose every action."""
    numbers: list[int] = []
    for batch in read_journal(run / DEMONSTRATIONS):
        assert set(batch.columns['intervention'].tolist()) == {2}
        numbers += range(batch.first_sequence, batch.last_sequence + 1)
    return numbers


def test_demonstrations_of_another_run_are_taken_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not its experience; missing numbers are no loss."""
    first, second = make_run(tmp_path / 'first'), make_run(tmp_path / 'second')
    write(first / EXPERIENCE, make_batch(1, 20))
    write(first / DEMONSTRATIONS, make_batch(3, 4), make_batch(9, 2, oldest=9))
    for imported, duplicate in ((6, 0), (0, 6)):
        assert teach(first, '--run', second, '--json') == 0
        assert json.loads(capsys.readouterr().out) == {
            'run': str(second),
            'imported': imported,
            'duplicate': duplicate,
            'missing': 0,
            'total': 6,
            'refused': 0,
            'batches_refused': 0,
        }
        assert taught(second) == [3, 4, 5, 6, 9, 10]
    assert not (second / EXPERIENCE).exists()


def test_experience_becomes_demonstrations_by_name_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run of a good policy, say; a run without demonstrations is likely a mistake."""
    first, second = make_run(tmp_path / 'first'), make_run(tmp_path / 'second')
    write(first / EXPERIENCE, make_batch(1, 5))
    assert teach(first, '--run', second) == 2
    error = capsys.readouterr().err
    assert f'FILE: given {first}: a run without demonstrations; accepted' in error
    assert str(first / EXPERIENCE) in error
    assert not (second / DEMONSTRATIONS).exists()
    assert teach(first / EXPERIENCE, '--run', second) == 0
    assert '5 demonstrations imported' in capsys.readouterr().out
    assert taught(second) == [1, 2, 3, 4, 5]
    assert teach(second / DEMONSTRATIONS, '--run', first) == 0
    assert taught(first) == [1, 2, 3, 4, 5]


def test_a_lerobot_dataset_becomes_demonstrations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As asked for in RLinf/RLinf#985, into a run that has not started."""
    run = tmp_path / 'new'
    assert teach(LEROBOT, '--run', run, '--robot', 'pendulum') == 0
    assert '31 demonstrations imported' in capsys.readouterr().out
    assert len(taught(run)) == 31
    assert not (run / EXPERIENCE).exists()


def test_demonstrations_of_another_robot_are_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / 'run')
    other = write(tmp_path / 'other' / DEMONSTRATIONS, make_batch(1, 3, sender=OTHER_ROBOT))
    assert teach(other.parent, '--run', run) == 2
    error = capsys.readouterr().err
    assert "robot 'robot_9' in the recording: fingerprint: given 'fingerprint of another'" in error
    assert not (run / DEMONSTRATIONS).exists()
    write(run / DEMONSTRATIONS, make_batch(1, 3, sender=OTHER_ROBOT))
    good = write(tmp_path / 'good' / DEMONSTRATIONS, make_batch(1, 3))
    assert teach(good.parent, '--run', run) == 2
    assert f"{run / DEMONSTRATIONS}: fingerprint: given '{ONE.fingerprint}'" in (
        capsys.readouterr().err
    )


def test_nothing_is_imported_while_a_learner_trains(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / 'run')
    good = write(tmp_path / 'good' / DEMONSTRATIONS, make_batch(1, 3))
    lock = RunLock(run)
    assert teach(good.parent, '--run', run) == 2
    assert 'trains there' in capsys.readouterr().err
    lock.close()


def test_demonstrations_are_exported_by_themselves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / 'first')
    write(run / EXPERIENCE, make_batch(1, 20))
    assert exit_code(export_dataset.main, run, '--demonstrations') == 2
    assert f'no demonstrations in {run / DEMONSTRATIONS}; accepted' in capsys.readouterr().err
    write(run / DEMONSTRATIONS, make_batch(3, 4, people=range(3, 7)), make_batch(9, 2, oldest=9))
    for options, name in (((), 'v0'), (('--format', 'lerobot'), 'lerobot')):
        words = (run, '--demonstrations', *options, '--json')
        assert exit_code(export_dataset.main, *words) == 0
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert result['dataset'] == str(run / 'export' / f'first-demonstrations-{name}')
        assert (result['transitions'], result['episodes'], result['interrupted']) == (6, 2, 2)


def test_a_run_is_not_deleted_while_demonstrations_are_stored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / 'run')
    journal = Journal(run / DEMONSTRATIONS, SPACES.fingerprint, JournalSettings())
    assert exit_code(runs.main, '--delete', run, '--yes') == 2
    assert 'demonstrations are still being stored' in capsys.readouterr().err
    journal.close()
    assert exit_code(runs.main, '--delete', run, '--yes') == 0
    assert not run.exists()


def test_values_are_kept(tmp_path: Path) -> None:
    """Only who chose the action changes."""
    run, given = make_run(tmp_path / 'run'), make_batch(1, 5)
    source = write(tmp_path / 'source' / DEMONSTRATIONS, given)
    assert teach(source.parent, '--run', run) == 0
    (stored,) = read_journal(run / DEMONSTRATIONS)
    for name, column in given.columns.items():
        if name != 'intervention':
            np.testing.assert_array_equal(stored.columns[name], column)

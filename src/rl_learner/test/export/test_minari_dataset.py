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

"""`rl_export_dataset`: Minari itself reads the files."""

from collections.abc import Callable
import dataclasses
import json
from pathlib import Path

from batches import make_batch, SPACES
import minari
import numpy as np
import pytest
from rl_agent.description.robot import load_robot
from rl_agent.transport.transition import Sender
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.cli import export_dataset
from rl_learner.journal.batch_codec import encode, TransitionBatch
from rl_learner.journal.journal import Journal, JournalSettings
from rl_learner.journal.journal_episodes import split_episodes
from rl_learner.run.folder import EXPERIENCE
from rl_learner.run.manifest import next_start, write_run

TWO = Sender('robot_2', 'session_b', SPACES.fingerprint)


def exit_code(main: Callable[[list[str]], None], *arguments: object) -> int:
    """Return the exit code of a command line."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in arguments])
    return int(ended.value.code or 0)


def with_columns(batch: TransitionBatch, **values: object) -> TransitionBatch:
    """Return the batch with some columns filled with other values."""
    changed = {
        name: np.full(len(batch), value, batch.columns[name].dtype)
        for name, value in values.items()
    }
    return dataclasses.replace(batch, columns={**batch.columns, **changed})


def make_run(folder: Path, *batches: TransitionBatch) -> Path:
    """Create a run with a journal of these batches, in two files."""
    folder.mkdir(parents=True)
    write_run(
        folder,
        next_start(
            folder, load_robot('pendulum'), load_algorithm('tqc'), {'algorithm': 'tqc'}, 'a'
        ),
    )
    half = len(batches) // 2
    for group in (batches[:half], batches[half:]):
        journal = Journal(folder / EXPERIENCE, SPACES.fingerprint, JournalSettings())
        for batch in group:
            sender = batch.sender
            key = (sender.robot, sender.session)
            journal.append([encode(batch)], len(batch), {key: batch.last_sequence})
        journal.close()
    return folder


def five_batches() -> list[TransitionBatch]:
    """Return alternating batches of two robots; numbers 8 to 10 of the first one are lost.

    Episodes 1-5 of the first robot and 1-2 of the second end; 6-7, 11-12 and 3-4 do not.
    """
    terminating = with_columns(make_batch(1, 2, sender=TWO), evaluation=1)
    terminating.columns['terminated'][-1] = 1
    return [
        make_batch(1, 3),
        terminating,
        with_columns(make_batch(3, 2, sender=TWO), episode=2, intervention=1),
        make_batch(4, 4, truncated_at=5),
        make_batch(11, 2, oldest=11),
    ]


def test_episodes_of_two_robots_in_alternating_batches() -> None:
    episodes = [
        (item.sender.robot, item.columns['reward'].tolist(), item.interrupted)
        for item in split_episodes(five_batches())
    ]
    assert episodes == [
        ('robot_2', [1, 2], False),
        ('robot_1', [1, 2, 3, 4, 5], False),
        ('robot_1', [6, 7], True),  # 8 is missing
        ('robot_2', [3, 4], True),
        ('robot_1', [11, 12], True),
    ]


def test_an_empty_batch_has_no_episodes() -> None:
    assert list(split_episodes([make_batch(1, 0)])) == []


def test_minari_reads_what_was_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path / 'first', *five_batches())
    assert exit_code(export_dataset.main, run, '--json') == 0
    result = json.loads(capsys.readouterr().out)
    assert result == {
        'dataset': str(run / 'export' / 'first-v0'),
        'id': 'first-v0',
        'format': 'minari',
        'episodes': 5,
        'interrupted': 3,
        'transitions': 13,
        'left_out': 0,
        'robots': ['robot_1', 'robot_2'],
    }
    monkeypatch.setenv('MINARI_DATASETS_PATH', str(run / 'export'))
    dataset = minari.load_dataset('first-v0')  # by name, as users of Minari do
    assert (dataset.total_episodes, dataset.total_steps) == (5, 13)
    assert dataset.action_space.shape == (1,)
    assert dataset.observation_space.low.tolist() == SPACES.observation_low.tolist()
    metadata = dataset.storage.metadata
    assert metadata['observation_names'] == list(SPACES.observation_names)
    assert metadata['algorithm_name'] == 'tqc'

    terminated, truncated, lost = list(dataset.iterate_episodes())[:3]
    assert terminated.terminations.tolist() == [False, True]
    assert terminated.truncations.tolist() == [False, False]
    assert truncated.observations.tolist() == [[k] * 3 for k in (1, 2, 3, 4, 5, 6)]
    assert truncated.actions.ravel().tolist() == pytest.approx([k / 1000 for k in range(1, 6)])
    assert truncated.rewards.tolist() == [1, 2, 3, 4, 5]
    assert truncated.terminations.tolist() == [False] * 5
    assert truncated.truncations.tolist() == [False] * 4 + [True]
    assert lost.rewards.tolist() == [6, 7]
    assert lost.truncations.tolist() == [False, True]


def test_bad_transitions_of_an_older_journal_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = make_batch(1, 6, truncated_at=6)
    bad.columns['reward'][1] = np.nan
    bad.columns['action'][4] = 1e30
    run = make_run(tmp_path / 'first', bad, make_batch(7, 2, truncated_at=8))
    assert exit_code(export_dataset.main, run, '--json') == 0
    result = json.loads(capsys.readouterr().out)
    assert (result['transitions'], result['left_out']) == (6, 2)
    dataset = minari.MinariDataset(Path(result['dataset']) / 'data')
    rewards = [episode.rewards.tolist() for episode in dataset.iterate_episodes()]
    assert sorted(rewards) == [[1], [3, 4], [6], [7, 8]]


def test_a_run_given_by_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(tmp_path / 'runs' / 'first', *five_batches())
    monkeypatch.chdir(tmp_path)
    assert exit_code(export_dataset.main, 'runs/first') == 0
    dataset = minari.MinariDataset(tmp_path / 'runs' / 'first' / 'export' / 'first-v0' / 'data')
    assert dataset.total_steps == 13


def test_infos_and_metadata_of_episodes(tmp_path: Path) -> None:
    run = make_run(tmp_path / 'first', *five_batches())
    assert exit_code(export_dataset.main, run, '--out', tmp_path / 'other') == 0
    dataset = minari.MinariDataset(tmp_path / 'other' / 'data')
    evaluation, _, _, intervention, _ = dataset.iterate_episodes()
    assert evaluation.infos['evaluation'].tolist() == [False, True, True]
    assert evaluation.infos['intervention'].tolist() == [False] * 3
    assert intervention.infos['intervention'].tolist() == [False, True, True]
    assert evaluation.infos['policy_version'].tolist() == [0, 1 << 40, 1 << 40]
    assert evaluation.infos['stamp_ns'].tolist() == [-5, -4, 0]
    metadata = list(dataset.storage.get_episode_metadata(range(5)))
    assert [(item['robot'], item['session'], int(item['episode'])) for item in metadata] == [
        ('robot_2', 'session_b', 1),
        ('robot_1', 'session_a', 1),
        ('robot_1', 'session_a', 1),
        ('robot_2', 'session_b', 2),
        ('robot_1', 'session_a', 1),
    ]
    assert [bool(item['interrupted']) for item in metadata] == [False, False, True, True, True]


@pytest.mark.filterwarnings('error')  # Minari warns if a dataset's name and folder disagree
def test_a_dataset_in_minaris_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('MINARI_DATASETS_PATH', str(tmp_path / 'sets'))
    run = make_run(tmp_path / 'first', make_batch(1, 3))
    out = tmp_path / 'sets' / 'pendulum' / 'first-v3'
    assert exit_code(export_dataset.main, run, '--out', out) == 0
    assert list(minari.list_local_datasets()) == ['pendulum/first-v3']
    assert minari.load_dataset('pendulum/first-v3').total_steps == 3
    assert exit_code(export_dataset.main, run, '--out', tmp_path / 'a name.1') == 0
    dataset = minari.MinariDataset(tmp_path / 'a name.1' / 'data')
    assert dataset.spec.dataset_id == 'a-name-1-v0'


def test_nothing_is_overwritten_without_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / 'first', make_batch(1, 3))
    assert exit_code(export_dataset.main, run) == 0
    assert '3 transitions, 1 episodes (1 without' in capsys.readouterr().out
    before = sorted(run.rglob('*'))
    assert exit_code(export_dataset.main, run) == 2
    assert 'exists already' in capsys.readouterr().err
    assert exit_code(export_dataset.main, run, '--force') == 0
    assert sorted(run.rglob('*')) == before  # no temporary files are left
    assert exit_code(export_dataset.main, run, '--force', '--out', run) == 2
    assert 'not a dataset; accepted: a dataset to replace' in capsys.readouterr().err
    assert (run / EXPERIENCE).is_dir()


def test_runs_without_experience_or_with_another_robot_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(export_dataset.main, tmp_path / 'none') == 2
    assert 'no experience' in capsys.readouterr().err
    run = make_run(tmp_path / 'first', make_batch(1, 3))
    assert exit_code(export_dataset.main, run, '--robot', 'quadruped') == 2
    assert SPACES.fingerprint in capsys.readouterr().err
    (run / 'run.json').unlink()
    assert exit_code(export_dataset.main, run) == 2
    assert '--robot: not given' in capsys.readouterr().err
    assert exit_code(export_dataset.main, run, '--robot', 'pendulum') == 0

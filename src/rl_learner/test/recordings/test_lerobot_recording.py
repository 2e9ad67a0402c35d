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

"""LeRobotDatasets: written as the package reads them, read as it writes them.

The dataset beside this file was written by the package itself (lerobot 0.4.4): three episodes of
10, 11 and 12 frames at 20 Hz, of which only the second is done. Asked for in lerobot#761, #2632,
tether#96, physical-ai-toolchain#38.
"""

from collections.abc import Callable
import json
from pathlib import Path
import shutil
from typing import Any

from batches import make_batch, SPACES
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rl_agent.description.robot import load_robot
from rl_agent.errors import ConfigurationError
from rl_learner.cli import export_dataset, import_recordings
from rl_learner.export.lerobot_dataset import write_dataset
from rl_learner.journal.batch_codec import TransitionBatch
from rl_learner.journal.journal_episodes import split_episodes
from rl_learner.journal.journal_reader import read_journal
from rl_learner.recordings.lerobot_recording import LeRobotRecording
from rl_learner.run.folder import EXPERIENCE

WRITTEN_BY_LEROBOT = Path(__file__).parent / 'lerobot_dataset'
PENDULUM = load_robot('pendulum')
DATA = 'data/chunk-000/file-000.parquet'


def exit_code(main: Callable[[list[str]], None], *arguments: object) -> int:
    """Return the exit code of a command line."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in arguments])
    return int(ended.value.code or 0)


def imported(run: Path) -> list[TransitionBatch]:
    """Return the batches of a run."""
    return list(read_journal(run / EXPERIENCE))


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Return a copy of the dataset, to be changed."""
    return Path(shutil.copytree(WRITTEN_BY_LEROBOT, tmp_path / 'dataset'))


def change_info(dataset: Path, **changes: Any) -> None:
    """Change keys of info.json."""
    path = dataset / 'meta' / 'info.json'
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def change_feature(dataset: Path, name: str, **changes: Any) -> None:
    """Change a feature in info.json."""
    features = json.loads((dataset / 'meta' / 'info.json').read_text())['features']
    change_info(dataset, features={**features, name: {**features[name], **changes}})


def test_a_dataset_of_the_package_becomes_transitions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / 'run'
    arguments = (WRITTEN_BY_LEROBOT, '--run', run, '--robot', 'pendulum')
    assert exit_code(import_recordings.main, *arguments) == 0
    output = capsys.readouterr()
    assert '31 transitions imported, 0 already there' in output.out
    assert '2 last frames of episodes were left out' in output.err
    episodes = imported(run)
    assert [len(batch) for batch in episodes] == [9, 11, 11]
    second = episodes[1].columns
    np.testing.assert_array_equal(second['observation'][:, 1], np.arange(11))
    np.testing.assert_array_equal(second['next_observation'][:-1, 1], np.arange(1, 11))
    np.testing.assert_array_equal(second['reward'], -np.arange(11))
    assert [batch.columns['terminated'][-1] for batch in episodes] == [0, 1, 0]
    assert [batch.columns['truncated'][-1] for batch in episodes] == [1, 0, 1]
    frames = pq.read_table(WRITTEN_BY_LEROBOT / DATA)
    first = np.array(frames['action'].to_pylist()[:9])
    np.testing.assert_allclose(episodes[0].columns['action'][:, 0] * 2.0, first, rtol=1e-6)
    assert exit_code(import_recordings.main, *arguments) == 0
    assert '0 transitions imported, 31 already there' in capsys.readouterr().out


def test_what_is_exported_comes_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All but the last steps of truncated episodes."""
    first = tmp_path / 'first'
    arguments = (WRITTEN_BY_LEROBOT, '--run', first, '--robot', 'pendulum')
    assert exit_code(import_recordings.main, *arguments) == 0
    options = ('--robot', 'pendulum', '--format', 'lerobot', '--task', 'swing up')
    assert exit_code(export_dataset.main, first, *options, '--json') == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (result['format'], result['episodes'], result['transitions']) == ('lerobot', 3, 31)
    second = tmp_path / 'second'
    again = (result['dataset'], '--run', second, '--robot', 'pendulum')
    assert exit_code(import_recordings.main, *again) == 0
    assert [len(batch) for batch in imported(second)] == [8, 11, 10]
    for before, after in zip(imported(first), imported(second), strict=True):
        for name in ('observation', 'action', 'reward', 'next_observation', 'terminated'):
            expected = before.columns[name][: len(after)]
            np.testing.assert_allclose(after.columns[name], expected, atol=1e-6)
    assert exit_code(export_dataset.main, first, *options) == 2
    assert 'exists already' in capsys.readouterr().err
    assert exit_code(export_dataset.main, first, *options, '--force') == 0


def test_the_files_are_those_that_the_package_writes(tmp_path: Path) -> None:
    """Same files, same keys, same types of columns, and a table of tasks for pandas."""
    out = tmp_path / 'out'
    batches = [make_batch(1, 6)]
    counts = write_dataset(out, split_episodes(batches), PENDULUM, 'swing up')
    names = sorted(str(path.relative_to(out)) for path in out.rglob('*.*'))
    assert names == sorted(
        str(path.relative_to(WRITTEN_BY_LEROBOT)) for path in WRITTEN_BY_LEROBOT.rglob('*.*')
    )
    theirs, ours = (
        json.loads((folder / 'meta' / 'info.json').read_text())
        for folder in (WRITTEN_BY_LEROBOT, out)
    )
    assert theirs.keys() == ours.keys()
    assert ours['features'].keys() - theirs['features'].keys() == {'next.truncated'}
    for name, feature in theirs['features'].items():
        assert {'dtype', 'shape'} <= feature.keys()
        assert ours['features'][name]['dtype'] == feature['dtype']
        assert ours['features'][name]['shape'] == feature['shape']
    ours_schema, their_schema = (
        pq.read_schema(folder / DATA) for folder in (out, WRITTEN_BY_LEROBOT)
    )
    for field in their_schema:
        mine = ours_schema.field(field.name).type
        assert mine == field.type or pa.types.is_list(field.type)
    tasks, their_tasks = (
        pq.read_table(folder / 'meta' / 'tasks.parquet') for folder in (out, WRITTEN_BY_LEROBOT)
    )
    assert tasks.to_pylist() == [{'task_index': 0, '__index_level_0__': 'swing up'}]
    for_pandas, theirs_for_pandas = (
        json.loads(table.schema.metadata[b'pandas']) for table in (tasks, their_tasks)
    )
    for key in ('index_columns', 'column_indexes', 'columns'):
        assert for_pandas[key] == theirs_for_pandas[key]
    stats = json.loads((out / 'meta' / 'stats.json').read_text())
    expected = np.concatenate([batch.columns['observation'] for batch in batches])
    np.testing.assert_allclose(stats['observation.state']['mean'], expected.mean(axis=0), 1e-5)
    assert stats['action']['count'] == [counts.transitions]
    assert stats.keys() == ours['features'].keys()
    their_stats = json.loads((WRITTEN_BY_LEROBOT / 'meta' / 'stats.json').read_text())
    assert stats['action'].keys() == their_stats['action'].keys()


def no_reward(dataset: Path) -> None:
    features = json.loads((dataset / 'meta' / 'info.json').read_text())['features']
    del features['next.reward']
    change_info(dataset, features=features)


def cut(dataset: Path) -> None:
    path = dataset / DATA
    path.write_bytes(path.read_bytes()[:3000])


def without_column(dataset: Path) -> None:
    path = dataset / DATA
    pq.write_table(pq.read_table(path).drop_columns(['action']), path)


def no_files(dataset: Path) -> None:
    shutil.rmtree(dataset / 'data')


NAMES = list(SPACES.observation_names)


@pytest.mark.parametrize(
    ('damage', 'words'),
    [
        (lambda it: change_info(it, fps=30), 'fps: given 30; accepted: 20, the rate_hz of robot'),
        (lambda it: change_info(it, fps=None), 'fps: given None; accepted: 20'),
        (
            lambda it: change_info(it, codebase_version='v4.0'),
            "codebase_version: given 'v4.0'; accepted: v2.0, v2.1, v3.0",
        ),
        (no_reward, 'features: no next.reward; accepted: a dataset with rewards'),
        (
            lambda it: change_feature(it, 'observation.state', shape=[4]),
            r'observation.state: given shape \[4\]; accepted: \[3\], the numbers of robot',
        ),
        (
            lambda it: change_feature(it, 'observation.state', names=NAMES[::-1]),
            'accepted: this order: cos_angle, sin_angle, velocity',
        ),
        (lambda it: change_info(it, features=[]), 'features: missing; accepted: a mapping'),
        (cut, 'file-000.parquet: cannot be read: .*accepted: a file as LeRobot writes it'),
        (without_column, 'file-000.parquet: '),
        (no_files, r'no data/\*/\*.parquet; accepted: a whole dataset'),
    ],
)
def test_what_does_not_fit_is_named(
    dataset: Path, damage: Callable[[Path], None], words: str
) -> None:
    damage(dataset)
    with pytest.raises(ConfigurationError, match=words) as caught:
        list(LeRobotRecording(dataset, PENDULUM)())
    assert '\n' not in str(caught.value)


def test_actions_beyond_the_box_are_refused_and_counted(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = dataset / DATA
    table = pq.read_table(path)
    actions = [2.5 if number == 3 else 0.5 for number in range(len(table))]
    column = table.schema.get_field_index('action')
    pq.write_table(table.set_column(column, 'action', pa.array(actions, pa.float32())), path)
    run = tmp_path / 'run'
    assert exit_code(import_recordings.main, dataset, '--run', run, '--robot', 'pendulum') == 0
    assert '30 transitions imported' in capsys.readouterr().out
    assert sum(map(len, imported(run))) == 30


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        (('--raw',), '--raw: given with '),
        (('--namespace', 'x'), '--namespace: given without --raw'),
    ],
)
def test_options_that_do_not_fit_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], words: str
) -> None:
    run = ('--run', tmp_path / 'run', '--robot', 'pendulum')
    assert exit_code(import_recordings.main, WRITTEN_BY_LEROBOT, *run, *options) == 2
    assert words in capsys.readouterr().err

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

"""`rl_runs` lists and deletes runs in a folder, `rl_plot` draws them."""

from collections.abc import Callable
from dataclasses import replace
import json
from pathlib import Path
import shutil
import sys
from typing import Any

from batches import make_batch
from matplotlib import image, pyplot
from matplotlib.figure import Figure
import numpy as np
import pytest
from rl_agent.description.robot import load_robot
from rl_agent.errors import ConfigurationError, JournalError
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.cli import plot, runs
from rl_learner.journal.batch_codec import encode
from rl_learner.journal.journal import Journal, JournalSettings
from rl_learner.monitoring.learning_curves import band, draw, read_curve
from rl_learner.run.episode_log import EpisodeLog, EPISODES_FILE
from rl_learner.run.folder import CHECKPOINTS, DEMO_FILE, EXPERIENCE
from rl_learner.run.listing import resume_command
from rl_learner.run.lock import LOCK_FILE, run_state, RunLock
from rl_learner.run.manifest import next_start, RUN_FILE, write_run


def make_run(
    folder: Path, *, algorithm: str = 'tqc', episodes: int = 12, seed: int = 0, **extra: Any
) -> Path:
    """Make a run that was stopped regularly."""
    folder.mkdir(parents=True)
    given = {'algorithm': algorithm, 'robot': 'pendulum', 'seed': seed, **extra}
    description = load_robot('pendulum')
    write_run(folder, next_start(folder, description, load_algorithm(algorithm), given, 'a'))
    log, rng = EpisodeLog(folder), np.random.default_rng(seed)
    for number in range(episodes):
        log.append(
            robot='robot_1',
            episode=number + 1,
            steps=200,
            episode_return=-1000.0 + 80.0 * number + float(rng.normal(0, 30)),
            evaluation=number >= 10,
            policy_version=number,
            complete=True,
        )
    (folder / CHECKPOINTS).mkdir()
    (folder / CHECKPOINTS / 'checkpoint_000000000001.pt').write_bytes(b'x' * 1000)
    lock = RunLock(folder)
    lock.begin()
    lock.end()
    lock.close()
    return folder


def exit_code(main: Callable[[list[str]], None], *arguments: object) -> int:
    """Run a command line to its end."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in arguments])
    return int(ended.value.code or 0)


def test_the_list_of_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(tmp_path / 'a')
    broken = make_run(tmp_path / 'b')
    (broken / RUN_FILE).write_text('{', encoding='utf-8')
    live = make_run(tmp_path / 'c', algorithm='sac', episodes=0)
    lock = RunLock(live)
    lock.begin()
    (tmp_path / 'no run').mkdir()
    assert exit_code(runs.main, '--runs', tmp_path, '--json') == 0
    a, b, c = json.loads(capsys.readouterr().out)['runs']
    assert (a['robot'], a['algorithm'], a['state'], a['steps']) == (
        'pendulum',
        'tqc',
        'stopped',
        2400,
    )
    assert a['best_return'] > -300
    assert a['bytes'] > 1000
    assert 'damaged' in b['problem']
    assert (c['state'], c['steps'], c['best_return']) == ('running', 0, None)
    assert exit_code(runs.main, '--runs', tmp_path) == 0
    output = capsys.readouterr()
    assert 'running' in output.out
    assert 'run.json: damaged' in output.err
    assert exit_code(runs.main, '--delete', live, '--yes') == 2
    assert live.exists()
    lock.end()
    lock.close()


def test_a_run_of_imported_experience_is_not_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / 'imported').mkdir()
    (tmp_path / 'imported' / LOCK_FILE).touch()
    assert exit_code(runs.main, '--runs', tmp_path) == 0
    output = capsys.readouterr()
    assert 'not started' in output.out
    assert output.err == ''


def test_nothing_is_deleted_without_confirmation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / 'a')
    (tmp_path / 'mine').mkdir()
    assert exit_code(runs.main, '--delete', run) == 2
    assert 'no terminal to ask on; accepted: with --yes' in capsys.readouterr().err
    assert exit_code(runs.main, '--delete', run, tmp_path / 'mine', '--yes') == 2
    assert 'mine: not a run' in capsys.readouterr().err
    assert run.exists()
    assert exit_code(runs.main, '--delete', run, '--yes') == 0
    assert [path.name for path in tmp_path.iterdir()] == ['mine']


def test_a_run_whose_bridge_still_stores_is_not_deleted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor is any other run of the same command; the run stays unchanged."""
    idle, used = make_run(tmp_path / 'idle'), make_run(tmp_path / 'used')
    journal = Journal(used / EXPERIENCE, 'f', JournalSettings())
    assert exit_code(runs.main, '--delete', idle, used, '--yes') == 2
    output = capsys.readouterr()
    assert f'given {used}: its replay bridge is still storing data; accepted: ' in output.err
    assert 'accepted: a run that is not in use' in output.err
    assert output.out == ''
    assert idle.is_dir()
    assert run_state(used) == 'stopped'
    journal.append([encode(make_batch(1, 1))], 1, {})
    journal.close()
    assert exit_code(runs.main, '--delete', idle, used, '--yes') == 0
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_starts_during_the_question_is_not_deleted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path / 'a')
    locks: list[RunLock] = []

    class Person:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            locks.append(RunLock(run))
            return 'yes\n'

    monkeypatch.setattr(sys, 'stdin', Person())
    assert exit_code(runs.main, '--delete', run) == 2
    assert 'a learner or an import is using it; accepted: ' in capsys.readouterr().err
    assert (run / RUN_FILE).is_file()
    locks[0].close()


def test_nothing_starts_in_a_run_during_its_deletion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if open files leave names behind, as on a network disk."""
    run, remove = make_run(tmp_path / 'a'), shutil.rmtree
    held: list[Path] = []
    Journal(run / EXPERIENCE, 'f', JournalSettings()).close()

    def remove_on_a_network_disk(folder: Path, *, ignore_errors: bool = False) -> None:
        if not held:
            with pytest.raises(ConfigurationError, match='trains there'):
                RunLock(run)
            with pytest.raises(JournalError, match='another replay bridge'):
                Journal(run / EXPERIENCE, 'f', JournalSettings())
            held.append(folder)
            (run / EXPERIENCE / '.nfs0001').touch()
            (run / RUN_FILE).unlink()
            if not ignore_errors:
                raise OSError(39, 'Directory not empty')
            return
        remove(folder, ignore_errors=ignore_errors)

    monkeypatch.setattr(shutil, 'rmtree', remove_on_a_network_disk)
    assert exit_code(runs.main, '--delete', run, '--yes') == 0
    assert held == [run]
    assert list(tmp_path.iterdir()) == []


def test_damaged_runs_are_deleted(tmp_path: Path) -> None:
    """Without an experience folder, with a file of its name, without a lock."""
    (tmp_path / 'demo').mkdir()
    (tmp_path / 'demo' / DEMO_FILE).touch()
    file = make_run(tmp_path / 'file')
    (file / EXPERIENCE).touch()
    link = make_run(tmp_path / 'link')
    (link / EXPERIENCE).symlink_to(tmp_path / 'nowhere')
    assert exit_code(runs.main, '--delete', *tmp_path.iterdir(), '--yes') == 0
    assert list(tmp_path.iterdir()) == []


def test_the_command_that_resumes_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / 'a')
    assert exit_code(runs.main, '--resume', run) == 0
    assert capsys.readouterr().out.startswith(
        'ros2 launch rl_learner learner.launch.py robot:=pendulum algorithm:=tqc seed:=0'
    )
    (run / DEMO_FILE).touch()
    assert resume_command(run)[1:] == ['-m', 'rl_learner.cli.demo', '--resume', str(run)]
    next((run / CHECKPOINTS).iterdir()).unlink()
    assert exit_code(runs.main, '--resume', run) == 2
    assert 'no checkpoint in it' in capsys.readouterr().err
    assert exit_code(runs.main, '--resume', tmp_path) == 2
    assert exit_code(runs.main, '--start') == 2
    for words in (('--yes',), ('--resume', run, '--json'), ('--delete', run, '--yes', '--json')):
        assert exit_code(runs.main, *words) == 2
    assert run.is_dir()
    capsys.readouterr()
    assert exit_code(runs.main, '--resume', tmp_path / 'missing') == 2
    assert f'{tmp_path / "missing"}: no such folder' in capsys.readouterr().err


def test_seeds_are_one_curve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed in range(3):
        make_run(tmp_path / 'runs' / f'tqc-{seed}', seed=seed)
    make_run(tmp_path / 'runs' / 'sac', algorithm='sac')
    picture = tmp_path / 'new' / 'curves.png'
    arguments = ['--runs', tmp_path / 'runs', '--out', picture]
    assert exit_code(plot.main, *arguments, '--json') == 0
    rows = json.loads(capsys.readouterr().out)['runs']
    assert [row['group'] for row in rows] == ['pendulum, sac', *['pendulum, tqc'] * 3]
    assert rows[0]['episodes'] == 12
    assert rows[0]['steps'] == 2400
    pixels = image.imread(picture)[:, :, :3]
    assert 0.5 < (pixels > 0.99).all(axis=2).mean() < 0.99
    assert exit_code(plot.main, *arguments) == 2
    assert 'exists already' in capsys.readouterr().err
    assert exit_code(plot.main, *arguments, '--force', '--by', 'run') == 0
    assert 'tqc-2' in capsys.readouterr().out


def test_robots_have_rows_and_runs_without_episodes_are_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs_folder, picture = tmp_path / 'runs', tmp_path / 'curves.png'
    make_run(runs_folder / 'a')
    make_run(runs_folder / 'new', episodes=0)
    assert exit_code(plot.main, '--runs', runs_folder, '--out', picture) == 0
    assert 'skipped: run: given' in capsys.readouterr().err
    one = image.imread(picture).shape
    curves = [read_curve(runs_folder / 'a')]
    draw([*curves, replace(curves[0], robot='arm')], picture, 5)
    assert image.imread(picture).shape[0] > 1.8 * one[0]
    assert exit_code(plot.main, runs_folder / 'a', runs_folder / 'new', '--force') == 2


def test_twenty_runs_can_be_told_apart(tmp_path: Path) -> None:
    """No two have colour and line in common, and the legend lies beside the curves."""
    (curve,) = [read_curve(make_run(tmp_path / 'run'))]
    curves = [replace(curve, group=f'run {number}') for number in range(40)]
    figures: list[Figure] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pyplot, 'close', figures.append)
        draw(curves, tmp_path / 'curves.png', 5)
    (figure,) = figures
    left, right = figure.axes
    for panel in (left, right):
        lines = [line for line in panel.lines if str(line.get_label()).startswith('run ')]
        assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 40
    assert left.get_legend() is None
    names = right.get_legend()
    assert names is not None
    box, legend = right.get_window_extent(), names.get_window_extent()
    assert legend.x0 > box.x1
    assert legend.x1 <= figure.bbox.x1
    assert legend.y0 >= 0.0
    pyplot.close(figure)


def test_a_run_by_itself_is_its_own_group(tmp_path: Path) -> None:
    curve = read_curve(make_run(tmp_path / 'a'), by_run=True)
    assert curve.group == 'a'
    assert (len(curve.exploring), len(curve.evaluation)) == (10, 2)


def test_a_band_contains_the_mean() -> None:
    matrix = np.random.default_rng(0).normal(5.0, 1.0, (100, 3))
    low, high = band(matrix)
    assert (low < matrix.mean(axis=0)).all()
    assert (matrix.mean(axis=0) < high).all()
    assert high - low == pytest.approx(2 * 1.96 / 10, rel=0.25)


def test_runs_that_cannot_be_drawn_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = make_run(tmp_path / 'empty', episodes=0)
    with pytest.raises(ConfigurationError, match='no complete episode'):
        read_curve(empty)
    (empty / EPISODES_FILE).write_text('robot,episode\nx,y\n', encoding='utf-8')
    cases: list[tuple[list[object], str]] = [
        ([empty], 'accepted: the columns'),
        ([tmp_path], r'it has no run.json'),
        (['--runs', tmp_path / 'nothing'], 'no runs in it'),
        ([empty, '--out', 'picture.gif'], 'a name that ends in .png'),
        ([empty, '--out', empty / RUN_FILE / 'curves.png'], 'cannot be written'),
    ]
    for arguments, words in cases:
        assert exit_code(plot.main, *arguments) == 2
        assert words in capsys.readouterr().err

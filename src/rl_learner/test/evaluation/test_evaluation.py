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

"""Evaluations: statistics, reports and pictures, on tasks; wrong options are named first."""

import csv
import json
from pathlib import Path
import subprocess
import sys
from typing import Any, NoReturn

import gymnasium
from gymnasium.envs.classic_control import PendulumEnv
from matplotlib import image, pyplot
from matplotlib.figure import Figure
import numpy as np
import pytest
from rl_agent.errors import ConfigurationError
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.policy_file import save_policy
from rl_learner.cli import evaluate
from rl_learner.evaluation.evaluation import EvaluatedEpisode, Evaluation, return_statistics
from rl_learner.evaluation.gymnasium_evaluation import TaskEvaluation
from rl_learner.evaluation.pictures import draw_trajectories
from rl_learner.evaluation.report import as_json, write_report


def parameters(observations: int = 3, actions: int = 1) -> PolicyParameters:
    """Return a policy with mean action 0."""
    shape = PolicyArchitecture(observations, actions, (4,))
    return PolicyParameters(shape, np.zeros(shape.num_parameters, np.float32))


def exit_code(*arguments: str) -> int:
    """Run the command line to its end."""
    with pytest.raises(SystemExit) as ended:
        evaluate.main(arguments)
    return int(ended.value.code or 0)


def test_statistics_by_hand() -> None:
    """The middle half of 0, 1, 2, 3, 4, 5, 6, 100 is 2, 3, 4, 5: mean 3.5."""
    row = return_statistics([100.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    assert row.episodes == 8
    assert row.mean == pytest.approx(121 / 8)
    assert row.iqm == pytest.approx(3.5)
    assert row.std == pytest.approx(np.std([100, 0, 1, 2, 3, 4, 5, 6], ddof=1))
    assert (row.lowest, row.highest) == (0.0, 100.0)
    assert row.mean_interval is not None
    assert row.mean_interval[0] < row.mean < row.mean_interval[1]


def test_the_interval_agrees_with_theory() -> None:
    """The 95 % interval of the mean of 400 normal numbers is 1.96 sigma / 20 on each side."""
    values = np.random.default_rng(0).normal(10.0, 2.0, 400)
    interval = return_statistics(values.tolist()).mean_interval
    assert interval is not None
    half = (interval[1] - interval[0]) / 2
    assert half == pytest.approx(1.96 * values.std(ddof=1) / 20, rel=0.1)


def test_a_single_episode_has_no_deviation_and_no_interval() -> None:
    one = return_statistics([3.0])
    assert (one.mean, one.iqm) == (3.0, 3.0)
    assert one.std is None
    assert one.mean_interval is None
    assert one.iqm_interval is None
    assert return_statistics([2.0, 2.0]).mean_interval == (2.0, 2.0)


def episodes(count: int, seed: int = 0) -> list[EvaluatedEpisode]:
    """Return random episodes of different lengths."""
    rng = np.random.default_rng(seed)
    return [
        EvaluatedEpisode(
            seed,
            number + 1,
            rng.normal(size=(5 + number, 3)),
            rng.uniform(-1, 1, (5 + number, 2)),
            rng.normal(size=5 + number),
            terminated=bool(number % 2),
        )
        for number in range(count)
    ]


def test_a_report_has_all_files(tmp_path: Path) -> None:
    both = [*episodes(4), *episodes(3, seed=1)]
    names, actions = ['x', 'y', 'z'], ['left', 'right']
    evaluation = Evaluation('p', 3, 30, 'r', 'task', True, names, actions, both)
    paths = write_report(tmp_path, evaluation)
    content = json.loads(paths[0].read_text(encoding='utf-8'))
    assert content == json.loads(json.dumps(as_json(evaluation)))
    assert content['all']['episodes'] == 7
    assert content['seeds']['1']['episodes'] == 3
    with paths[1].open(newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    assert [float(row['episode_return']) for row in rows] == evaluation.returns
    assert [row['terminated'] for row in rows[:2]] == ['False', 'True']
    for path in paths[2:]:
        pixels = image.imread(path)[:, :, :3]
        white = (pixels > 0.99).all(axis=2).mean()
        assert 0.3 < white < 0.99, path


def test_one_episode_can_be_drawn(tmp_path: Path) -> None:
    evaluation = Evaluation('p', 3, 30, 'r', 'task', False, list('abc'), list('de'), episodes(1))
    assert len(write_report(tmp_path, evaluation)) == 4


def test_evaluations_of_a_task_are_repeatable() -> None:
    runs = []
    for _ in range(2):
        with TaskEvaluation('Pendulum-v1', parameters(), film=False) as task:
            runs.append([item.episode_return for item in task.episodes(2, 7, explore=True)])
    assert runs[0] == runs[1]
    assert runs[0][0] != runs[0][1]


class TellsSuccess(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Pendulum, whose first episode succeeds and second does not."""

    episodes = 0

    def reset(self, **options: Any) -> Any:
        type(self).episodes += 1
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        *answer, info = super().step(action)
        return *answer, {**info, 'is_success': self.episodes == 1}


def test_the_success_that_a_task_tells_is_counted() -> None:
    gymnasium.register(
        'Tells-v0', lambda **options: TellsSuccess(gymnasium.make('Pendulum-v1', **options))
    )
    with TaskEvaluation('Tells-v0', parameters(), film=False) as task:
        told = [item.succeeded for item in task.episodes(2, 7, explore=False)]
    del gymnasium.registry['Tells-v0']
    assert told == [True, False]


def test_the_command_on_a_task(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = tmp_path / 'policy.npz', tmp_path / 'out'
    save_policy(file, parameters())
    arguments = [str(file), '--task', 'Pendulum-v1', '--episodes', '2', '--seeds', '2']
    arguments += ['--out', str(out)]
    assert exit_code(*arguments, '--json', '--target', '-10000') == 0
    content = json.loads(capsys.readouterr().out)
    assert content['all']['episodes'] == 4
    assert content['deterministic'] is True
    assert exit_code(*arguments) == 2
    assert 'exists already' in capsys.readouterr().err
    (out / 'film.gif').write_bytes(b'of an earlier policy')
    assert exit_code(*arguments, '--force', '--target', '0') == 1
    output = capsys.readouterr()
    assert 'mean' in output.out
    assert 'is below the target 0\n' in output.err
    assert not (out / 'film.gif').exists()


IN_ONE_SECOND = """
import datetime, sys, types
from rl_learner.cli import evaluate
from rl_learner.cli.shared import result_folder
moment = datetime.datetime(2026, 1, 2, 3, 4, 5)
result_folder.datetime = types.SimpleNamespace(datetime=types.SimpleNamespace(now=lambda: moment))
print('ready', flush=True)
sys.stdin.readline()
evaluate.main()
"""


def test_evaluations_of_one_second_do_not_overwrite_each_other(tmp_path: Path) -> None:
    save_policy(tmp_path / 'policy.npz', parameters())
    command = [sys.executable, '-c', IN_ONE_SECOND, 'policy.npz', '--task', 'Pendulum-v1']
    command += ['--episodes', '1', '--json', '--seed']
    processes = [
        subprocess.Popen(
            [*command, seed],
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in '01'
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == 'ready\n'
    for process in processes:
        assert process.stdin is not None
        process.stdin.write('begin\n')
        process.stdin.flush()
    seeds = {}
    for process in processes:
        content = json.loads(process.communicate(timeout=100)[0])
        stored = json.loads((tmp_path / content['folder'] / 'evaluation.json').read_text('utf-8'))
        seeds[content['folder']] = [*stored['seeds']]
    first = 'evaluations/20260102-030405'
    assert sorted(seeds) == [first, f'{first}-2']
    assert sorted(seeds.values()) == [['0'], ['1']]


def test_a_folder_made_by_another_evaluation_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two evaluations with the same --out both saw no folder; nothing is overwritten."""
    save_policy(tmp_path / 'policy.npz', parameters())
    out = tmp_path / 'out'
    monkeypatch.setattr(
        'rl_learner.cli.command_line.refuse_to_overwrite', lambda path, force: path.mkdir()
    )
    assert exit_code(str(tmp_path / 'policy.npz'), '--task', 'Pendulum-v1', '--out', str(out)) == 2
    assert f'--out: given {out}: ' in capsys.readouterr().err
    assert not [*out.iterdir()]


@pytest.mark.parametrize(
    ('out', 'made'),
    [([], 'evaluations'), (['--out', 'a/b'], 'a'), (['--out', 'kept', '--force'], 'kept')],
)
def test_an_interrupted_evaluation_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: list[str], made: str
) -> None:
    """The folder exists during the episodes; one that existed before stays."""
    monkeypatch.chdir(tmp_path)
    save_policy(tmp_path / 'policy.npz', parameters())
    (tmp_path / 'kept').mkdir()
    during: list[str] = []

    def interrupt(*_: object, **__: object) -> NoReturn:
        during.extend(path.name for path in tmp_path.iterdir())
        raise KeyboardInterrupt

    monkeypatch.setattr(TaskEvaluation, 'episodes', interrupt)
    assert exit_code('policy.npz', '--task', 'Pendulum-v1', *out) == 130
    assert made in during
    assert sorted(path.name for path in tmp_path.iterdir()) == ['kept', 'policy.npz']


@pytest.mark.parametrize(('numbers', 'panels'), [(3, 5), (12, 4)])
def test_many_numbers_share_panels(tmp_path: Path, numbers: int, panels: int) -> None:
    """3 numbers, 1 action and the reward: 5 panels; 12 numbers in two fields: 4 panels."""
    rng = np.random.default_rng(0)
    episodes = [
        EvaluatedEpisode(
            0, number, rng.normal(size=(9, numbers)), rng.normal(size=(9, 1)), np.ones(9), False
        )
        for number in range(3)
    ]
    names = [f'{"ab"[index % 2]}/{index}' for index in range(numbers)]
    evaluation = Evaluation('p', 1, 1, 'r', 'task', True, names, ['x'], episodes)
    path = tmp_path / 'trajectories.png'
    draw_trajectories(path, evaluation)
    assert image.imread(path).shape[:2] == (round(100 * (1.7 * panels + 0.8)), 900)


def test_many_numbers_are_heat_maps_of_the_middle_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Figure] = []
    monkeypatch.setattr(pyplot, 'close', kept.append)
    rng = np.random.default_rng(0)
    feet = rng.integers(0, 2, (300, 4)).astype(float)
    joints = np.arange(8.0) + np.sin(np.arange(300.0))[:, None]
    actions = np.tile(np.linspace(-1.0, 1.0, 8), (300, 1))
    observation = np.column_stack([joints, feet])
    episode = EvaluatedEpisode(0, 1, observation, actions, np.ones(300), terminated=False)
    names = [f'joint/{index}' for index in range(8)] + [f'foot/{index}' for index in range(4)]
    evaluation = Evaluation('p', 1, 1, 'r', 'task', True, names, list('abcdefgh'), [episode])
    draw_trajectories(tmp_path / 'trajectories.png', evaluation)
    panels = {axes.get_ylabel(): axes for axes in kept[0].axes}
    drawn = {
        name: np.asarray(axes.images[0].get_array())
        for name, axes in panels.items()
        if axes.images
    }
    np.testing.assert_allclose(drawn['foot,\nblack: 1'], feet[100:200].T)
    np.testing.assert_allclose(drawn['action'], actions[100:200].T)
    window = joints[100:200]
    np.testing.assert_allclose(drawn['joint,\nfrom its mean'], (window - window.mean(axis=0)).T)
    assert panels['foot,\nblack: 1'].get_xlim() == (99.5, 199.5)
    assert panels['reward of a step'].get_xlim()[1] > 298.0


def test_wrong_tasks_are_named() -> None:
    for task, sizes, words in (
        (
            'Nothing-v0',
            (3, 1),
            "task 'Nothing-v0': Env.*accepted: the id of a registered",
        ),
        ('Pendulum-v1', (5, 2), '5 observations and 2 actions; accepted: 3 and 1'),
        ('CartPole-v1', (4, 1), r'actions: given Discrete\(2\); accepted: Box'),
    ):
        with pytest.raises(ConfigurationError, match=words):
            TaskEvaluation(task, parameters(*sizes), film=False)


class HotPendulum(PendulumEnv):
    """A pendulum whose motor fails."""

    def step(self, u: Any) -> Any:
        if abs(self.state[1]) > 0.5:
            raise ValueError('the motor is hot')
        return super().step(u)


class OldPendulum(PendulumEnv):
    """A pendulum from the time before Gymnasium."""

    def reset(self, **options: Any) -> Any:
        return super().reset(**options)[0]


@pytest.mark.parametrize(
    ('kind', 'words'),
    [
        (HotPendulum, 'of episode 1: step raised ValueError: the motor is hot; accepted'),
        (OldPendulum, 'reset of episode 1: reset returned ndarray; accepted: observation and'),
    ],
)
def test_a_faulty_task_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: Any, words: str
) -> None:
    """And leaves no folder."""
    save_policy(tmp_path / 'policy.npz', parameters())
    gymnasium.register('Faulty-v0', entry_point=kind, max_episode_steps=200)
    out = tmp_path / 'out'
    try:
        code = exit_code(str(tmp_path / 'policy.npz'), '--task', 'Faulty-v0', '--out', str(out))
    finally:
        del gymnasium.registry['Faulty-v0']
    error = capsys.readouterr().err
    assert code == 1
    assert words in error
    assert error.count('\n') == 1
    assert not out.exists()


def test_an_evaluation_ends_although_the_task_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """d3rlpy#209, stable-baselines#876."""
    save_policy(tmp_path / 'policy.npz', parameters())
    endless: Any = PendulumEnv
    gymnasium.register('Endless-v0', entry_point=endless)
    arguments = [str(tmp_path / 'policy.npz'), '--task', 'Endless-v0', '--episodes', '1']
    try:
        for options, steps in (([], 1000), (['--episode-steps', '40'], 40)):
            out = str(tmp_path / str(steps))
            assert exit_code(*arguments, *options, '--out', out) == 0
            output = capsys.readouterr()
            assert ('registered without a time limit' in output.err) == (steps == 1000)
            assert f', {steps} steps\n' in output.err
    finally:
        del gymnasium.registry['Endless-v0']


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['--episode-steps', '40', '--robot', 'pendulum'], '--episode-steps: given without'),
        (['--task', 'Pendulum-v1', '--real'], '--task: given with'),
        (['--prefix', 'left_', '--real'], '--prefix: given without --real and --robot; accepted'),
        (['--film', '--real'], 'a real robot has no model to render'),
        (['--film', '--robot', 'pendulum'], 'its model has nothing to film'),
        (['--real', '--seeds', '2'], 'a real robot has no seed'),
        (['--namespace', 'r'], 'without --real'),
        ([], 'does not name its robot'),
        (['--robot', 'pendulun'], 'did you mean'),
        (['--robot', 'pendulum', '--real'], 'no terminal to ask on; accepted: with --yes'),
    ],
)
def test_wrong_options_are_named(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    save_policy(tmp_path / 'policy.npz', parameters())
    assert exit_code('policy.npz', *arguments) == 2
    assert words in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ['policy.npz']

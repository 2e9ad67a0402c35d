# Copyright 2026 The rl_agent authors
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

"""Gymnasium tasks of any maker: what fits is flattened, what does not is one line."""

from collections.abc import Iterator
import importlib
import json
from typing import Any, ClassVar

import gymnasium
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete, Space, Tuple
import numpy as np
import pytest
from rl_agent.errors import ConfigurationError, TaskError
from rl_agent.gymnasium_tasks.gymnasium_task import GymnasiumTask, UNLIMITED_EPISODE_STEPS

FAULT_AT = 5


class Plain(gymnasium.Env[Any, Any]):
    """A task without a fault, whose constructor knows no `render_mode` (fancy_gym#78)."""

    observation_space: Space[Any] = Box(-1.0, 1.0, (3,))
    action_space: Space[Any] = Box(np.array([-1.0, 0.0]), np.array([1.0, 4.0]))

    def __init__(self) -> None:
        self.steps = 0
        self.actions: list[Any] = []

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        super().reset(seed=seed, options=options)
        self.steps = 0
        return np.zeros(3, np.float32), {}

    def step(self, action: Any) -> Any:
        self.steps += 1
        self.actions.append(action)
        fault = self.faulty() if self.steps == FAULT_AT else None
        return fault or (np.full(3, self.steps, np.float32), 1, False, False, {})

    def faulty(self) -> Any:
        return None


class Tells(Plain):
    """Tells success in its second step, and by `is_success` that it was lost again."""

    key: ClassVar[str] = 'success'

    def step(self, action: Any) -> Any:
        observation, *others, _ = super().step(action)
        return observation, *others, {self.key: self.told(self.steps == 2)}

    def told(self, success: bool) -> Any:
        return success


class TellsArrays(Tells):
    def told(self, success: bool) -> Any:
        return np.array([float(success)])


class TellsTheState(Tells):
    key = 'is_success'


class TellsNonsense(Tells):
    def told(self, success: bool) -> Any:
        return [success, 'maybe']


class Raises(Plain):
    def faulty(self) -> Any:
        raise KeyError('no\nsuch joint')


class NanReward(Plain):
    def faulty(self) -> Any:
        return np.zeros(3), np.nan, False, False, {}


class TextReward(Plain):
    def faulty(self) -> Any:
        return np.zeros(3), 'high', False, False, {}


class InfiniteObservation(Plain):
    def faulty(self) -> Any:
        return np.array([0.0, np.inf, 0.0]), 0.0, False, False, {}


class Grows(Plain):
    def faulty(self) -> Any:
        return np.zeros(4), 0.0, False, False, {}


class OldStep(Plain):
    def faulty(self) -> Any:
        return np.zeros(3), 0.0, False, {}


class OldReset(Plain):
    def reset(self, **_: Any) -> Any:
        return np.zeros(3)


class NamedParts(Plain):
    observation_space = Dict(
        {'z': Tuple((Box(-1.0, 1.0, ()), Discrete(3))), 'a': MultiDiscrete([2, 2])}
    )

    whole: ClassVar = {'a': np.array([1, 0]), 'z': (np.float32(0.5), 2)}

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        return self.whole, super().reset(seed=seed, options=options)[1]

    def step(self, action: Any) -> Any:
        _, *rest = super().step(action)
        return {'a': self.whole['a']} if self.steps == FAULT_AT else self.whole, *rest


class WholeNumbers(Plain):
    action_space = Box(0, 10, (2,), np.int64)


class Images(Plain):
    observation_space = Dict({'camera': Box(0, 255, (480, 640, 3), np.uint8)})


class Unbounded(Plain):
    action_space = Box(-np.inf, np.inf, (2,))


class NoNumbers(Plain):
    observation_space = gymnasium.spaces.Sequence(Discrete(3))


class DiscreteActions(Plain):
    action_space = Discrete(4)


class Unfinished(Plain):
    def __init__(self) -> None:
        raise RuntimeError('licence file not found')


FAULTY = (Raises, NanReward, TextReward, InfiniteObservation, Grows, OldStep, OldReset)
TELLING = (Tells, TellsArrays, TellsTheState, TellsNonsense)
ODD = (Plain, NamedParts, WholeNumbers, Images, Unbounded, NoNumbers, DiscreteActions, Unfinished)
KINDS = (*FAULTY, *ODD, *TELLING)


def register(name: str, kind: Any, **options: Any) -> None:
    gymnasium.register(name, entry_point=kind, **options)


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    names = [f'{kind.__name__}-v0' for kind in KINDS]
    for kind, name in zip(KINDS, names, strict=True):
        register(name, kind)
    register('Limited-v0', Plain, max_episode_steps=7)
    yield
    for name in (*names, 'Limited-v0'):
        del gymnasium.registry[name]


def actions(task: GymnasiumTask) -> list[Any]:
    """Return what a `Plain` task was given."""
    plain: Plain = task._env.unwrapped  # type: ignore[assignment]
    return plain.actions


def play(task: GymnasiumTask) -> None:
    """Take steps up to the fault of a task."""
    task.reset()
    for _ in range(FAULT_AT):
        task.step(np.zeros(2))


def test_a_task_is_the_same_as_in_gymnasium() -> None:
    task, env = GymnasiumTask('Pendulum-v1'), gymnasium.make('Pendulum-v1')
    observation, first = task.reset(seed=3), env.reset(seed=3)[0]
    np.testing.assert_array_equal(observation, first)
    ended = False
    while not ended:
        mine = task.step(np.array([1.5]))
        observation, reward, _, ended, _ = env.step(np.array([1.5], np.float32))
        np.testing.assert_array_equal(mine.observation, observation)
        assert mine.reward == pytest.approx(float(reward))
        assert mine.truncated == ended
    assert (task.episode_steps, task.has_limit, task.rate_hz) == (200, True, 20.0)


def test_a_task_that_knows_no_render_mode_works() -> None:
    task = GymnasiumTask('Plain-v0')
    assert task.reset(0).tolist() == [0.0, 0.0, 0.0]
    assert task.step(np.array([0.5, 4.0])).reward == 1.0
    assert (task.low.tolist(), task.high.tolist()) == ([-1.0, 0.0], [1.0, 4.0])
    with pytest.raises(ConfigurationError, match=r'cannot draw frames: .*render_mode'):
        GymnasiumTask('Plain-v0', film=True)


def test_a_task_without_a_limit_is_truncated() -> None:
    """d3rlpy#209, stable-baselines#876: evaluations that never ended."""
    task = GymnasiumTask('Plain-v0')
    for _ in range(2):
        task.reset()
        ends = [task.step(np.zeros(2)).truncated for _ in range(UNLIMITED_EPISODE_STEPS)]
        assert ends.index(True) == UNLIMITED_EPISODE_STEPS - 1
    assert not task.has_limit
    shorter = GymnasiumTask('Plain-v0', 3)
    shorter.reset()
    assert [shorter.step(np.zeros(2)).truncated for _ in range(3)] == [False, False, True]
    assert GymnasiumTask('Limited-v0').episode_steps == 7
    assert GymnasiumTask('Limited-v0', 20).episode_steps == 20


@pytest.mark.parametrize(
    ('kind', 'expected'),
    [
        (Plain, [None, None, None]),
        (Tells, [False, True, True]),  # any step of the episode: Metaworld#331, #197
        (TellsArrays, [False, True, True]),
        (TellsTheState, [False, True, False]),  # garage#1717: another key, another meaning
        (TellsNonsense, [None, None, None]),
    ],
)
def test_what_a_task_says_of_its_success(kind: Any, expected: list[bool | None]) -> None:
    task = GymnasiumTask(f'{kind.__name__}-v0')
    for _ in range(2):
        task.reset()
        assert [task.step(np.zeros(2)).succeeded for _ in range(3)] == expected


def test_named_parts_are_flattened_in_the_order_of_their_names() -> None:
    task = GymnasiumTask('NamedParts-v0')
    assert task.reset().tolist() == [0, 1, 1, 0, 0.5, 0, 0, 1]
    with pytest.raises(TaskError, match='step 5 of episode 1: the observation does not fit Dict'):
        play(task)


def test_whole_numbers_are_rounded() -> None:
    """SB3#547: truncated, the highest action was never taken."""
    task = GymnasiumTask('WholeNumbers-v0')
    task.reset()
    for value in (0.4, 0.6, 9.4, 9.6):
        task.step(np.array([value, 0.0]))
    assert [int(item[0]) for item in actions(task)] == [0, 1, 9, 10]


@pytest.mark.parametrize(
    ('name', 'words'),
    [
        ('Raises', "step 5 of episode 1: step raised KeyError: 'no.*such joint'; accepted"),
        ('NanReward', 'step 5 of episode 1: the reward is nan; accepted: one finite number'),
        ('TextReward', "the reward is 'high'; accepted: one finite number"),
        ('InfiniteObservation', 'observation 1 is inf; accepted: finite numbers'),
        ('Grows', r'4 observations; accepted: 3, as in Box'),
        ('OldStep', 'step returned 4 values; accepted: observation, reward, terminated'),
        ('OldReset', 'reset of episode 1: reset returned ndarray; accepted: observation and'),
    ],
)
def test_a_fault_is_one_line_with_its_place(name: str, words: str) -> None:
    task = GymnasiumTask(f'{name}-v0')
    with pytest.raises(TaskError, match=words) as caught:
        play(task)
    assert '\n' not in str(caught.value)
    assert f"task '{name}-v0', " in str(caught.value)


@pytest.mark.parametrize(
    ('name', 'words'),
    [
        ('Images-v0', 'observations: given Box.*images of at most 224 x 224 x 3'),
        ('Unbounded-v0', r'actions: given Box\(-inf, inf.*accepted: Box with bounds'),
        ('NoNumbers-v0', 'observations: given Sequence.*accepted: Box, Discrete'),
        (
            'DiscreteActions-v0',
            r'actions: given Discrete\(4\).*DQN or QR-DQN',
        ),
        ('Unfinished-v0', "task 'Unfinished-v0': .*licence file not found.*; accepted"),
        ('Pendulun-v1', 'Did you mean: `Pendulum`'),
        ('nobody:Task-v0', "No module named 'nobody'.*or module:ID for a task that a module of"),
        ('nobodys/Task-v0', 'Namespace nobodys not found'),
        ('', 'accepted: the id of a registered Gymnasium task'),
    ],
)
def test_what_cannot_be_used_is_named(name: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        GymnasiumTask(name)
    assert '\n' not in str(caught.value)


def test_a_module_of_ones_own_registers_its_task(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """gym#3275, gym-idsgame#13: the task is registered only when its module is imported."""
    lines = [
        'import gymnasium',
        'from gymnasium.envs.classic_control import PendulumEnv',
        f'gymnasium.register("Own-v0", entry_point=PendulumEnv, kwargs={json.dumps({"g": 3.0})})',
    ]
    (tmp_path / 'own_tasks_of_a_test.py').write_text('\n'.join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigurationError, match='`Own` doesn'):
        GymnasiumTask('Own-v0')
    task = GymnasiumTask('own_tasks_of_a_test:Own-v0')
    assert task._env.unwrapped.g == 3.0  # type: ignore[attr-defined]
    del gymnasium.registry['Own-v0']


def test_a_task_that_lacks_a_module_says_so() -> None:
    """As MuJoCo's tasks of Gymnasium do without imageio."""

    def make(**_options: Any) -> Any:
        return importlib.import_module('nobody_has_this')

    gymnasium.register('Lacking-v0', entry_point=make)
    text = "task 'Lacking-v0': No module named 'nobody_has_this'; accepted: with that package"
    with pytest.raises(ConfigurationError, match=text):
        GymnasiumTask('Lacking-v0')
    del gymnasium.registry['Lacking-v0']


@pytest.mark.parametrize(
    ('name', 'packages', 'sizes'),
    [
        ('Hopper-v5', ('mujoco', 'imageio'), (11, 3)),
        ('LunarLanderContinuous-v3', ('Box2D',), (8, 2)),
        ('dm_control/walker-walk-v0', ('dm_control',), (24, 6)),
    ],
)
def test_tasks_of_other_makers(
    name: str, packages: tuple[str, ...], sizes: tuple[int, int]
) -> None:
    for package in packages:
        pytest.importorskip(package, reason=f'{name} needs {package}')
    task = GymnasiumTask(name)
    task.try_out()
    assert (task.observation_size, task.action_size) == sizes

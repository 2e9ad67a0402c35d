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

"""Demo descriptions are loaded, and their errors are named."""

from pathlib import Path
from typing import Any

import pytest
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.demo.demo_description import load_demo
import yaml

DEMO: dict[str, Any] = {
    'robot': 'pendulum',
    'algorithm': 'default',
    'warmup': 500,
    'max_steps': 8000,
    'target_return': -200,
    'highest_return': 0,
}


def write(folder: Path, content: dict[str, Any]) -> str:
    path = folder / 'demo.yaml'
    path.write_text(yaml.safe_dump(content), encoding='utf-8')
    return str(path)


def test_the_pendulum_demo_is_as_documented() -> None:
    """A mean return of -200 or more over 10 episodes, in at most 8,000 steps; the bound is 0."""
    demo = load_demo('pendulum')
    assert load_robot(demo.robot).name == 'pendulum'
    assert (demo.target_return, demo.highest_return) == (-200.0, 0.0)
    assert (demo.evaluation_episodes, demo.max_steps) == (10, 8000)
    assert 1 <= demo.warmup < demo.max_steps


def test_a_demo_file_is_loaded(tmp_path: Path) -> None:
    demo = load_demo(write(tmp_path, DEMO | {'evaluation_episodes': 3}))
    assert (demo.evaluation_episodes, demo.warmup) == (3, 500)


@pytest.mark.parametrize('key', ['robot', 'algorithm', 'max_steps'])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    path = write(tmp_path, {name: value for name, value in DEMO.items() if name != key})
    with pytest.raises(ConfigurationError) as caught:
        load_demo(path)
    assert str(caught.value) == f'{path}: {key}: missing; this key is required'


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'warmup': -2}, r'warmup: given -2; accepted: greater than or equal to -1'),
        ({'max_steps': 0}, r'max_steps: given 0; accepted: greater than or equal to 1'),
        ({'evaluation_episodes': 0}, r'evaluation_episodes: given 0; accepted: greater'),
        ({'max_steps_ahead': 0}, r'max_steps_ahead: given 0; accepted: greater'),
        ({'target_return': float('nan')}, r'target_return: given nan; accepted: a finite number'),
        ({'highest_return': -300}, r'highest_return: given -300\.0; accepted: at least the'),
        ({'steps': 1}, r"steps: unknown key \(did you mean 'max_steps'\?\); accepted: algorithm"),
    ],
)
def test_invalid_values_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = write(tmp_path, DEMO | changes)
    with pytest.raises(ConfigurationError, match=message) as caught:
        load_demo(path)
    assert str(caught.value).startswith(path)
    assert '\n' not in str(caught.value)


def test_an_unknown_demo_lists_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"demo: given 'pendulun'.*accepted: .*pendulum"):
        load_demo('pendulun')


@pytest.mark.parametrize('name', ['pendulum', 'quadruped'])
def test_everything_a_demo_names_exists(name: str) -> None:
    demo = load_demo(name)
    load_algorithm(demo.algorithm)
    names = Spaces(load_robot(demo.robot)).observation_names
    assert set(demo.shown.values()) <= set(names)

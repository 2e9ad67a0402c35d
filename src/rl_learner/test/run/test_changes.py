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

"""What a run goes on with otherwise than before is told by name (lerobot#492)."""

from dataclasses import replace

from rl_agent.description.robot import load_robot, SimulationDescription
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.run.changes import changes
from rl_learner.run.manifest import RunManifest

BEFORE = RunManifest(load_robot('pendulum'), load_algorithm('tqc'), {})


def test_a_run_of_before_demonstrations_tells_them() -> None:
    changed = replace(BEFORE.algorithm, demonstration_fraction=0.5, pretraining_updates=10)
    assert changes(BEFORE, replace(BEFORE, algorithm=changed)) == [
        'demonstration_fraction: 0.5, before 0.0',
        'pretraining_updates: 10, before 0',
    ]


def test_nothing_is_told_where_nothing_changed() -> None:
    now = RunManifest(load_robot('pendulum'), load_algorithm('tqc'), {'seed': 3})
    assert changes(BEFORE, now) == []


def test_options_and_keys_are_told_with_both_values() -> None:
    algorithm = replace(BEFORE.algorithm, gamma=0.5, batch_size=64)
    robot = replace(BEFORE.robot, episode_steps=100)
    before = BEFORE.algorithm
    assert changes(BEFORE, replace(BEFORE, algorithm=algorithm, robot=robot)) == [
        f'gamma: 0.5, before {before.gamma}',
        f'batch_size: 64, before {before.batch_size}',
        'robot.episode_steps: 100, before 200',
    ]


def simulated(parameters: dict[str, bool | float | str]) -> RunManifest:
    """Return a run of a robot whose simulation has parameters."""
    simulation = SimulationDescription('pendulum', parameters)
    return replace(BEFORE, robot=replace(BEFORE.robot, simulation=simulation))


def test_keys_that_are_new_and_long_values() -> None:
    (text,) = changes(BEFORE, simulated({'text': 'a' * 100}))
    assert text == f'robot.simulation.parameters.text: {"a" * 80}..., before None'


def test_only_so_many_are_named() -> None:
    found = changes(BEFORE, simulated({f'p{number}': 1.0 for number in range(30)}))
    assert len(found) == 21
    assert found[-1] == 'and 10 more'

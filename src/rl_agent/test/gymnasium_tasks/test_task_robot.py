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

"""A Gymnasium task that plays a robot: the policy sees what it would see in Gymnasium."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from rl_agent.configuration import build
from rl_agent.description.action_scale import ActionScale
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError, RobotError
from rl_agent.gymnasium_tasks.gymnasium_task import GymnasiumTask
from rl_agent.gymnasium_tasks.task_robot import describe_task, robot_name
from rl_agent.simulated_models.gymnasium_robot import GymnasiumRobot
from rl_agent.simulation.in_process_robot import InProcessRobot
from rl_agent.tasks.topic_reward import TopicReward


def content_of(task: str = 'Pendulum-v1') -> dict[str, Any]:
    """Return the content of the description file of a task's robot."""
    return describe_task(GymnasiumTask(task))


def described(**changes: Any) -> RobotDescription:
    """Return the description of the pendulum, with other keys."""
    return build(RobotDescription, {**content_of(), **changes}, 'test')


def test_the_robot_is_the_task() -> None:
    """Same observations, same rewards, same end; none of them is seen by the policy."""
    description = described()
    robot = InProcessRobot(description, seed=5)
    env = RobotEnv(robot, description)
    observation, _ = env.reset()
    model = robot.simulated.model
    assert isinstance(model, GymnasiumRobot)
    task = gymnasium.make('Pendulum-v1')
    task.reset(seed=0)
    inner: Any = model.task._env.unwrapped
    task.unwrapped.state = inner.state.copy()  # type: ignore[attr-defined]
    scale, rng = ActionScale(model.task.low, model.task.high), np.random.default_rng(0)
    steps = 0
    truncated = False
    while not truncated:
        action = rng.uniform(-1.0, 1.0, 1).astype(np.float32)
        observation, reward, terminated, truncated, _ = env.step(action)
        expected, wanted, _, _, _ = task.step(scale.command(action).astype(np.float32))
        np.testing.assert_allclose(observation, expected, atol=1e-5)
        assert reward == pytest.approx(float(wanted), abs=1e-4)
        assert not terminated
        steps += 1
    assert steps == 200
    assert env.observation_space.shape == (3,)


def test_an_end_of_the_task_ends_the_episode() -> None:
    content = content_of('MountainCarContinuous-v0')
    description = build(RobotDescription, content, 'test')
    robot = InProcessRobot(description, seed=1)
    env = RobotEnv(robot, description)
    observation, _ = env.reset()
    ended, steps = False, 0
    while not ended:  # pushing where it moves brings the car up
        observation, reward, terminated, truncated, _ = env.step(np.sign(observation[1:]))
        ended, steps = terminated or truncated, steps + 1
    assert (terminated, truncated) == (True, False)
    assert reward == pytest.approx(100.0, abs=0.2)
    assert steps < 400
    state = robot.simulated.model.sensors()['task_state']['observation']  # type: ignore[attr-defined]
    robot.apply(np.ones(1))
    after = robot.simulated.model.sensors()['task_state']['observation']  # type: ignore[attr-defined]
    np.testing.assert_array_equal(state, after)


def test_what_only_the_task_reads_does_not_change_what_a_policy_fits() -> None:
    whole, less = content_of(), content_of()
    less['observation'] = less['observation'][:2]
    less['observation'][1]['name'] = 'reward'
    spaces = [Spaces(build(RobotDescription, content, 'test')) for content in (whole, less)]
    assert spaces[0].fingerprint == spaces[1].fingerprint
    assert spaces[0].observation_names == tuple(f'observation/{index}' for index in range(3))
    assert spaces[0].task_fields == ('reward', 'terminated', 'truncated')


def test_a_policy_must_see_something() -> None:
    fields = [{**item, 'task_only': True} for item in content_of()['observation']]
    with pytest.raises(ConfigurationError, match='task_only only; accepted: also one that the'):
        described(observation=fields)


def test_the_task_needs_its_reward() -> None:
    with pytest.raises(ConfigurationError, match=r"'topic_reward' also needs .* reward"):
        described(observation=content_of()['observation'][:1])


def test_a_reward_that_is_no_number_is_refused() -> None:
    description = described()

    class Silent(InProcessRobot):
        def _field(self, item: Any, topic: Any) -> Any:
            values = super()._field(item, topic)
            return np.array([np.nan]) if item.name == 'reward' else values

    env = RobotEnv(Silent(description, seed=0), description)
    with pytest.raises(RobotError, match='reward'):
        env.reset()


@pytest.mark.parametrize('value', [0.0, 0.4, 0.5, 1.0])
def test_ends_of_the_topic(value: float) -> None:
    ends = {'terminated': np.array([value]), 'truncated': np.array([1.0 - value])}
    outcome = TopicReward(weight=2.0).outcome({}, np.zeros(1), {'reward': np.array([3.0]), **ends})
    assert (outcome.reward, outcome.terminated, outcome.truncated) == (
        6.0,
        value >= 0.5,
        1.0 - value >= 0.5,
    )
    plain = TopicReward().outcome({}, np.zeros(1), {'reward': np.array([3.0])})
    assert (plain.terminated, plain.truncated) == (False, False)


@pytest.mark.parametrize(
    ('task', 'name'),
    [
        ('Hopper-v5', 'Hopper_v5'),
        ('dm_control/walker-walk-v0', 'dm_control_walker_walk_v0'),
        ('my_tasks.arm:Push-v0', 'Push_v0'),
        ('7dof-v0', 'task_7dof_v0'),
    ],
)
def test_the_name_of_the_robot(task: str, name: str) -> None:
    assert robot_name(task) == name

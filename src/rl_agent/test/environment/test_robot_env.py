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

"""A described robot behaves as a Gymnasium environment."""

from collections.abc import Mapping
import dataclasses
import math
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray
from pendulum_robot import describe, PendulumRobot
import pytest
from rl_agent.description.task import TaskDescription
from rl_agent.environment.robot import Reading
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.errors import PolicyError, RobotError
from rl_agent.tasks.swing_up import SwingUp
from rl_agent.tasks.task import Outcome


def act(number: float) -> NDArray[np.float32]:
    return np.array([number], np.float32)


class BlindRobot(PendulumRobot):
    """A pendulum with one reading that is not finite.

    Attributes:
        good_readings: number of good readings before it.
    """

    def __init__(self, name: str, number: float, good_readings: int) -> None:
        """Corrupt one field."""
        super().__init__()
        self._name, self._number = name, number
        self.good_readings = good_readings

    def read(self) -> Reading:
        reading = super().read()
        self.good_readings -= 1
        if self.good_readings >= 0:
            return reading
        values: Mapping[str, Any] = {**reading.values, self._name: np.array([self._number])}
        return Reading(values, reading.stamp_ns)


def test_spaces_are_those_of_the_description() -> None:
    env = RobotEnv(PendulumRobot(), describe())
    assert env.observation_space == gymnasium.spaces.Box(
        np.array([-1, -1, -8], np.float32), np.array([1, 1, 8], np.float32)
    )
    assert env.action_space == gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)


def test_a_reset_observes_the_starting_state() -> None:
    robot = PendulumRobot()
    observation, info = RobotEnv(robot, describe()).reset()
    angle, velocity = float(robot.model.position[0]), float(robot.model.velocity[0])
    np.testing.assert_allclose(
        observation, [math.cos(angle), math.sin(angle), velocity], atol=1e-7
    )
    assert observation.dtype == np.float32
    assert info == {'stamp_ns': 50_000_000, 'discarded': False}
    assert robot.resets == 1


def test_observations_lie_in_their_space() -> None:
    env = RobotEnv(PendulumRobot(3), describe())
    observation, _ = env.reset(seed=0)
    for number in range(60):
        assert env.observation_space.contains(observation)
        observation, *_ = env.step(act(math.copysign(1.0, math.sin(number))))


def test_a_step_by_hand() -> None:
    """Level and at rest, half the effort (1 N m) for 0.05 s: 15 + 3 rad/s^2."""
    env = RobotEnv(PendulumRobot(start=(math.pi / 2, 0.0)), describe())
    env.reset()
    observation, reward, terminated, truncated, info = env.step(act(0.5))
    angle, velocity = math.pi / 2 + 0.9 * 0.05, 0.9
    np.testing.assert_allclose(
        observation, [math.cos(angle), math.sin(angle), velocity], atol=1e-6
    )
    assert reward == pytest.approx(-((math.pi / 2) ** 2) - 0.001)
    assert (terminated, truncated) == (False, False)
    assert info['command'].tolist() == [1.0]
    assert info['reward_parts'] == pytest.approx(
        {'angle': -((math.pi / 2) ** 2), 'velocity': 0.0, 'effort': -0.001}
    )


def test_episodes_equal_those_of_gymnasium() -> None:
    peer: Any = gymnasium.make('Pendulum-v1')
    peer.reset(seed=0)
    angle, velocity = peer.unwrapped.state
    env = RobotEnv(PendulumRobot(start=(angle, velocity)), describe())
    env.reset()
    random = np.random.default_rng(0)
    for number in range(200):
        action = random.uniform(-1.0, 1.0, 1).astype(np.float32)
        expected, expected_reward, _, expected_end, _ = peer.step(2.0 * action.astype(float))
        observation, reward, terminated, truncated, _ = env.step(action)
        np.testing.assert_allclose(observation, expected, atol=1e-6)
        assert reward == pytest.approx(float(expected_reward), abs=1e-9)
        assert (terminated, truncated) == (False, expected_end)
        assert truncated == (number == 199)


def test_info_has_exactly_the_documented_keys() -> None:
    env = RobotEnv(PendulumRobot(), describe())
    env.reset()
    *_, info = env.step(act(0.25))
    assert set(info) == {
        'executed_action',
        'command',
        'intervention',
        'reward_parts',
        'stamp_ns',
        'stop',
        'word',
        'succeeded',
        'observed',
    }
    assert (info['stop'], info['observed']) == ('', True)
    assert info['executed_action'].dtype == np.float32
    assert info['command'].dtype == np.float64
    assert info['stamp_ns'] == 100_000_000


@pytest.mark.parametrize(
    ('wanted', 'executed', 'command', 'intervention'),
    [(0.25, 0.25, 0.5, False), (3.0, 1.0, 2.0, True), (-1.5, -1.0, -2.0, True)],
)
def test_the_executed_action_is_stored_and_rewarded(
    wanted: float, executed: float, command: float, intervention: bool
) -> None:
    """The robot receives it, the transition stores it, and the reward counts its effort."""
    robot = PendulumRobot()
    env = RobotEnv(robot, describe())
    env.reset()
    *_, info = env.step(act(wanted))
    assert info['executed_action'].tolist() == [executed]
    assert info['intervention'] == intervention
    assert info['command'].tolist() == robot.commands[0].tolist() == [command]
    assert info['reward_parts']['effort'] == pytest.approx(-0.001 * command**2)


def test_an_episode_is_truncated_after_its_steps() -> None:
    env = RobotEnv(PendulumRobot(), describe(episode_steps=3))
    for _ in range(2):
        env.reset()
        ends = [env.step(act(0.0))[2:4] for _ in range(3)]
        assert ends == [(False, False), (False, False), (False, True)]


def test_a_terminated_step_is_not_truncated_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the last step of the time limit, termination by the task takes precedence."""

    def end(*_: object) -> Outcome:
        return Outcome({'end': -1.0}, terminated=True)

    monkeypatch.setattr(SwingUp, 'outcome', end)
    env = RobotEnv(PendulumRobot(), describe(episode_steps=1))
    env.reset()
    assert env.step(act(0.0))[1:4] == (-1.0, True, False)


@pytest.mark.parametrize('number', [math.nan, math.inf, -math.inf])
def test_an_action_that_is_not_finite_is_not_sent(number: float) -> None:
    """It stops the robot, latched; nothing can be learned from that step."""
    robot = PendulumRobot()
    env = RobotEnv(robot, describe())
    first, _ = env.reset()
    observation, reward, terminated, truncated, info = env.step(act(number))
    assert robot.commands == []
    assert observation.tolist() == first.tolist()
    assert (reward, terminated, truncated) == (0.0, False, True)
    assert info['observed'] is False
    assert info['stop'].startswith('policy_not_finite: action: given ')
    assert env.state.is_latched
    assert env.state.rearm()[0]
    env.reset()
    assert env.step(act(0.0))[3] is False


def test_an_action_of_a_wrong_shape_is_refused() -> None:
    robot = PendulumRobot()
    env = RobotEnv(robot, describe())
    env.reset()
    with pytest.raises(PolicyError, match='action'):
        env.step(np.zeros(2, np.float32))
    assert robot.commands == []


@pytest.mark.filterwarnings('ignore:invalid value encountered')
@pytest.mark.parametrize('number', [math.nan, math.inf])
@pytest.mark.parametrize('name', ['cos_angle', 'velocity'])
def test_readings_that_are_not_finite_are_refused(name: str, number: float) -> None:
    env = RobotEnv(BlindRobot(name, number, good_readings=0), describe())
    with pytest.raises(
        RobotError, match=f"observation field '{name}': given .*; accepted: finite"
    ):
        env.reset()
    env = RobotEnv(BlindRobot(name, number, good_readings=2), describe())
    env.reset()
    env.step(act(0.0))
    with pytest.raises(RobotError, match=f"observation field '{name}'"):
        env.step(act(0.0))


def test_the_task_gets_its_parameters() -> None:
    task = TaskDescription('swing_up', {'effort_cost': 0.25})
    env = RobotEnv(PendulumRobot(), dataclasses.replace(describe(), task=task))
    env.reset()
    *_, info = env.step(act(1.0))
    assert info['reward_parts']['effort'] == pytest.approx(-1.0)

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

"""Limits and stops in an environment: what is executed, stored, truncated and re-armed."""

from collections.abc import Callable, Mapping
import dataclasses
import math
import threading
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pendulum_robot import describe, PendulumRobot
import pytest
from rl_agent.description.limits import LimitDescription
from rl_agent.description.safety import ReactionDescription, SafetyDescription
from rl_agent.environment.robot import Reading
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.errors import RobotError
from rl_agent.safety.safety_state import Stop
from rl_agent.tasks.swing_up import SwingUp
from rl_agent.tasks.task import Outcome
from rl_agent.transport.transition import Intervention

TIMEOUT_S = 30.0


def act(number: float) -> NDArray[np.float32]:
    return np.array([number], np.float32)


class SensedPendulum(PendulumRobot):
    """A pendulum whose sensors can be read without a command."""

    def sense(self) -> Mapping[str, NDArray[np.float64]]:
        """Return the newest values."""
        return self.read().values


def make(robot: PendulumRobot, safety: SafetyDescription, episode_steps: int = 200) -> RobotEnv:
    return RobotEnv(robot, dataclasses.replace(describe(episode_steps), safety=safety))


SLOW = SafetyDescription(limits=(LimitDescription('too_fast', 'velocity', high=(1.5,)),))


def emergency() -> Stop:
    return Stop('emergency_stop', 'of a test', ReactionDescription(), True, lambda: None)


def reset_elsewhere(env: RobotEnv) -> tuple[threading.Thread, threading.Event]:
    """Start a reset on a thread; return the thread and the event of its end."""
    done = threading.Event()

    def reset() -> None:
        env.reset()
        done.set()

    thread = threading.Thread(target=reset)
    thread.start()
    return thread, done


class FarPendulum(SensedPendulum):
    """A pendulum that three commands move to the start of its episodes."""

    def reset(self, check: Callable[[Reading], None] = lambda reading: None) -> Reading:
        """Move it there."""
        check(super().reset())
        for _ in range(3):
            check(self.apply(np.ones(1)))
        return self.read()


def test_a_reset_is_broken_off_at_a_limit_and_repeated_after_rearm() -> None:
    robot = FarPendulum(start=(0.0, 5.0))
    env = make(robot, SLOW)
    thread, done = reset_elsewhere(env)
    deadline_s = time.monotonic() + TIMEOUT_S
    while env.state.stop is None and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert env.state.summary.startswith('limit/too_fast: ')
    assert not robot.commands
    assert not done.is_set()
    robot.model.velocity[:] = 0.0
    robot._start = (0.0, 0.0)
    assert env.state.rearm()[0]
    assert done.wait(TIMEOUT_S)
    thread.join()
    assert len(robot.commands) == 3


def test_the_filtered_action_is_executed_and_stored() -> None:
    """10 N m/s at 20 Hz: 0.5 N m a step, a quarter of the action's range."""
    robot = PendulumRobot()
    env = make(robot, SafetyDescription(slew_per_s=(10.0,)))
    for _ in range(2):  # a new episode begins at rest again
        env.reset()
        infos = [env.step(act(1.0))[4] for _ in range(5)]
        assert [info['command'].tolist() for info in infos] == [[0.5], [1.0], [1.5], [2.0], [2.0]]
        assert [info['executed_action'].tolist() for info in infos] == [
            [0.25],
            [0.5],
            [0.75],
            [1.0],
            [1.0],
        ]
        assert [info['intervention'] for info in infos] == [1, 1, 1, 0, 0]
        # the reward counts the effort of the executed action
        assert infos[0]['reward_parts']['effort'] == pytest.approx(-0.001 * 0.5**2)
    assert [command.tolist() for command in robot.commands[:2]] == [[0.5], [1.0]]


def test_exceeding_a_limit_truncates_the_episode_and_stops_the_robot() -> None:
    """From level and at rest, gravity alone: 0.75 rad/s a step, so 2.25 in the third."""
    robot = SensedPendulum(start=(math.pi / 2, 0.0))
    env = make(robot, SLOW)
    env.reset()
    ends = [env.step(act(0.0)) for _ in range(3)]
    assert [(item[2], item[3]) for item in ends] == [(False, False), (False, False), (False, True)]
    info = ends[-1][4]
    assert info['stop'].startswith('limit/too_fast: velocity of pivot: given 2.2')
    assert info['observed'] is True
    assert info['intervention'] is Intervention.NONE  # the step itself was the policy's
    assert env.state.is_latched


def test_rearm_is_refused_while_the_limit_is_exceeded() -> None:
    robot = SensedPendulum(start=(math.pi / 2, 0.0))
    env = make(robot, SLOW)
    env.reset()
    while not env.step(act(0.0))[3]:
        pass
    done, why = env.state.rearm()
    assert not done
    assert 'accepted: -inf to 1.5' in why
    robot.model.velocity = np.zeros(1)
    assert env.state.rearm()[0]
    env.reset()
    assert env.step(act(0.0))[3] is False


def test_reset_waits_for_rearm() -> None:
    robot = PendulumRobot()
    env = make(robot, SafetyDescription())
    env.reset()
    env.state.begin(emergency())
    assert env.step(act(0.0))[3] is True
    thread, done = reset_elsewhere(env)
    assert not done.wait(0.3)
    assert robot.resets == 1
    env.state.rearm()
    thread.join(TIMEOUT_S)
    assert done.is_set()
    assert robot.resets == 2


def test_a_waiting_reset_can_be_interrupted() -> None:
    env = make(PendulumRobot(), SafetyDescription())
    env.state.begin(emergency())
    threading.Timer(0.1, env.stop_waiting).start()
    with pytest.raises(RobotError, match='stopped while waiting for a re-arm: emergency_stop'):
        env.reset()


def test_an_episode_does_not_begin_beyond_a_limit() -> None:
    robot = SensedPendulum(start=(math.pi / 2, 2.0))
    env = make(robot, SLOW)
    thread, done = reset_elsewhere(env)
    while not env.state.is_latched:
        assert not done.is_set()
    robot._start = (math.pi / 2, 0.0)
    robot.model.velocity = np.zeros(1)
    assert env.state.rearm()[0]
    thread.join(TIMEOUT_S)
    assert done.is_set()
    assert robot.commands == []


def test_a_task_that_terminates_at_the_limit_takes_precedence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Termination by the task takes precedence over truncation by the limit."""

    def end(*_: object) -> Outcome:
        return Outcome({'fall': -1.0}, terminated=True)

    monkeypatch.setattr(SwingUp, 'outcome', end)
    env = make(SensedPendulum(start=(0.0, 1.4)), SLOW)
    env.reset()
    _, _, terminated, truncated, _ = env.step(act(1.0))
    assert (terminated, truncated) == (True, False)
    assert env.state.is_latched


class ReplacingRobot(PendulumRobot):
    """A robot that a stop commanded instead, or with readings that are not fresh.

    Attributes:
        reading: further arguments of the next reading.
    """

    reading: dict[str, object] = {}  # noqa: RUF012

    def apply(self, command: NDArray[np.float64]) -> Reading:
        """Execute a command."""
        changes: Any = self.reading
        return dataclasses.replace(super().apply(command), **changes)


def test_the_command_of_a_stop_is_what_was_executed() -> None:
    robot = ReplacingRobot()
    env = make(robot, SafetyDescription())
    env.reset()
    robot.reading = {'command': np.array([-1.0])}
    *_, truncated, info = env.step(act(0.75))
    assert truncated is True
    assert (info['executed_action'].tolist(), info['command'].tolist()) == ([-0.5], [-1.0])
    assert info['intervention'] is Intervention.LIMIT


def test_an_unobserved_step_is_marked() -> None:
    robot = ReplacingRobot()
    env = make(robot, SafetyDescription())
    env.reset()
    last, *_ = env.step(act(0.5))
    robot.reading = {'is_fresh': False}
    observation, reward, terminated, truncated, info = env.step(act(0.5))
    assert observation.tolist() == last.tolist()
    assert (reward, terminated, truncated) == (0.0, False, True)
    assert info['observed'] is False

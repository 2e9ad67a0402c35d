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

"""The agent's episodes and transitions."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
import itertools
import threading
from typing import Any

from agent_bench import Bench, TIMEOUT_S
import numpy as np
from numpy.typing import NDArray
from pendulum_robot import describe, make_parameters, PendulumRobot
import pytest
from rl_agent.array_types import Float32Array
from rl_agent.control.agent import Agent
from rl_agent.control.simulation_pacer import SimulationPacer
from rl_agent.description.safety import SafetyDescription
from rl_agent.environment.robot import Reading
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import RobotError
from rl_agent.policy.policy_store import PolicyStore
from rl_agent.transport.spool import Spool


def test_max_steps_end_the_run_and_truncate_the_last_transition() -> None:
    bench = Bench(episode_steps=10, max_steps=25)
    transitions = bench.run()
    assert len(transitions) == len(bench.robot.commands) == len(bench.wanted) == 25
    assert bench.agent.steps == 25
    assert [number for number, item in enumerate(transitions, 1) if item.truncated] == [10, 20, 25]
    assert not any(item.terminated for item in transitions)
    assert [(item.episode, item.step) for item in transitions] == [
        (number // 10 + 1, number % 10) for number in range(25)
    ]
    assert bench.robot.resets == bench.agent.episode == 3
    assert bench.agent.state == 'finished: all steps taken'


def test_max_episodes_end_the_run_after_whole_episodes() -> None:
    bench = Bench(episode_steps=10, max_episodes=2)
    transitions = bench.run()
    assert [number for number, item in enumerate(transitions, 1) if item.truncated] == [10, 20]
    assert [(item.steps, item.stopped) for item in bench.results] == [(10, False)] * 2
    assert bench.agent.state == 'finished: all steps taken'


def test_a_stopped_episode_is_marked() -> None:
    bench = Bench(episode_steps=10, max_episodes=2)
    bench.after_step = {15: bench.agent.stop}
    bench.run()
    assert [item.stopped for item in bench.results] == [False, True]


class BlinkingRobot(PendulumRobot):
    """Has no fresh reading after its 15th command."""

    def apply(self, command: NDArray[np.float64]) -> Reading:
        """Execute a command, see `Robot`."""
        reading = super().apply(command)
        return replace(reading, is_fresh=len(self.commands) != 15)


def test_an_episode_without_an_observed_end_is_not_a_whole_one() -> None:
    """Neither a limit nor an evaluation counts it."""
    bench = Bench(episode_steps=10, max_episodes=2, robot=BlinkingRobot())
    bench.run()
    seen = [(item.steps, item.stopped) for item in bench.results]
    assert seen == [(10, False), (4, True), (10, False)]
    bench = Bench(episode_steps=10, max_steps=44, robot=BlinkingRobot())
    bench.agent.evaluate(3)
    bench.run()
    assert [item.evaluation for item in bench.results] == [True] * 4 + [False]


def test_results_describe_their_episodes() -> None:
    bench = Bench(episode_steps=10, max_steps=25)
    transitions = bench.run()
    assert [(item.episode, item.steps) for item in bench.results] == [(1, 10), (2, 10), (3, 5)]
    for result in bench.results:
        rewards = [item.reward for item in transitions if item.episode == result.episode]
        assert result.episode_return == pytest.approx(sum(rewards))
        assert (result.truncated, result.terminated, result.evaluation) == (True, False, False)
        assert result.policy_version == 1


def test_transitions_follow_one_another() -> None:
    """Within an episode, each begins where and when the last one ended."""
    transitions = Bench(episode_steps=10, max_steps=25).run()
    for before, after in itertools.pairwise(transitions):
        joined = np.array_equal(before.next_observation, after.observation)
        assert joined is not before.truncated
        # a step takes 50 ms; a reset, between the end of an episode and the next, another 50 ms
        assert after.stamp_ns - before.stamp_ns == (
            100_000_000 if before.truncated else 50_000_000
        )


def test_the_executed_action_is_stored() -> None:
    """An action out of bounds is stored clipped, as an intervention."""
    bench = Bench(max_steps=10)
    newest = bench.store.newest
    assert newest is not None
    act = newest.policy.act

    def exaggerate(*arguments: Any, **options: Any) -> Float32Array:
        return 10.0 * act(*arguments, **options)

    newest.policy.act = exaggerate  # type: ignore[method-assign]
    transitions = bench.run()
    for transition, wanted, command in zip(
        transitions, bench.wanted, bench.robot.commands, strict=True
    ):
        expected = np.clip(wanted, -1.0, 1.0)
        assert transition.action.tolist() == expected.tolist()
        assert transition.intervention == (abs(wanted[0]) > 1.0)
        assert command[0] == pytest.approx(2.0 * expected[0])
    assert any(item.intervention for item in transitions)


def test_no_command_follows_a_stop_between_two_steps() -> None:
    bench = Bench(episode_steps=10)
    bench.after_step[13] = bench.agent.stop
    transitions = bench.run()
    assert len(transitions) == len(bench.robot.commands) == bench.agent.steps == 13
    assert not transitions[-1].terminated
    assert bench.results[-1].steps == transitions[-1].step + 1
    assert bench.results[-1].truncated
    assert bench.agent.state == 'stopped'


def test_no_command_follows_a_stop_during_reset() -> None:
    class StoppingRobot(PendulumRobot):
        def reset(self, check: Callable[[Reading], None] = lambda reading: None) -> Reading:
            if self.resets == 1:
                bench.agent.stop()
            return super().reset(check)

    bench = Bench(episode_steps=10, robot=StoppingRobot())
    assert len(bench.run()) == len(bench.robot.commands) == 10
    assert len(bench.results) == 1


def test_a_stop_during_the_step_truncates_that_step() -> None:
    class StoppingRobot(PendulumRobot):
        def apply(self, command: NDArray[np.float64]) -> Reading:
            if len(self.commands) == 12:
                bench.agent.stop()
            return super().apply(command)

    bench = Bench(episode_steps=10, robot=StoppingRobot())
    transitions = bench.run()
    assert [number for number, item in enumerate(transitions, 1) if item.truncated] == [10, 13]
    assert len(transitions) == 13


class IdleCallbackRobot(PendulumRobot):
    """Calls a function when a command has left, as the robot in real time does.

    Attributes:
        when_idle: the function.
        spooled: how many transitions were in the spool when each command left.
    """

    def __init__(self) -> None:
        """Prepare."""
        super().__init__()
        self.when_idle: Callable[[], object] = lambda: None
        self.spool: Spool | None = None
        self.spooled: list[int] = []

    def apply(self, command: NDArray[np.float64]) -> Reading:
        """Execute a command, see `Robot`."""
        assert self.spool is not None
        self.spooled.append(self.spool.pending)
        reading = super().apply(command)
        self.when_idle()
        return reading


@pytest.mark.parametrize('steps', [7, 20, 25])
def test_deferred_spooling_spools_the_same_transitions(steps: int) -> None:
    at_once = Bench(max_steps=steps).run()
    robot = IdleCallbackRobot()
    bench = Bench(robot=robot, max_steps=steps, defer_spooling=True)
    robot.when_idle, robot.spool = bench.agent.spool_deferred_step, bench.spool
    late = bench.run()
    assert [(item.episode, item.step, item.truncated) for item in late] == [
        (item.episode, item.step, item.truncated) for item in at_once
    ]
    np.testing.assert_array_equal(
        [item.next_observation for item in late], [item.next_observation for item in at_once]
    )
    # within an episode, a command leaves before the previous step is spooled
    assert robot.spooled == [number - (number % 10 > 0) for number in range(steps)]


def test_a_rehearsal_changes_nothing() -> None:
    class RehearsingRobot(IdleCallbackRobot):
        def apply(self, command: NDArray[np.float64]) -> Reading:
            rehearse(self.read())
            return super().apply(command)

    safety = SafetyDescription(low_pass_hz=3.0, slew_per_s=(20.0,))
    done = []
    for rehearsed in (False, True):
        robot = RehearsingRobot()
        bench = Bench(robot=robot, safety=safety, max_steps=25)
        rehearse = bench.rehearsal.walk if rehearsed else lambda reading: None
        robot.spool = bench.spool
        bench.after_step[5] = partial(bench.store.offer, make_parameters(2, seed=2))
        transitions = bench.run()
        done.append([np.concatenate([item.observation, item.action]) for item in transitions])
        done.append(robot.commands)
    np.testing.assert_array_equal(done[0], done[2])
    np.testing.assert_array_equal(done[1], done[3])


def test_executed_steps_are_spooled_when_the_robot_fails() -> None:
    class FailingRobot(PendulumRobot):
        def apply(self, command: NDArray[np.float64]) -> Reading:
            if len(self.commands) == 5:
                raise RobotError('unplugged')
            return super().apply(command)

    bench = Bench(robot=FailingRobot(), defer_spooling=True)
    with pytest.raises(RobotError, match='unplugged'):
        bench.run()
    assert bench.spool.pending == 5


def test_after_a_stop_it_runs_again() -> None:
    bench = Bench(episode_steps=10, max_steps=30)
    bench.after_step[5] = bench.agent.stop
    first = bench.run()
    bench.agent.prepare()
    assert not bench.agent.stopping
    second = bench.run()
    assert len(first) + len(second) == 30
    assert (second[0].episode, second[0].step) == (2, 0)
    assert bench.agent.state == 'finished: all steps taken'


def test_a_stop_before_the_first_policy_moves_nothing() -> None:
    bench = Bench()
    empty = PolicyStore(Spaces(describe()))
    agent = Agent(
        RobotEnv(bench.robot, describe()), empty, bench.spool, bench, seed=0, max_steps=5
    )
    thread = threading.Thread(target=agent.run)
    thread.start()
    agent.stop()
    thread.join(TIMEOUT_S)
    assert not thread.is_alive()
    assert (bench.robot.resets, bench.robot.commands, agent.state) == (0, [], 'stopped')


def test_a_robot_that_does_not_answer_ends_the_run() -> None:
    class SilentRobot(PendulumRobot):
        def apply(self, command: NDArray[np.float64]) -> Reading:
            if len(self.commands) == 4:
                raise RobotError('no answer')
            return super().apply(command)

    bench = Bench(robot=SilentRobot())
    with pytest.raises(RobotError, match='no answer'):
        bench.agent.run()
    assert bench.agent.steps == bench.spool.pending == 4


def test_a_terminated_episode_is_not_truncated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even if it terminates with the last allowed step."""
    bench = Bench(episode_steps=10, max_steps=4)
    step = RobotEnv.step

    def terminate(
        env: RobotEnv, action: Float32Array
    ) -> tuple[Float32Array, float, bool, bool, dict[str, Any]]:
        observation, reward, _, truncated, info = step(env, action)
        return observation, reward, len(bench.robot.commands) % 2 == 0, truncated, info

    monkeypatch.setattr(RobotEnv, 'step', terminate)
    ends = [(item.terminated, item.truncated) for item in bench.run()]
    assert ends == [(False, False), (True, False), (False, False), (True, False)]
    assert [(item.terminated, item.truncated) for item in bench.results] == [(True, False)] * 2


def test_a_pacer_holds_back_exploration_but_not_evaluation() -> None:
    pacer = SimulationPacer(5, patience_s=3600.0)
    bench = Bench(episode_steps=10, max_steps=40, pacer=pacer)
    bench.agent.evaluate(2)
    evaluated, held = threading.Event(), threading.Event()
    bench.after_episode[2] = evaluated.set
    bench.after_step[25] = held.set
    thread = threading.Thread(target=bench.agent.run)
    thread.start()
    assert evaluated.wait(TIMEOUT_S)  # 20 steps, with 5 allowed
    assert held.wait(TIMEOUT_S)
    assert bench.agent.steps == 25
    bench.agent.stop()
    thread.join(TIMEOUT_S)
    assert not thread.is_alive()
    assert bench.agent.steps <= 26
    assert bench.results[-1].truncated


def test_an_evaluation_begins_when_training_has_used_all_steps() -> None:
    pacer = SimulationPacer(100, patience_s=3600.0)
    pacer.report(backlog=3)
    bench = Bench(episode_steps=10, max_steps=30, pacer=pacer)
    explored = threading.Event()

    def ask() -> None:
        bench.agent.evaluate(1)
        explored.set()

    bench.after_episode[1] = ask
    thread = threading.Thread(target=bench.agent.run)
    thread.start()
    assert explored.wait(TIMEOUT_S)
    thread.join(0.2)  # a slow machine could only miss a fault
    assert (thread.is_alive(), bench.agent.steps) == (True, 10)
    assert bench.agent.state == 'waiting for training, to evaluate all that was learned'
    pacer.report(backlog=0, idle=True)
    pacer.report(backlog=0, idle=True)
    thread.join(TIMEOUT_S)
    assert not thread.is_alive()
    assert [result.evaluation for result in bench.results] == [False, True, False]

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The agent's episodes, evaluations and policies."""

from collections.abc import Callable
import itertools
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pendulum_robot import describe, make_parameters, PendulumRobot
import pytest
from rl_agent.agent import Agent, EpisodeResult
from rl_agent.errors import RobotError
from rl_agent.pacing import SimulationPacer
from rl_agent.policy import PolicyParameters, split_parameters
from rl_agent.policy_store import PolicyStore
from rl_agent.robot import Reading
from rl_agent.robot_env import RobotEnv
from rl_agent.spaces import Spaces
from rl_agent.spool import Spool
from rl_agent.transition import Transition

TIMEOUT_S = 30.0
Vector = NDArray[np.float32]


class Bench:
    """An agent with all around it; it also listens.

    Attributes:
        after_step: what to do after the step of a number, counted from 1.
        after_episode: what to do after the episode of a number, counted from 1.
        wanted: actions as the policy gave them.
        results: of the episodes.
    """

    def __init__(
        self, *, episode_steps: int = 10, robot: PendulumRobot | None = None, **options: Any
    ) -> None:
        """Prepare an agent with policy 1."""
        description = describe(episode_steps)
        self.robot = robot or PendulumRobot()
        self.spool = Spool(10_000)
        self.store = PolicyStore(Spaces(description))
        self.store.offer(make_parameters(1))
        env = RobotEnv(self.robot, description)
        self.agent = Agent(env, self.store, self.spool, self, **{'seed': 0, **options})
        self.after_step: dict[int, Callable[[], object]] = {}
        self.after_episode: dict[int, Callable[[], object]] = {}
        self.wanted: list[Vector] = []
        self.results: list[EpisodeResult] = []

    def on_step(self, transition: Transition, wanted: Vector, info: dict[str, Any]) -> None:
        """Note a step."""
        del transition, info
        self.wanted.append(wanted)
        self.after_step.get(len(self.wanted), lambda: None)()

    def on_episode(self, result: EpisodeResult) -> None:
        """Note an episode."""
        self.results.append(result)
        self.after_episode.get(len(self.results), lambda: None)()

    def run(self) -> list[Transition]:
        """Run the agent to its end; return all transitions."""
        self.agent.run()
        batch = self.spool.next_batch(10_000)
        return list(batch.transitions) if batch else []


def mean_action(parameters: PolicyParameters, observation: Vector) -> list[float]:
    """Return tanh of the network's mean, from the formula alone, in double precision."""
    parts = split_parameters(parameters.architecture, parameters.parameters.astype(np.float64))
    features = observation.astype(np.float64)
    for number in range(2):
        features = np.maximum(0, parts[f'weight_{number}'] @ features + parts[f'bias_{number}'])
    action: list[float] = np.tanh(parts['mean_weight'] @ features + parts['mean_bias']).tolist()
    return action


def is_mean_action(parameters: PolicyParameters, transition: Transition) -> bool:
    """Return whether the executed action is the policy's deterministic one."""
    expected = mean_action(parameters, transition.observation)
    return bool(np.abs(transition.action - expected).max() < 1e-5)


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


def test_a_stopped_episode_says_so() -> None:
    bench = Bench(episode_steps=10, max_episodes=2)
    bench.after_step = {15: bench.agent.stop}
    bench.run()
    assert [item.stopped for item in bench.results] == [False, True]


def test_episodes_are_told_as_they_were() -> None:
    bench = Bench(episode_steps=10, max_steps=25)
    transitions = bench.run()
    assert [(item.episode, item.steps) for item in bench.results] == [(1, 10), (2, 10), (3, 5)]
    for result in bench.results:
        rewards = [item.reward for item in transitions if item.episode == result.episode]
        assert result.episode_return == pytest.approx(sum(rewards))
        assert (result.truncated, result.terminated, result.evaluation) == (True, False, False)
        assert result.policy_version == 1


def test_transitions_follow_one_another() -> None:
    """Within an episode, each begins where the one before ended, at its time."""
    transitions = Bench(episode_steps=10, max_steps=25).run()
    for before, after in itertools.pairwise(transitions):
        joined = np.array_equal(before.next_observation, after.observation)
        assert joined is not before.truncated
        # a step takes 50 ms; a reset, between the end of an episode and the next, another 50 ms
        assert after.stamp_ns - before.stamp_ns == (
            100_000_000 if before.truncated else 50_000_000
        )


def test_what_is_stored_is_what_was_executed() -> None:
    """A policy that wants too much is an intervention; the stored action is the clipped one."""
    bench = Bench(max_steps=10)
    newest = bench.store.newest
    assert newest is not None
    act = newest.policy.act

    def exaggerate(*arguments: Any, **options: Any) -> Vector:
        return 10.0 * act(*arguments, **options)

    newest.policy.act = exaggerate  # type: ignore[method-assign]
    transitions = bench.run()
    for transition, wanted, command in zip(
        transitions, bench.wanted, bench.robot.commands, strict=True
    ):
        expected = np.clip(wanted, -1.0, 1.0)
        assert transition.action.tolist() == expected.tolist()
        assert transition.intervention is bool(abs(wanted[0]) > 1.0)
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
        def reset(self) -> Reading:
            if self.resets == 1:
                bench.agent.stop()
            return super().reset()

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


class SettlingRobot(PendulumRobot):
    """Lets the agent settle when a command has left, as the one in real time does.

    Attributes:
        settle: what to call then.
        spooled: how many transitions were in the spool when each command left.
    """

    def __init__(self) -> None:
        """Prepare."""
        super().__init__()
        self.settle: Callable[[], object] = lambda: None
        self.spool: Spool | None = None
        self.spooled: list[int] = []

    def apply(self, command: NDArray[np.float64]) -> Reading:
        """Execute a command, see `Robot`."""
        assert self.spool is not None
        self.spooled.append(self.spool.pending)
        reading = super().apply(command)
        self.settle()
        return reading


@pytest.mark.parametrize('steps', [7, 20, 25])
def test_late_or_at_once_the_same_is_spooled(steps: int) -> None:
    at_once = Bench(max_steps=steps).run()
    robot = SettlingRobot()
    bench = Bench(robot=robot, max_steps=steps, settle_late=True)
    robot.settle, robot.spool = bench.agent.settle, bench.spool
    late = bench.run()
    assert [(item.episode, item.step, item.truncated) for item in late] == [
        (item.episode, item.step, item.truncated) for item in at_once
    ]
    np.testing.assert_array_equal(
        [item.next_observation for item in late], [item.next_observation for item in at_once]
    )
    # amid an episode a command leaves before the step that it follows is spooled
    assert robot.spooled == [number - (number % 10 > 0) for number in range(steps)]


def test_what_was_lived_through_is_spooled_when_the_robot_fails() -> None:
    class FailingRobot(PendulumRobot):
        def apply(self, command: NDArray[np.float64]) -> Reading:
            if len(self.commands) == 5:
                raise RobotError('unplugged')
            return super().apply(command)

    bench = Bench(robot=FailingRobot(), settle_late=True)
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


def test_it_waits_for_a_first_policy() -> None:
    bench = Bench()
    store = PolicyStore(Spaces(describe()))
    agent = Agent(
        RobotEnv(bench.robot, describe()), store, bench.spool, bench, seed=0, max_steps=5
    )
    thread = threading.Thread(target=agent.run)
    thread.start()
    assert agent.state == 'waiting for a policy'
    store.offer(make_parameters(3))
    thread.join(TIMEOUT_S)
    assert not thread.is_alive()
    assert agent.steps == 5
    assert agent.policy is not None
    assert agent.policy.version == 3


def test_policies_are_swapped_between_steps() -> None:
    bench = Bench(episode_steps=10, max_steps=20)
    bench.after_step[3] = lambda: bench.store.offer(make_parameters(2, seed=2))
    bench.after_step[16] = lambda: bench.store.offer(make_parameters(3, seed=3))
    versions = [item.policy_version for item in bench.run()]
    assert versions == [1] * 3 + [2] * 13 + [3] * 4
    assert [item.policy_version for item in bench.results] == [2, 3]


def test_an_evaluation_is_deterministic() -> None:
    bench = Bench(episode_steps=10, max_steps=40)
    bench.agent.evaluate(2)
    transitions = bench.run()
    parameters = make_parameters(1)
    assert [item.evaluation for item in transitions] == [True] * 20 + [False] * 20
    assert [item.evaluation for item in bench.results] == [True, True, False, False]
    assert all(is_mean_action(parameters, item) for item in transitions[:20])
    assert sum(is_mean_action(parameters, item) for item in transitions[20:]) < 3


def test_without_exploration_every_episode_is_deterministic() -> None:
    bench = Bench(episode_steps=10, max_steps=20, explore=False)
    bench.after_step[5] = lambda: bench.store.offer(make_parameters(2, seed=2))
    transitions = bench.run()
    assert all(item.evaluation for item in transitions)
    assert [item.policy_version for item in transitions] == [1] * 5 + [2] * 15
    for item in transitions:
        seed = item.policy_version
        assert is_mean_action(make_parameters(seed, seed=seed), item)


def test_exploration_and_limit_may_change_during_the_run() -> None:
    bench = Bench(episode_steps=10, max_steps=40)
    bench.after_step[5] = lambda: setattr(bench.agent, 'explore', False)
    bench.after_step[15] = lambda: setattr(bench.agent, 'max_steps', 20)
    transitions = bench.run()
    assert len(transitions) == 20
    judged = [is_mean_action(make_parameters(1), item) for item in transitions]
    assert not any(judged[:10])  # an episode ends as it began
    assert all(judged[10:])


def test_an_evaluation_counts_only_whole_episodes() -> None:
    """The episode under way stays what it is; the evaluation begins with the next."""
    bench = Bench(episode_steps=10, max_steps=50)
    bench.after_step[4] = lambda: bench.agent.evaluate(2)
    bench.run()
    assert [item.evaluation for item in bench.results] == [False, True, True, False, False]
    assert [item.steps for item in bench.results] == [10] * 5


def test_an_evaluation_keeps_the_policy_that_it_began_with() -> None:
    bench = Bench(episode_steps=10, max_steps=50)
    bench.after_step[4] = lambda: bench.agent.evaluate(2)
    bench.after_step[7] = lambda: bench.store.offer(make_parameters(2, seed=2))
    for step, version in ((12, 3), (20, 4), (26, 5)):
        bench.after_step[step] = lambda version=version: bench.store.offer(  # type: ignore[misc]
            make_parameters(version, seed=version)
        )
    versions = [item.policy_version for item in bench.run()]
    assert versions == [1] * 7 + [2] * 3 + [2] * 20 + [5] * 20


def test_an_evaluation_is_called_off_after_its_episode() -> None:
    bench = Bench(episode_steps=10, max_steps=40)
    bench.agent.evaluate(5)
    bench.after_step[13] = lambda: bench.agent.evaluate(0)
    bench.run()
    assert [item.evaluation for item in bench.results] == [True, True, False, False]


def test_a_new_evaluation_amid_an_old_one_has_all_its_episodes() -> None:
    """It begins with the next episode and with the newest policy."""
    bench = Bench(episode_steps=10, max_steps=50)
    bench.agent.evaluate(3)
    bench.after_step[12] = lambda: bench.store.offer(make_parameters(2, seed=2))
    bench.after_step[15] = lambda: bench.agent.evaluate(2)
    bench.run()
    assert [item.evaluation for item in bench.results] == [True] * 4 + [False]
    assert [item.policy_version for item in bench.results] == [1, 1, 2, 2, 2]


def test_equal_seeds_explore_alike() -> None:
    def explore(seed: int) -> list[list[float]]:
        return [item.action.tolist() for item in Bench(max_steps=15, seed=seed).run()]

    assert explore(1) == explore(1)
    assert explore(1) != explore(2)


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
    """Also where the last allowed step is the one that terminates."""
    bench = Bench(episode_steps=10, max_steps=4)
    step = RobotEnv.step

    def terminate(
        env: RobotEnv, action: Vector
    ) -> tuple[Vector, float, bool, bool, dict[str, Any]]:
        observation, reward, _, truncated, info = step(env, action)
        return observation, reward, len(bench.robot.commands) % 2 == 0, truncated, info

    monkeypatch.setattr(RobotEnv, 'step', terminate)
    ends = [(item.terminated, item.truncated) for item in bench.run()]
    assert ends == [(False, False), (True, False), (False, False), (True, False)]
    assert [(item.terminated, item.truncated) for item in bench.results] == [(True, False)] * 2


def test_a_pacer_holds_exploration_back_but_no_evaluation() -> None:
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

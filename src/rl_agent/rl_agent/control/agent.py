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

"""The environment loop of one robot: sense, act, append the transition to the spool."""

from dataclasses import dataclass, field
import threading
from typing import Any, NamedTuple, Protocol

import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.control.simulation_pacer import SimulationPacer
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.policy.policy_store import PolicyStore, ReceivedPolicy
from rl_agent.transport.spool import Spool
from rl_agent.transport.transition import Transition, TransitionBuilder

FINISHED, STOPPED = 'finished: all steps taken', 'stopped'
HELD = 'held by safety'
WAITING = 'waiting for'  # and what for
EXPLORING, EVALUATING = MOVING_STATES = 'exploring', 'evaluating'
ENDED_STATES = (FINISHED, STOPPED)  # no step follows


@dataclass(frozen=True)
class EpisodeResult:
    """A finished episode, see rl_msgs/msg/Episode."""

    episode: int
    steps: int
    episode_return: float
    evaluation: bool
    policy_version: int
    terminated: bool
    truncated: bool
    stopped: bool = False  # cut off by `stop`, or its end was not observed: not a whole episode


@dataclass
class Evaluation:
    """A request for deterministic episodes; a new request replaces an old one.

    Attributes:
        episodes_left: whole episodes still to run.
        returns: of the whole episodes so far, in order.
        policy_version: of the last of them; 0: there is none.
    """

    episodes_left: int
    returns: list[float] = field(default_factory=list)
    policy_version: int = 0

    def add(self, result: EpisodeResult) -> None:
        """Note a whole episode."""
        self.returns.append(result.episode_return)
        self.policy_version = result.policy_version
        self.episodes_left -= 1


class _Step(NamedTuple):
    """An executed step that is not a transition yet."""

    wanted: Float32Array
    next_observation: Float32Array
    reward: float
    terminated: bool
    truncated: bool
    info: dict[str, Any]
    evaluation: bool
    policy_version: int

    @property
    def ended(self) -> bool:
        """Whether the episode ended with this step."""
        return self.terminated or self.truncated


class AgentListener(Protocol):
    """Receives steps and episodes on the agent's thread; it must not wait."""

    def on_step(self, transition: Transition, wanted: Float32Array, info: dict[str, Any]) -> None:
        """Receive an executed step; `info` comes from `RobotEnv.step`."""
        ...

    def on_episode(self, result: EpisodeResult) -> None:
        """Receive an episode that has ended."""
        ...


class Agent:
    """Runs episodes until stopped: with exploration, and deterministic ones on request.

    Attributes:
        explore: False: every episode is deterministic.
        max_steps: stop after this many steps; 0: no limit.
        state: what the agent does or waits for, in words.
        steps: executed control steps; each one becomes a transition in the spool.
        policy: the policy in use, None before the first.
        observation: with which the last step began, None before the first.
        evaluation: newest request for deterministic episodes.
    """

    def __init__(
        self,
        env: RobotEnv,
        store: PolicyStore,
        spool: Spool,
        listener: AgentListener,
        *,
        seed: int,
        explore: bool = True,
        max_steps: int = 0,
        max_episodes: int = 0,
        pacer: SimulationPacer | None = None,
        defer_spooling: bool = False,
    ) -> None:
        """Prepare an agent; `run` starts it.

        Args:
            env: the robot.
            store: of received policies.
            spool: for transitions.
            listener: receives every step and episode.
            seed: of the exploration noise.
            explore: see the attribute.
            max_steps: see the attribute.
            max_episodes: stop after this many whole episodes; 0: no limit.
            pacer: holds simulated time back; None on a real robot.
            defer_spooling: spool a step only when the next command has been sent; the robot then
                calls `spool_deferred_step`.
        """
        self._env, self._store, self._spool = env, store, spool
        self._listener = listener
        self._rng = np.random.default_rng(seed)
        self.explore, self.max_steps = explore, max_steps
        self._max_episodes = max_episodes
        self._episodes_ended = 0
        self._pacer, self._defer_spooling = pacer, defer_spooling
        self._deferred_step: _Step | None = None
        self._builder = TransitionBuilder()
        self._stop = threading.Event()
        self.evaluation = Evaluation(0)
        self._hold_policy = False  # during an evaluation
        self.state = 'configured'
        self.steps = 0
        self.policy: ReceivedPolicy | None = None
        self.observation: Float32Array | None = None

    @property
    def episode(self) -> int:
        """Number of the current episode, from 1; 0 before the first."""
        return self._builder.episode

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stop.is_set()

    def evaluate(self, episodes: int) -> Evaluation:
        """Make the next episodes deterministic, all with one policy; return the request.

        Args:
            episodes: how many whole episodes; 0 ends an evaluation after the current one.
        """
        self.evaluation = request = Evaluation(episodes)
        return request

    def prepare(self) -> None:
        """Allow `run` after a `stop`."""
        self._stop.clear()
        self._env.allow_waiting()
        if self._pacer:
            self._pacer.hold()

    def stop(self) -> None:
        """Stop: no command follows; the current step still becomes a transition."""
        self._stop.set()
        self._env.stop_waiting()
        if self._pacer:
            self._pacer.release()

    def run(self) -> None:
        """Run episodes until `stop` or the last allowed step.

        Raises:
            RobotError: the robot does not answer.
        """
        self.state = f'{WAITING} a policy'
        while not self._stop.is_set() and not self._store.wait(timeout_s=0.1):
            pass
        before = None  # an evaluation keeps the policy of its first episode
        while not self._is_complete():
            if not self._wait_until_clear():
                break
            request = self.evaluation
            self._hold_policy = request.episodes_left > 0
            if not (self._hold_policy and request is before):
                self._use(self._store.newest)
            before = request
            evaluation = self._hold_policy or not self.explore
            self.state = EVALUATING if evaluation else EXPLORING
            whole = self._run_episode(evaluation=evaluation)
            if self._hold_policy and whole is not None:
                request.add(whole)
        self.state = STOPPED if self._stop.is_set() else FINISHED

    def _wait_until_clear(self) -> bool:
        """Wait until safety lets the robot move; return False if `stop` was called meanwhile."""
        while not self._env.wait_until_clear(0.1) and not self._stop.is_set():
            self.state = HELD
        return not self._stop.is_set()

    def _is_complete(self) -> bool:
        """Return whether no step may follow: after `stop` or at a limit."""
        return (
            self._stop.is_set()
            or (0 < self.max_steps <= self.steps)
            or (0 < self._max_episodes <= self._episodes_ended)
        )

    def _run_episode(self, *, evaluation: bool) -> EpisodeResult | None:
        """Run one episode to its end, or to the stop, which truncates it.

        Returns:
            its result if it is whole: not cut off by a stop, and its end was observed.
        """
        observation, info = self._env.reset()
        self._builder.first(observation, info['stamp_ns'])
        if self.policy is not None:
            self.policy.policy.reset(self._rng)
        episode_return, last = 0.0, None
        try:
            while last is None or not last.ended:
                if self._pacer and not self.evaluation.episodes_left:
                    self._pacer.before_step()
                if self._stop.is_set():
                    break  # no command may follow a stop between two steps
                step = self._step(observation, evaluation)
                if step is None:
                    break  # its end was not observed
                last, observation = step, step.next_observation
                episode_return += step.reward
        finally:
            self.spool_deferred_step()
        if last is None:
            return None
        stopped = not last.ended or (self.stopping and not last.terminated)
        self._episodes_ended += not stopped
        result = EpisodeResult(
            episode=self._builder.episode,
            steps=self._builder.step_number,
            episode_return=episode_return,
            evaluation=evaluation,
            policy_version=last.policy_version,
            terminated=last.terminated,
            truncated=not last.terminated,
            stopped=stopped,
        )
        self._listener.on_episode(result)
        return None if stopped else result

    def _step(self, observation: Float32Array, evaluation: bool) -> _Step | None:
        """Execute one step; return None if its end was not observed."""
        policy = self._policy_for_step()
        wanted = policy.policy.act(observation, self._rng, deterministic=evaluation)
        self.observation = observation
        next_observation, reward, terminated, truncated, info = self._env.step(wanted)
        self.spool_deferred_step()
        if not info['observed']:
            return None
        self.steps += 1
        truncated = truncated or (self._is_complete() and not terminated)
        self._deferred_step = step = _Step(
            wanted,
            next_observation,
            reward,
            terminated,
            truncated,
            info,
            evaluation,
            policy.version,
        )
        if not self._defer_spooling:
            self.spool_deferred_step()
        return step

    def spool_deferred_step(self) -> None:
        """Spool the last step as a transition, unless that was done already.

        Call it on the agent's thread.
        """
        step, self._deferred_step = self._deferred_step, None
        if step is None:
            return
        transition = self._builder.step(
            step.info['executed_action'],
            step.reward,
            step.next_observation,
            step.info['stamp_ns'],
            terminated=step.terminated,
            truncated=step.truncated,
            intervention=step.info['intervention'],
            evaluation=step.evaluation,
            policy_version=step.policy_version,
        )
        self._spool.append(transition)
        self._listener.on_step(transition, step.wanted, step.info)

    @property
    def next_policy(self) -> ReceivedPolicy | None:
        """The policy of the next step: the newest, or in an evaluation the one it began with."""
        return self.policy if self._hold_policy else self._store.newest

    def _policy_for_step(self) -> ReceivedPolicy:
        """Return the policy of this step; a new one continues the exploration of the last one."""
        policy = self.next_policy
        if policy is None:
            raise RuntimeError('a step without a policy')
        if policy is not self.policy:
            if self.policy is not None:
                policy.policy.take_over_from(self.policy.policy, self._rng)
            self._use(policy)
        return policy

    def _use(self, policy: ReceivedPolicy | None) -> None:
        """Use a policy; leave it to another thread to free the one before."""
        if self.policy is not None and self.policy is not policy:
            self._store.retire(self.policy)
        self.policy = policy

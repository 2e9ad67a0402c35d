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

import threading
from typing import Any, NamedTuple, Protocol

import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.environment.episodes import (
    EpisodeKeeper,
    EpisodeResult,
    Evaluation,
    outcome_of,
    Outcomes,
)
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.policy.policy_store import PolicyStore, ReceivedPolicy
from rl_agent.transport.transition import Intervention, Transition, TransitionBuilder

_WAIT_S = 0.1

FINISHED, STOPPED = 'finished: all steps taken', 'stopped'
HELD = 'held by safety'
PAUSED = 'paused'
WAITING = 'waiting for'  # and what for
EXPLORING, EVALUATING = MOVING_STATES = 'exploring', 'evaluating'
ENDED_STATES = (FINISHED, STOPPED)  # no step follows


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


class TransitionSink(Protocol):
    """Takes transitions; a `Spool`, or what stands for one."""

    def append(self, transition: Transition) -> object:
        """Take a transition, without waiting."""
        ...


class Pacer(Protocol):
    """Holds simulated time back, see `SimulationPacer`."""

    def before_step(self) -> None:
        """Wait until the next step may be taken."""
        ...

    def before_evaluation(self) -> None:
        """Wait until training has used the transitions so far."""
        ...

    def release(self) -> None:
        """Let all steps pass, until `hold`."""
        ...

    def hold(self) -> None:
        """Limit the steps again."""
        ...


class Agent:
    """Runs episodes until stopped: with exploration, and deterministic ones on request.

    Attributes:
        explore: False: every episode is deterministic.
        max_steps: stop after this many steps; 0: no limit.
        state: what the agent does or waits for, in words.
        steps: executed control steps; each one becomes a transition in the spool.
        person_steps: those in which a person drove.
        policy: the policy in use, None before the first.
        outcomes: how episodes ended, and what was discarded.
        observation: with which the last step began, None before the first.
        evaluation: newest request for deterministic episodes.
    """

    def __init__(
        self,
        env: RobotEnv,
        store: PolicyStore,
        spool: TransitionSink,
        listener: AgentListener,
        *,
        seed: int,
        explore: bool = True,
        max_steps: int = 0,
        max_episodes: int = 0,
        only_successes: bool = False,
        pacer: Pacer | None = None,
        keeper: EpisodeKeeper | None = None,
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
            max_episodes: stop after this many whole episodes that were not discarded; 0: no limit.
            only_successes: see `Outcomes`.
            pacer: holds simulated time back; None on a real robot.
            keeper: see `Outcomes`.
            defer_spooling: spool a step only when the next command has been sent; the robot then
                calls `spool_deferred_step`.
        """
        self._env, self._store, self._spool = env, store, spool
        self._listener = listener
        self._rng = np.random.default_rng(seed)
        self.explore, self.max_steps = explore, max_steps
        self._max_episodes, self._episodes_ended = max_episodes, 0
        self._pacer, self._defer_spooling = pacer, defer_spooling
        self._deferred_step: _Step | None = None
        self._builder = TransitionBuilder(env.spaces.sent)
        self._stop = threading.Event()
        self.evaluation = Evaluation(0)
        self._hold_policy = False  # during an evaluation
        self.state = 'configured'
        self.steps = self.person_steps = 0
        self.outcomes = Outcomes(keeper, only_successes=only_successes)
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
        try:
            self._run_episodes()
        finally:
            self.outcomes.release()
        self.state = STOPPED if self._stop.is_set() else FINISHED

    def _run_episodes(self) -> None:
        """Run episodes until `stop` or the last allowed step."""
        before = None  # an evaluation keeps the policy of its first episode
        while not self._is_complete():
            self._wait_for_a_driver()
            self._wait_for_training(before)
            if not self._wait_until_clear():
                break
            request = self.evaluation
            self._hold_policy = request.episodes_left > 0 and self._store.newest is not None
            if not (self._hold_policy and request is before):
                self._use(self._store.newest)
            before = request
            has_policy = self.policy is not None
            evaluation = self._hold_policy or (has_policy and not self.explore)
            self.state = EVALUATING if evaluation else EXPLORING
            whole = self._run_episode(evaluation=evaluation)
            if self._hold_policy and whole is not None and whole.evaluation:
                request.add(whole)

    def _wait_for_training(self, before: Evaluation | None) -> None:
        """Before a new evaluation, let training use all steps."""
        request = self.evaluation
        if self._pacer and request is not before and request.episodes_left:
            self.state = f'{WAITING} training, to evaluate all that was learned'
            self._pacer.before_evaluation()

    def _wait_for_a_driver(self) -> None:
        """Wait for the first policy, or for a person who drives without one."""
        takeover = self._env.takeover
        if self._store.newest is None:
            self.state = f'{WAITING} a policy' + (' or a person' if takeover else '')
        while not self._stop.is_set() and not self._store.wait(timeout_s=_WAIT_S):
            if takeover is not None and takeover.person_drives:
                return

    def _wait_until_clear(self) -> bool:
        """Wait until safety lets the robot move; return False if `stop` was called meanwhile."""
        while not self._env.wait_until_clear(0.1) and not self._stop.is_set():
            self.state = PAUSED if self._env.is_paused else HELD
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
        self.outcomes.begin(discard_last=info['discarded'])
        self._builder.first(observation, info['stamp_ns'])
        if self.policy is not None:
            self.policy.policy.reset(self._rng)
        episode_return, person_steps, last = 0.0, self.person_steps, None
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
        person_steps = self.person_steps - person_steps
        # an evaluation is about the policy alone
        evaluation = evaluation and not person_steps
        result = EpisodeResult(
            episode=self._builder.episode,
            steps=self._builder.step_number,
            episode_return=episode_return,
            evaluation=evaluation,
            policy_version=last.policy_version,
            terminated=last.terminated,
            truncated=not last.terminated,
            outcome=outcome_of(last.info, stopped=stopped),
            stopped=stopped,
            person_steps=person_steps,
        )
        is_kept = self.outcomes.end(result)
        self._episodes_ended += is_kept and not stopped and (evaluation or self.explore)
        self._listener.on_episode(result)
        return result if is_kept and not stopped else None

    def _step(self, observation: Float32Array, evaluation: bool) -> _Step | None:
        """Execute one step; return None if its end was not observed."""
        policy = self._policy_for_step()
        if policy is None:
            wanted = self._env.hold()
        else:
            wanted = policy.policy.act(observation, self._rng, deterministic=evaluation)
        self.observation = observation
        next_observation, reward, terminated, truncated, info = self._env.step(wanted)
        self.spool_deferred_step()
        if not info['observed']:
            return None
        self.steps += 1
        self.person_steps += info['intervention'] is Intervention.PERSON
        if policy is None and info['intervention'] is Intervention.NONE:
            info['intervention'] = Intervention.LIMIT
        truncated = truncated or (self._is_complete() and not terminated)
        self._deferred_step = step = _Step(
            wanted,
            next_observation,
            reward,
            terminated,
            truncated,
            info,
            evaluation,
            0 if policy is None else policy.version,
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

    def _policy_for_step(self) -> ReceivedPolicy | None:
        """Return the policy of this step, None before the first.

        A new one continues the exploration of the last one.
        """
        policy = self.next_policy
        if policy is not None and policy is not self.policy:
            if self.policy is None:
                policy.policy.reset(self._rng)
            else:
                policy.policy.take_over_from(self.policy.policy, self._rng)
            self._use(policy)
        return policy

    def _use(self, policy: ReceivedPolicy | None) -> None:
        """Use a policy; leave it to another thread to free the one before."""
        if self.policy is not None and self.policy is not policy:
            self._store.retire(self.policy)
        self.policy = policy

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The environment loop of one robot: sense, act, hand the transition to the spool."""

from dataclasses import dataclass
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
    stopped: bool = False  # cut off by `stop`, or broken off unseen: no whole episode


@dataclass
class _Evaluation:
    """A request for deterministic episodes; a new request never shortens or prolongs an old one.

    Attributes:
        episodes_left: whole episodes still to run.
    """

    episodes_left: int


class _Step(NamedTuple):
    """An executed step that is no transition yet."""

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
        """Whether the episode ended with it."""
        return self.terminated or self.truncated


class AgentListener(Protocol):
    """Whoever wants to know what the agent does; called on its thread, must not wait."""

    def on_step(self, transition: Transition, wanted: Float32Array, info: dict[str, Any]) -> None:
        """One step was executed; `info` as from `RobotEnv.step`."""
        ...

    def on_episode(self, result: EpisodeResult) -> None:
        """An episode ended."""
        ...


class Agent:
    """Runs episodes until stopped: exploring ones, and evaluations on request.

    Attributes:
        state: what it does or waits for, in words.
        steps: executed control steps; each one is a transition in the spool.
        policy: the policy in use, None before the first.
        observation: that the last step began with, None before the first.
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
            store: where policies arrive.
            spool: where transitions leave.
            listener: told of every step and episode.
            seed: of the exploration noise.
            explore: False: every episode is deterministic.
            max_steps: stop after so many steps; 0: no limit.
            max_episodes: stop after so many whole episodes; 0: no limit.
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
        self._evaluation = _Evaluation(0)
        self._hold_policy = False  # amid an evaluation
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

    def evaluate(self, episodes: int) -> None:
        """Make the next `episodes` episodes deterministic, with one policy; 0 ends that."""
        self._evaluation = _Evaluation(episodes)

    def prepare(self) -> None:
        """Allow `run` after a `stop`."""
        self._stop.clear()
        self._env.allow_waiting()
        if self._pacer:
            self._pacer.hold()

    def stop(self) -> None:
        """Stop: no command follows; the step under way still becomes a transition."""
        self._stop.set()
        self._env.stop_waiting()
        if self._pacer:
            self._pacer.release()

    def run(self) -> None:
        """Run episodes until `stop` or the last allowed step.

        Raises:
            RobotError: the robot does not answer.
        """
        self.state = 'waiting for a policy'
        while not self._stop.is_set() and not self._store.wait(timeout_s=0.1):
            pass
        begun = None  # an evaluation keeps the policy that it began with
        while not self._ends():
            if not self._wait_until_clear():
                break
            asked = self._evaluation
            held = asked.episodes_left > 0
            if not (held and asked is begun):
                self.policy = self._store.newest
            begun = asked
            evaluation = held or not self.explore
            self.state = 'evaluating' if evaluation else 'exploring'
            self._hold_policy = held
            whole = self._run_episode(evaluation=evaluation)
            asked.episodes_left -= held and whole
        self.state = STOPPED if self._stop.is_set() else FINISHED

    def _wait_until_clear(self) -> bool:
        """Wait until safety lets the robot move; return whether it does."""
        while not self._env.wait_until_clear(0.1) and not self._stop.is_set():
            self.state = HELD
        return not self._stop.is_set()

    def _ends(self) -> bool:
        """Return whether no further step may be taken."""
        return (
            self._stop.is_set()
            or (0 < self.max_steps <= self.steps)
            or (0 < self._max_episodes <= self._episodes_ended)
        )

    def _run_episode(self, *, evaluation: bool) -> bool:
        """Run one episode to its end, or to the stop, which truncates it.

        Returns:
            whether it is a whole one: neither cut off by a stop nor broken off unseen.
        """
        observation, info = self._env.reset()
        self._builder.first(observation, info['stamp_ns'])
        if self.policy is not None:
            self.policy.policy.reset(self._rng)
        episode_return, last = 0.0, None
        try:
            while last is None or not last.ended:
                if self._pacer and not self._evaluation.episodes_left:
                    self._pacer.before_step()
                if self._stop.is_set():
                    break  # a stop that came between two steps: no command may follow it
                step = self._step(observation, evaluation)
                if step is None:
                    break  # nobody saw how it ended
                last, observation = step, step.next_observation
                episode_return += step.reward
        finally:
            self.spool_deferred_step()
        if last is None:
            return False
        stopped = not last.ended or (self.stopping and not last.terminated)
        self._episodes_ended += not stopped
        self._listener.on_episode(
            EpisodeResult(
                episode=self._builder.episode,
                steps=self._builder.step_number,
                episode_return=episode_return,
                evaluation=evaluation,
                policy_version=last.policy_version,
                terminated=last.terminated,
                truncated=not last.terminated,
                stopped=stopped,
            )
        )
        return not stopped

    def _step(self, observation: Float32Array, evaluation: bool) -> _Step | None:
        """Execute one step; None where its end was not observed."""
        policy = self._policy_for_step()
        wanted = policy.policy.act(observation, self._rng, deterministic=evaluation)
        self.observation = observation
        next_observation, reward, terminated, truncated, info = self._env.step(wanted)
        self.spool_deferred_step()
        if not info['observed']:
            return None
        self.steps += 1
        truncated = truncated or (self._ends() and not terminated)
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
    def following_policy(self) -> ReceivedPolicy | None:
        """The policy of the next step: the newest, or in an evaluation the one it began with."""
        return self.policy if self._hold_policy else self._store.newest

    def _policy_for_step(self) -> ReceivedPolicy:
        """Return the policy of this step, which goes on with the exploration of the one before."""
        following = self.following_policy
        if following is None:
            raise RuntimeError('a step without a policy')
        if following is not self.policy:
            if self.policy is not None:
                following.policy.take_over_from(self.policy.policy, self._rng)
            self.policy = following
        return following

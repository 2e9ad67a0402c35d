# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""One run of this project's learner on a Gymnasium task, without ROS: a worker of `learning`.

It uses the same policy, n-step rows and update as a robot; replay is an array in memory. An
interrupted run continues from the end of an episode, bit for bit as if uninterrupted.
"""

import json
import sys
from typing import Any

import gymnasium
import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.policy.policy import Policy
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.replay.n_step import NStep
from rl_learner.replay.transition_arrays import TransitionArrays
from rl_learner.training.checkpoint import Checkpoints
from rl_learner.training.update import Update
import torch

from workers.evaluation import Curve, evaluate
from workers.unfinished import unfinished_run


class Run:
    """A task, a learner and the loop between them."""

    def __init__(
        self, task: str, preset: str, overrides: dict[str, Any], seed: int, noise_hold: int = 1
    ) -> None:
        """Prepare a run; overrides replace keys of the preset, `noise_hold` is the robot's."""
        self.env = gymnasium.make(task)
        self.evaluation_env = gymnasium.make(task)
        space = self.env.action_space
        assert isinstance(space, gymnasium.spaces.Box)
        self._low, self._high = space.low, space.high
        self._seed = seed
        assert self.env.spec is not None
        episode_steps = self.env.spec.max_episode_steps or 0
        self.algorithm = load_algorithm(preset, overrides, episode_steps)
        assert self.env.observation_space.shape is not None
        observation_size, action_size = self.env.observation_space.shape[0], space.shape[0]
        self.update = Update(self.algorithm, observation_size, action_size, seed=seed)
        self._n_step = NStep(self.update.layout, self.algorithm.n_step, self.algorithm.gamma)
        self._rows = np.empty((0, self.update.layout.width), np.float32)
        self._stored = 0
        self._rng = np.random.default_rng(seed)
        self._updates_due = 0.0
        self._step, self._episode = 0, 0
        self.curve = Curve([])
        self._noise_hold = noise_hold
        self.policy = self._newest_policy()

    def run(self, steps: int, evaluate_every: int, checkpoints: Checkpoints) -> None:
        """Continue until the run has the given number of steps."""
        self._rows = np.empty((steps, self.update.layout.width), np.float32)
        state = checkpoints.load()
        if state is not None:
            self._load_state_dict(state)
        observation = self._begin_episode()
        while self._step < steps:
            observation, ended = self._take_step(observation)
            self._train()
            if self._step % evaluate_every == 0:
                returns = evaluate(self.evaluation_env, self._act)
                self.curve.add(self._step, returns, self.update.updates)
            if ended:
                if self.curve.has_unsaved_rows:
                    checkpoints.save(self._state_dict(), self.update.updates)
                    self.curve.mark_saved()
                observation = self._begin_episode()

    def physical(self, action: Float32Array) -> Float32Array:
        """Return an action in [-1, 1] converted to the task's units."""
        scaled: Float32Array = self._low + (action + 1.0) * 0.5 * (self._high - self._low)
        return scaled

    def _act(self, observation: Float32Array) -> Float32Array:
        """Return the deterministic action, in the task's units."""
        action = self.policy.act(observation.astype(np.float32), self._rng, deterministic=True)
        return self.physical(action)

    def _begin_episode(self) -> Float32Array:
        """Return an episode's first observation."""
        observation, _ = self.env.reset(seed=None if self._episode else self._seed)
        self._episode += 1
        self.policy.reset(self._rng)
        first: Float32Array = observation
        return first

    def _take_step(self, observation: Float32Array) -> tuple[Float32Array, bool]:
        """Take a step and store its rows; return the next observation and if the episode ended."""
        action = self.policy.act(observation.astype(np.float32), self._rng)
        next_observation, reward, terminated, truncated, _ = self.env.step(self.physical(action))
        transition = TransitionArrays(
            observation=np.asarray(observation, np.float32)[None],
            action=action[None],
            reward=np.array([reward], np.float32),
            next_observation=np.asarray(next_observation, np.float32)[None],
            terminated=np.array([terminated]),
            truncated=np.array([truncated]),
            episode=np.array([self._episode], np.uint32),
        )
        self.update.returns.add(('', ''), self._step, transition)
        rows = self._n_step.push(transition)
        self._rows[self._stored : self._stored + len(rows)] = rows
        self._stored += len(rows)
        self._step += 1
        return next_observation, terminated or truncated

    def _train(self) -> None:
        """Do the updates that the new transition makes due."""
        algorithm = self.algorithm
        if self._stored < algorithm.warmup:
            return
        self._updates_due += algorithm.updates_to_data
        while self._updates_due >= algorithm.updates_per_block:
            shape = (algorithm.updates_per_block, algorithm.batch_size)
            indices = self._rng.integers(self._stored, size=shape)
            self.update.run(torch.from_numpy(self._rows[indices]))
            self._updates_due -= algorithm.updates_per_block
            previous, self.policy = self.policy, self._newest_policy()
            self.policy.take_over_from(previous, self._rng)

    def _newest_policy(self) -> Policy:
        """Return the policy of the learner as it is now."""
        return Policy(self.update.policy(), self._noise_hold)

    def _state_dict(self) -> dict[str, Any]:
        """Return the state of the run between two episodes."""
        return {
            'update': self.update.state_dict(),
            'rows': torch.from_numpy(self._rows[: self._stored]),
            'generator': self._rng.bit_generator.state,
            'task_generator': self.env.unwrapped.np_random.bit_generator.state,
            'owed': self._updates_due,
            'step': self._step,
            'episode': self._episode,
            'evaluations': self.curve.rows,
        }

    def _load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a state; the run continues with a new episode."""
        self.update.load_state_dict(state['update'])
        self.policy = self._newest_policy()
        self._stored = len(state['rows'])
        self._rows[: self._stored] = state['rows'].numpy()
        self._rng.bit_generator.state = state['generator']
        self.env.reset(seed=self._seed)  # creates the task's generator
        self.env.unwrapped.np_random.bit_generator.state = state['task_generator']
        self._updates_due = state['owed']
        self._step, self._episode = state['step'], state['episode']
        self.curve = Curve(state['evaluations'])


def main() -> None:
    """Do the run described by the command line argument, in JSON."""
    options = json.loads(sys.argv[1])
    torch.set_num_threads(1)
    overrides = {'warmup': options['warmup'], **options['overrides']}
    noise_hold = overrides.pop('noise_hold', 1)
    run = Run(options['task'], options['preset'], overrides, options['seed'], noise_hold)
    checkpoints = Checkpoints(unfinished_run(options))
    run.run(options['steps'], options['evaluate_every'], checkpoints)
    run.curve.report()


if __name__ == '__main__':
    main()

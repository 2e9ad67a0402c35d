# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""One run of this project's learner on a Gymnasium task, without ROS: a worker of `learning`.

The same policy, n-step rows and update as on a robot; replay is a table in memory.
"""

import json
import sys
import time
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray
from rl_agent.policy import Policy
from rl_agent.transition_batch import TransitionArrays
from rl_learner.algorithm import load_algorithm
from rl_learner.n_step import NStep
from rl_learner.update import Update
import torch

from workers.evaluation import evaluate, report

Vector = NDArray[np.float32]


class Run:
    """A task, a learner and all between them."""

    def __init__(self, task: str, preset: str, overrides: dict[str, Any], seed: int) -> None:
        """Prepare a run; overrides are keys of the preset."""
        self.env = gymnasium.make(task)
        self.judged = gymnasium.make(task)
        space = self.env.action_space
        assert isinstance(space, gymnasium.spaces.Box)
        self._low, self._high = space.low, space.high
        self._seed = seed
        self.algorithm = load_algorithm(preset, overrides)
        assert self.env.observation_space.shape is not None
        size, actions = self.env.observation_space.shape[0], space.shape[0]
        self.update = Update(self.algorithm, size, actions, seed=seed)
        self._n_step = NStep(self.update.layout, self.algorithm.n_step, self.algorithm.gamma)
        self._rows = np.empty((0, self.update.layout.width), np.float32)
        self._stored = 0
        self._rng = np.random.default_rng(seed)
        self._owed = 0.0
        self.policy = Policy(self.update.policy())

    def run(self, steps: int, evaluate_every: int) -> None:
        """Take so many steps; report an evaluation now and then."""
        self._rows = np.empty((steps, self.update.layout.width), np.float32)
        begun_s, episode = time.monotonic(), 1
        observation, _ = self.env.reset(seed=self._seed)
        self.policy.reset(self._rng)
        for step in range(1, steps + 1):
            action = self.policy.act(observation.astype(np.float32), self._rng)
            following, reward, terminated, truncated, _ = self.env.step(self.physical(action))
            self._store(
                observation, action, float(reward), following, terminated, truncated, episode
            )
            observation = following
            if terminated or truncated:
                observation, _ = self.env.reset()
                episode += 1
                self.policy.reset(self._rng)
            self._train()
            if step % evaluate_every == 0:
                returns = evaluate(self.judged, self._act)
                report(step, returns, self.update.updates, time.monotonic() - begun_s)

    def physical(self, action: Vector) -> Vector:
        """Return an action in [-1, 1] in the task's units."""
        scaled: Vector = self._low + (action + 1.0) * 0.5 * (self._high - self._low)
        return scaled

    def _act(self, observation: Vector) -> Vector:
        """Return the deterministic action, in the task's units."""
        action = self.policy.act(observation.astype(np.float32), self._rng, deterministic=True)
        return self.physical(action)

    def _store(
        self,
        observation: Vector,
        action: Vector,
        reward: float,
        following: Vector,
        terminated: bool,
        truncated: bool,
        episode: int,
    ) -> None:
        """Turn a step into rows of replay."""
        rows = self._n_step.push(
            TransitionArrays(
                observation=np.asarray(observation, np.float32)[None],
                action=action[None],
                reward=np.array([reward], np.float32),
                next_observation=np.asarray(following, np.float32)[None],
                terminated=np.array([terminated]),
                truncated=np.array([truncated]),
                episode=np.array([episode], np.uint32),
            )
        )
        self._rows[self._stored : self._stored + len(rows)] = rows
        self._stored += len(rows)

    def _train(self) -> None:
        """Make the updates that the new transition allows."""
        algorithm = self.algorithm
        if self._stored < algorithm.warmup:
            return
        self._owed += algorithm.updates_to_data
        while self._owed >= algorithm.updates_per_block:
            shape = (algorithm.updates_per_block, algorithm.batch_size)
            chosen = self._rng.integers(self._stored, size=shape)
            self.update.run(torch.from_numpy(self._rows[chosen]))
            self._owed -= algorithm.updates_per_block
            previous, self.policy = self.policy, Policy(self.update.policy())
            self.policy.follow(previous, self._rng)


def main() -> None:
    """Run what the command line (JSON) describes."""
    options = json.loads(sys.argv[1])
    torch.set_num_threads(1)
    run = Run(options['task'], options['preset'], options['overrides'], options['seed'])
    run.run(options['steps'], options['evaluate_every'])


if __name__ == '__main__':
    main()

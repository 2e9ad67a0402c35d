# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""SB3's, SB3-contrib's and SBX's update with their own replay: a worker of `update`."""

import json
import sys
from typing import Any

import gymnasium
from gymnasium.spaces import Box
import numpy as np
import torch

from workers.timed_worker import serve

REPLAY = 50_000


class Sizes(gymnasium.Env[Any, Any]):
    """An environment that has sizes and nothing else; it is never stepped."""

    def __init__(self, observation_size: int, action_size: int) -> None:
        """Have these sizes."""
        self.observation_space = Box(-np.inf, np.inf, (observation_size,), np.float32)
        self.action_space = Box(-1.0, 1.0, (action_size,), np.float32)

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        """Return something to begin with; the peers ask for it."""
        return np.zeros_like(self.observation_space.sample()), {}


def make_model(program: str, algorithm: str, env: Sizes) -> Any:
    """Return a peer's model with its defaults: batch 256, 256-256, 2 critics."""
    common: dict[str, Any] = {'env': env, 'buffer_size': REPLAY, 'batch_size': 256, 'seed': 0}
    if program == 'sb3':
        import sb3_contrib
        import stable_baselines3

        if algorithm == 'tqc':
            return sb3_contrib.TQC('MlpPolicy', device='cpu', **common)
        return stable_baselines3.SAC('MlpPolicy', device='cpu', **common)
    import sbx

    if algorithm == 'tqc':
        return sbx.TQC('MlpPolicy', **common)
    if algorithm == 'droq':
        net = {'dropout_rate': 0.01, 'layer_norm': True}
        return sbx.SAC(
            'MlpPolicy', policy_kwargs=net, gradient_steps=20, policy_delay=20, **common
        )
    return sbx.SAC('MlpPolicy', **common)


def main(observation_size: int, action_size: int, threads: int, options: str) -> None:
    """Serve updates of the program and algorithm that `options` (JSON) names."""
    torch.set_num_threads(threads)
    program, algorithm = json.loads(options)
    model = make_model(program, algorithm, Sizes(observation_size, action_size))
    from stable_baselines3.common.logger import Logger

    model.set_logger(Logger(folder=None, output_formats=[]))  # else it leaves an empty folder
    model._setup_learn(total_timesteps=1)
    random = np.random.default_rng(0)
    for _ in range(REPLAY):
        observation, following = random.standard_normal((2, 1, observation_size), np.float32)
        action = np.tanh(random.standard_normal((1, action_size), np.float32))
        model.replay_buffer.add(
            observation, following, action, random.standard_normal(1), np.zeros(1), [{}]
        )
    model.policy.set_training_mode(True)
    block = 20 if algorithm == 'droq' else 1

    def run(updates: int) -> None:
        for _ in range(updates // block):
            model.train(gradient_steps=block, batch_size=256)

    serve(run, warm_up=5 * block)


if __name__ == '__main__':
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])

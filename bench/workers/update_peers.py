# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The updates of SB3, SB3-contrib and SBX with their own replay: a worker of `update`."""

from typing import Any

import gymnasium
from gymnasium.spaces import Box
import numpy as np
import torch

from workers.compared_networks import ACTION_SIZE, BATCH_SIZE, OBSERVATION_SIZE, REPLAY_SIZE
from workers.timed_worker import serve, worker_arguments


class SpacesOnly(gymnasium.Env[Any, Any]):
    """An environment that only has spaces; it is never stepped."""

    def __init__(self) -> None:
        """Create the spaces."""
        self.observation_space = Box(-np.inf, np.inf, (OBSERVATION_SIZE,), np.float32)
        self.action_space = Box(-1.0, 1.0, (ACTION_SIZE,), np.float32)

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        """Return an observation of zeros, which the peers request."""
        return np.zeros_like(self.observation_space.sample()), {}


def make_model(program: str, algorithm: str) -> Any:
    """Return a peer's model with its default networks: hidden sizes 256-256, 2 critics."""
    common: dict[str, Any] = {
        'env': SpacesOnly(),
        'buffer_size': REPLAY_SIZE,
        'batch_size': BATCH_SIZE,
        'seed': 0,
    }
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


def main() -> None:
    """Serve updates of a program and algorithm until stdin ends."""
    threads, (program, algorithm) = worker_arguments()
    torch.set_num_threads(threads)
    model = make_model(program, algorithm)
    from stable_baselines3.common.logger import Logger

    model.set_logger(Logger(folder=None, output_formats=[]))  # otherwise it leaves an empty folder
    model._setup_learn(total_timesteps=1)
    random = np.random.default_rng(0)
    for _ in range(REPLAY_SIZE):
        observation, next_observation = random.standard_normal(
            (2, 1, OBSERVATION_SIZE), np.float32
        )
        action = np.tanh(random.standard_normal((1, ACTION_SIZE), np.float32))
        model.replay_buffer.add(
            observation, next_observation, action, random.standard_normal(1), np.zeros(1), [{}]
        )
    model.policy.set_training_mode(True)
    block = 20 if algorithm == 'droq' else 1

    def run(updates: int) -> None:
        for _ in range(updates // block):
            model.train(gradient_steps=block, batch_size=BATCH_SIZE)

    serve(run, warm_up=5 * block)


if __name__ == '__main__':
    main()

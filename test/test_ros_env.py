# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Any Gymnasium learner drives any robot: real processes, real DDS."""

from collections.abc import Iterator
import math
from typing import Any

from fleet import running
from gymnasium.utils.env_checker import check_env
import numpy as np
import pytest
from rl_agent.errors import ConfigurationError
from rl_agent.node_specs import simulated_robot
from rl_agent.ros_env import RosEnv
from stable_baselines3 import PPO, SAC
import torch

ROBOTS = ('pendulum', 'arm')


@pytest.fixture(scope='module')
def robots(
    ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Run one simulated robot of each kind, in a namespace of that name."""
    specs = [simulated_robot(name, f'env_{name}', seed=5) for name in ROBOTS]
    with running(specs, ros_environment, tmp_path_factory.mktemp('robots')):
        yield


@pytest.fixture(params=ROBOTS)
def env(robots: None, request: pytest.FixtureRequest) -> Iterator[RosEnv]:
    with RosEnv(request.param, f'env_{request.param}', robot_timeout_s=30.0) as environment:
        yield environment


def test_gymnasium_finds_no_fault(env: RosEnv) -> None:
    check_env(env, skip_render_check=True)


def test_equal_seeds_give_equal_episodes(env: RosEnv) -> None:
    def live(seed: int) -> list[list[float]]:
        first, _ = env.reset(seed=seed)
        seen = [first]
        for number in range(5):
            action = np.full(env.action_space.shape or (), math.sin(number), np.float32)
            seen.append(env.step(action)[0])
        return [item.tolist() for item in seen]

    assert live(3) == live(3)
    assert live(3) != live(4)


@pytest.mark.parametrize('env', ['pendulum'], indirect=True)
@pytest.mark.parametrize(
    ('learner', 'options'),
    [
        (SAC, {'learning_starts': 50, 'train_freq': 4, 'batch_size': 32}),
        (PPO, {'n_steps': 128, 'batch_size': 64, 'n_epochs': 2}),
    ],
)
def test_stable_baselines_trains_unchanged(
    env: RosEnv, learner: Any, options: dict[str, Any]
) -> None:
    torch.set_num_threads(1)  # several threads wait for each other where cores are few
    model = learner('MlpPolicy', env, seed=0, device='cpu', **options)
    before = [item.detach().clone() for item in model.policy.parameters()]
    model.learn(300)
    after = list(model.policy.parameters())
    assert model.num_timesteps >= 300
    assert any(not old.equal(new) for old, new in zip(before, after, strict=True))
    action, _ = model.predict(env.reset()[0])
    assert env.action_space.contains(action)


def test_an_unknown_robot_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="robot: given 'r2d2'"):
        RosEnv('r2d2')

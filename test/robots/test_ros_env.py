# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Any Gymnasium learner controls any robot: real processes, real DDS."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
import math
from pathlib import Path
import time
from typing import Any

from fleet import Listener, running
from gymnasium.utils.env_checker import check_env
import numpy as np
import pytest
from rl_agent.bringup.node_specs import simulated_robot
from rl_agent.configuration import find_file
from rl_agent.errors import ConfigurationError
from rl_agent.ros_env import RosEnv
from stable_baselines3 import PPO, SAC
from std_msgs.msg import Bool, Float64MultiArray, String
from std_srvs.srv import Trigger
import torch

ROBOTS = ('pendulum', 'arm')


@pytest.fixture(scope='module')
def robots(
    ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Run one simulated robot of each kind, in a namespace with its name."""
    specs = [simulated_robot(name, f'env_{name}', seed=5) for name in ROBOTS]
    with running(specs, ros_environment, tmp_path_factory.mktemp('robots')):
        yield


@pytest.fixture(params=ROBOTS)
def env(robots: None, request: pytest.FixtureRequest) -> Iterator[RosEnv]:
    with RosEnv(request.param, f'env_{request.param}', robot_timeout_s=30.0) as environment:
        yield environment


def test_the_environment_passes_the_check_of_gymnasium(env: RosEnv) -> None:
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


@pytest.mark.usefixtures('robots')
def test_a_word_ends_an_episode(tmp_path: Path) -> None:
    path = tmp_path / 'obedient.yaml'
    text = find_file('robots', 'pendulum').read_text(encoding='utf-8')
    path.write_text(text + 'words: {discard: {}}\n', encoding='utf-8')
    with RosEnv(str(path), 'env_pendulum', robot_timeout_s=30.0) as env:
        words = env.node.create_publisher(String, 'word', 10)
        env.reset()
        deadline_s = time.monotonic() + 60.0
        word, truncated = '', False
        while not word:
            assert time.monotonic() < deadline_s
            words.publish(String(data='discard'))
            *_, truncated, info = env.step(np.zeros(1, np.float32))
            word = info['word']
            if truncated and not word:
                env.reset()
        assert (word, truncated) == ('discard', True)


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
    torch.set_num_threads(1)  # with few cores, several threads wait for each other
    model = learner('MlpPolicy', env, seed=0, device='cpu', **options)
    before = [item.detach().clone() for item in model.policy.parameters()]
    model.learn(300)
    after = list(model.policy.parameters())
    assert model.num_timesteps >= 300
    assert any(not old.equal(new) for old, new in zip(before, after, strict=True))
    action, _ = model.predict(env.reset()[0])
    assert env.action_space.contains(action)


@pytest.mark.parametrize('env', ['pendulum'], indirect=True)
def test_a_person_can_stop_and_rearm_in_lockstep(env: RosEnv) -> None:
    """`reset` waits until the latched stop is re-armed."""

    def ask(what: str) -> bool:
        future = clients[what].call_async(Trigger.Request())
        listener.until(future.done, 30.0, what)
        return bool(future.result().success)

    listener = Listener({})
    clients = {
        what: listener.node.create_client(Trigger, f'/env_pendulum/rl_env/{what}')
        for what in ('emergency_stop', 'rearm')
    }
    for what, client in clients.items():
        listener.until(client.service_is_ready, 30.0, what)
    env.reset()
    assert ask('emergency_stop')
    *_, truncated, info = env.step(np.zeros(1, np.float32))
    assert truncated
    assert info['stop'].startswith('emergency_stop: ')
    with ThreadPoolExecutor(1) as pool:
        episode = pool.submit(env.reset)
        time.sleep(0.3)
        assert not episode.done()
        assert ask('rearm')
        episode.result(30.0)
    assert not env.step(np.zeros(1, np.float32))[3]
    listener.close()


def test_in_real_time_a_robot_is_driven_stopped_and_left_at_rest(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """On a slow machine watchdogs may stop an episode; then another one begins."""
    spec = simulated_robot('pendulum', 'env_timely', seed=5, real_time=True)
    commands = '/env_timely/effort_controller/commands'
    listener = Listener({commands: (Float64MultiArray, 10)})
    heard, push = listener.heard[commands], np.ones(1, np.float32)
    stop = listener.node.create_publisher(Bool, '/env_timely/emergency_stop', 10)
    with running([spec], ros_environment, tmp_path):
        with RosEnv('pendulum', 'env_timely', real_time=True, robot_timeout_s=30.0) as env:
            env.reset(seed=1)
            steps, times_s = 0, [0.0]
            while steps < 20:
                observation, _, _, truncated, info = env.step(push)
                assert env.observation_space.contains(observation)
                steps, times_s = steps + 1, [*times_s, info['time_s']]
                if truncated:
                    env.reset()
                    steps, times_s = 0, [0.0]
            assert times_s == sorted(times_s)
            assert times_s[-1] == pytest.approx(20 / 20, rel=0.5)  # by the robot's clock
            listener.until(lambda: any(item.data[0] == 2.0 for item in heard), 30.0, 'the push')
            stop.publish(Bool(data=True))
            while 'emergency_stop' not in info['stop']:
                *_, truncated, info = env.step(push)  # a reset would wait for the re-arm
            assert truncated
            stop.publish(Bool(data=False))
            listener.until(lambda: heard[-1].data[0] == 0.0, 30.0, 'zero')
            deadline_s = time.monotonic() + 30.0
            while not env.state.rearm()[0]:
                assert time.monotonic() < deadline_s
                time.sleep(0.05)
            assert env.state.start()[0]
            env.reset()
            env.step(push)
        listener.until(lambda: heard[-1].data[0] == 0.0, 30.0, 'zero, at the end')
    listener.close()


def test_an_unknown_robot_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="robot: given 'r2d2'"):
        RosEnv('r2d2')

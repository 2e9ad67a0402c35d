# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The `gazebo_robot` node, made for Harmonic, with the physics of Gazebo 11."""

from collections.abc import Iterator
import contextlib
from importlib.util import find_spec
import os
import signal
import subprocess
import sys
import time

from fleet import running
from gazebo_fixtures import HERE, RunningWorld, StartWorld
import numpy as np
import pytest
from rl_agent.bringup.node_specs import gazebo_robot, NodeSpec
from rl_agent.errors import RobotError
from rl_agent.ros_env import RosEnv
from rl_agent.simulated_models.pendulum import Pendulum

NO_ROS_GZ = (
    '' if find_spec('ros_gz_interfaces') else 'needs ros_gz_interfaces, which comes with ros_gz'
)
pytestmark = pytest.mark.skipif(bool(NO_ROS_GZ), reason=NO_ROS_GZ or 'never')
WORLD = 'pendulum_world'


@contextlib.contextmanager
def stand_in(
    world: RunningWorld, environment: dict[str, str], *words: str
) -> Iterator['subprocess.Popen[bytes]']:
    command = [sys.executable, '-m', 'harmonic_stand_in_node', str(world.socket), *words]
    process = subprocess.Popen(command, env=environment)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(10.0)


def spec(**parameters: float | bool) -> NodeSpec:
    return gazebo_robot('pendulum', WORLD, **parameters)


@pytest.fixture
def environment(ros_environment: dict[str, str]) -> dict[str, str]:
    paths = [HERE, *filter(None, [os.environ.get('ROS_GZ_PATH')])]
    return {**ros_environment, 'PYTHONPATH': os.pathsep.join(paths)}


def test_a_command_takes_one_period_and_resets_do_not_turn_time_back(
    start_world: StartWorld, environment: dict[str, str]
) -> None:
    world = start_world('pendulum')
    model = Pendulum()
    with (
        stand_in(world, environment),
        running([spec()], environment, world.folder),
        contextlib.closing(RosEnv('pendulum', robot_timeout_s=60.0)) as env,
    ):
        for _ in range(2):
            observation, _ = env.reset()
            model.position[:], model.velocity[:] = 0.5, 0.0
            for _ in range(50):
                model.step(np.zeros(1), 0.001)  # a reset takes one period
            assert observation[:2] == pytest.approx(
                [np.cos(model.position[0]), np.sin(model.position[0])], abs=1e-3
            )
            times = [0.0]
            for action in np.linspace(-1.0, 1.0, 30):
                observation, *_, info = env.step(np.array([action], np.float32))
                times.append(info['time_s'])
                for _ in range(50):
                    model.step(np.array([2.0 * action]), 0.001)
                assert observation[2] == pytest.approx(model.velocity[0], abs=5e-3)
            assert np.diff(times) == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize('lockstep', [True, False])
def test_random_commands_after_a_reset_vary_the_start(
    lockstep: bool, start_world: StartWorld, environment: dict[str, str]
) -> None:
    """The world itself always begins at 0.5 rad, at rest."""
    world = start_world('pendulum')
    node = spec(shake_s=0.5, seed=3, lockstep=lockstep)
    words = [] if lockstep else ['free']
    with (
        stand_in(world, environment, *words),
        running([node], environment, world.folder),
        contextlib.closing(RosEnv('pendulum', robot_timeout_s=60.0)) as env,
    ):
        velocities = [env.reset()[0][2] for _ in range(3)]
    rng, expected = np.random.default_rng(3), []
    for _ in range(3):
        model = Pendulum()
        model.position[:], model.velocity[:] = 0.5, 0.0
        for effort in (*rng.uniform(-2.0, 2.0, 10), 0.0):
            for _ in range(50):
                model.step(np.array([effort]), 0.001)
        expected.append(model.velocity[0])
    assert min(abs(np.diff(velocities))) > 0.05
    if lockstep:
        assert velocities == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    ('fault', 'expected'),
    [
        ('missing', '/world/pendulum_world/control: no such service in 15 s'),
        ('mute', 'bridged topics are silent for 15 s: gazebo/joint_states (1 publishers)'),
        ('stopped', 'the simulation stalls: no new time in 15 s'),
    ],
)
def test_a_missing_silent_or_stalled_simulation_is_reported(
    start_world: StartWorld, environment: dict[str, str], fault: str, expected: str
) -> None:
    world = start_world('pendulum')
    with contextlib.ExitStack() as stack:
        if fault != 'missing':
            process = stack.enter_context(stand_in(world, environment, fault))
        node = spec(timeout_s=15.0)
        processes = stack.enter_context(running([node], environment, world.folder))
        if fault == 'stopped':
            env = stack.enter_context(contextlib.closing(RosEnv('pendulum', robot_timeout_s=30.0)))
            env.reset()
            process.send_signal(signal.SIGSTOP)
            with pytest.raises(RobotError, match='the robot does not publish'):
                env.step(np.zeros(1, np.float32))
        deadline_s = time.monotonic() + 60.0
        while processes[node.name].exit_code is None and time.monotonic() < deadline_s:
            time.sleep(0.1)
        assert processes[node.name].exit_code == 1
        assert expected in processes[node.name].log.read_text(encoding='utf-8')


def test_free_running_time_continues_after_a_restart(
    start_world: StartWorld, environment: dict[str, str]
) -> None:
    """Gazebo is restarted: its time begins at 0, but the robot's time continues."""
    world = start_world('pendulum')
    node = spec(lockstep=False, timeout_s=30.0)
    times: list[float] = []
    with (
        running([node], environment, world.folder) as processes,
        contextlib.closing(RosEnv('pendulum', robot_timeout_s=60.0)) as env,
    ):
        for first in (True, False):
            with stand_in(world, environment, 'free'):
                if first:
                    env.reset()
                # the first one runs so long that the second one has earlier times
                until_s = 5.0 if first else times[-1] + 1.0
                while not times or times[-1] < until_s:
                    observation, *_, info = env.step(np.zeros(1, np.float32))
                    assert np.isfinite(observation).all()
                    times.append(info['time_s'])
        log = processes[node.name].log.read_text(encoding='utf-8')
    assert np.diff(times).min() > 0
    assert 'the simulation was restarted: its time went back' in log

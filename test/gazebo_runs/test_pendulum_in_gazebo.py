# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The pendulum in Gazebo 11 has the same body and motion as the simulated one."""

import math
from pathlib import Path

from gazebo_fixtures import StartWorld, WORLDS
from gazebo_models import GazeboPendulum
from gazebo_server import GazeboServer
from lockstep_client import LockstepClient
import numpy as np
import pytest
from rl_agent.errors import RobotError
from rl_agent.simulated_models.pendulum import LENGTH_M, MASS_KG, Pendulum

PERIOD_S, ITERATIONS = 0.05, 50
STEPS = 400


def angle_between(first: float, second: float) -> float:
    return abs((first - second + math.pi) % (2.0 * math.pi) - math.pi)


def test_the_rod_is_the_same(start_world: StartWorld) -> None:
    gazebo = LockstepClient(start_world('pendulum').socket)
    mass, about_x, about_y, _ = gazebo.ask('inertia', 'pendulum', 'rod')
    assert mass == MASS_KG
    assert about_x == pytest.approx(MASS_KG * LENGTH_M**2 / 12.0)
    assert about_y == pytest.approx(MASS_KG * LENGTH_M**2 / 12.0)


def test_it_moves_like_the_simulated_one(start_world: StartWorld) -> None:
    """Both use semi-implicit Euler with steps of 1 ms; 20 s with random efforts."""
    there, here = GazeboPendulum(socket=str(start_world('pendulum').socket)), Pendulum()
    there.reset(np.random.default_rng(3))
    here.reset(np.random.default_rng(3))
    efforts = np.random.default_rng(1).uniform(-2.0, 2.0, (STEPS, 1))
    apart = []
    for effort in efforts:
        there.step(effort, PERIOD_S)
        for _ in range(ITERATIONS):
            here.step(effort, PERIOD_S / ITERATIONS)
        apart.append(angle_between(float(there.position[0]), float(here.position[0])))
        assert there.effort == effort
    print(f'largest difference over {STEPS} steps: {max(apart):.1e} rad')
    assert max(apart) < 1e-3
    assert abs(there.velocity - here.velocity) < 1e-3


def test_time_passes_only_with_steps(start_world: StartWorld) -> None:
    gazebo = LockstepClient(start_world('pendulum').socket)
    assert gazebo.ask('step', 0) == [0.0]
    assert gazebo.ask('step', 100) == [pytest.approx(0.1)]
    before = gazebo.ask('joints', 'pendulum', 'pivot')
    assert gazebo.ask('joints', 'pendulum', 'pivot') == before
    assert gazebo.ask('step', 0) == [pytest.approx(0.1)]


@pytest.mark.parametrize(
    ('request_words', 'named'),
    [
        (['joints', 'robot', 'pivot'], "no model 'robot'"),
        (['joints', 'pendulum', 'elbow'], "no joint 'elbow' in model 'pendulum'"),
        (['scan', 'lidar'], "no ray sensor 'lidar'"),
        (['fly'], "unknown request 'fly'"),
        (['effort', 'pendulum', 'pivot', 'nan'], 'a finite number is missing'),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_invalid_requests_are_reported(
    start_world: StartWorld, request_words: list[str], named: str
) -> None:
    gazebo = LockstepClient(start_world('pendulum').socket)
    with pytest.raises(RobotError, match=named):
        gazebo.ask(*request_words)
    assert gazebo.ask('step', 1) == [pytest.approx(0.001)]


def test_a_server_that_ended_is_reported(start_world: StartWorld) -> None:
    world = start_world('pendulum')
    gazebo = LockstepClient(world.socket)
    world.server.close()
    with pytest.raises(RobotError, match='the simulation has ended'):
        gazebo.ask('step', 1)


def test_a_world_that_does_not_load_is_reported(gazebo_root: Path, tmp_path: Path) -> None:
    world = tmp_path / 'world.sdf'
    world.write_text("<sdf version='1.7'><world name='w'>")
    server = GazeboServer(gazebo_root, world, tmp_path / 'gzserver', WORLDS / 'models')
    try:
        with pytest.raises(RobotError, match=r'world\.sdf does not load: .* parsing XML in file'):
            server.wait_for(tmp_path / 'socket')
    finally:
        server.close()


def test_a_missing_server_is_reported(tmp_path: Path) -> None:
    with pytest.raises(RobotError, match=r'no Gazebo at .*accepted: a running gzserver'):
        LockstepClient(tmp_path / 'nothing', timeout_s=0.2)

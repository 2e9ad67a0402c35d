# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The quadruped in Gazebo 11 has the right mass and stands."""

from gazebo_fixtures import StartWorld
from lockstep_client import LockstepClient
import numpy as np
import pytest
from rl_agent.simulated_models.quadruped_parts.body import JOINTS, LEGS, STANDING

P_GAIN, D_GAIN, MAX_TORQUE = 60.0, 2.0, 33.5  # of the motors, as in the MJCF
MOTOR_STEP_ITERATIONS = 2  # the motors run at 500 Hz


def test_it_has_the_masses_of_its_model(start_world: StartWorld) -> None:
    gazebo = LockstepClient(start_world('quadruped').socket)
    links = ['trunk', *(f'{leg}_{part}_link' for leg in LEGS for part in ('hip', 'thigh', 'calf'))]
    masses = [gazebo.ask('inertia', 'quadruped', link)[0] for link in links]
    assert sum(masses) == pytest.approx(12.0)


def test_it_stands(start_world: StartWorld) -> None:
    """Placed in MuJoCo's standing pose, it stays up for 2 s under the motors' PD control."""
    gazebo = LockstepClient(start_world('quadruped').socket)
    gazebo.ask('stand', 'quadruped', 0, 0, 0.30, 0)
    for joint, angle in zip(JOINTS, STANDING, strict=True):
        gazebo.ask('place', 'quadruped', joint, angle, 0)
    for _ in range(1000):
        state = np.array(gazebo.ask('joints', 'quadruped', *JOINTS)).reshape(-1, 3)
        torques = np.clip(
            P_GAIN * (STANDING - state[:, 0]) - D_GAIN * state[:, 1], -MAX_TORQUE, MAX_TORQUE
        )
        for joint, torque in zip(JOINTS, torques, strict=True):
            gazebo.ask('effort', 'quadruped', joint, torque)
        gazebo.ask('step', MOTOR_STEP_ITERATIONS)
    x, y, z, roll, pitch, *_ = gazebo.ask('pose', 'quadruped')
    speeds = np.array(gazebo.ask('pose', 'quadruped')[6:])
    print(f'trunk at {x:.3f}, {y:.3f}, {z:.3f} m, roll {roll:.3f}, pitch {pitch:.3f} rad')
    assert z == pytest.approx(0.26, abs=0.04)
    assert abs(roll) < 0.1
    assert abs(pitch) < 0.1
    assert np.hypot(x, y) < 0.1
    assert np.abs(speeds).max() < 0.1

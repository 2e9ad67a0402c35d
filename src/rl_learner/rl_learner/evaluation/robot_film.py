# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""A film of what a robot has learned: MP4 and GIF, drawn by MuJoCo without a display.

Run as a program of its own, `python -m rl_learner.evaluation.robot_film`, because drivers of
graphics cards that are not there may end a process.
"""

import argparse
from collections.abc import Iterator, Sequence
import importlib
import os
from pathlib import Path
import sys
from typing import Any

os.environ.setdefault('MUJOCO_GL', 'egl')  # before MuJoCo is imported

import numpy as np
from rl_agent.array_types import Frame
from rl_agent.description.robot import load_robot, RobotDescription
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.errors import RlError
from rl_agent.policy.parameters import PolicyParameters
from rl_agent.policy.policy import Policy
from rl_agent.policy.policy_file import load_policy
from rl_agent.simulation.in_process_robot import InProcessRobot
from rl_learner.evaluation.film import write_film

CAMERA = 'track'
SIZE = (640, 400)


class FilmError(RlError):
    """A film that cannot be made."""


def record(
    description: RobotDescription,
    parameters: PolicyParameters,
    *,
    seconds: float,
    size: tuple[int, int],
    seed: int,
    explore: bool = False,
) -> Iterator[Frame]:
    """Return the frames of episodes, (height, width, 3), one a control step.

    Args:
        description: of a robot whose model MuJoCo simulates.
        parameters: of the policy.
        seconds: of the robot's time.
        size: width and height, pixels.
        seed: of the starting states.
        explore: act as in training, not deterministically.

    Raises:
        FilmError: the model has nothing to draw, the policy is of another robot, or there is no
            graphics library.
    """
    robot = InProcessRobot(description, seed)
    scene = getattr(robot.simulated.model, 'scene', None)
    if scene is None:
        raise FilmError(
            f'robot {description.name!r}: its model has nothing to film; accepted: one with a'
            ' MuJoCo scene, as the quadruped'
        )
    env = RobotEnv(robot, description)
    if parameters.fingerprint not in ('', env.spaces.fingerprint):
        raise FilmError(
            f'policy: given one with fingerprint {parameters.fingerprint}; accepted:'
            f' {env.spaces.fingerprint}, of robot {description.name!r}'
        )
    policy, rng = Policy(parameters), np.random.default_rng(seed)
    policy.reset(rng)
    observation, _ = env.reset(seed=seed)
    renderer = _renderer(scene[0], size)
    try:
        for _ in range(round(seconds * description.rate_hz)):
            action = policy.act(observation, rng, deterministic=not explore)
            observation, _, terminated, truncated, _ = env.step(action)
            renderer.update_scene(scene[1], CAMERA)
            yield renderer.render().copy()
            if terminated or truncated:
                policy.reset(rng)
                observation, _ = env.reset()
    finally:
        renderer.close()


def _renderer(model: Any, size: tuple[int, int]) -> Any:
    """Return MuJoCo's off-screen renderer.

    Raises:
        FilmError: there is no graphics library.
    """
    width, height = size
    try:
        import mujoco

        return mujoco.Renderer(model, height, width)
    except Exception as error:  # whatever a driver that is not there raises
        raise FilmError(_explain(error)) from error


def _explain(error: Exception) -> str:
    """Return what is missing, in one line."""
    reason = ' '.join(str(error).split()) or type(error).__name__
    return (
        f'MuJoCo cannot draw: MUJOCO_GL={os.environ["MUJOCO_GL"]}: {reason}; accepted: EGL as in'
        ' the Debian packages libegl1 and libgl1-mesa-dri'
    )


def check_graphics() -> None:
    """Raise FilmError where MuJoCo finds no graphics library; it looks at its import already."""
    try:
        importlib.import_module('mujoco.gl_context')
    except Exception as error:  # as above
        raise FilmError(_explain(error)) from error


def main(arguments: Sequence[str] | None = None) -> None:
    """Film a policy; exit 0 just if both files are there."""
    parser = argparse.ArgumentParser(prog='robot_film', description=__doc__)
    parser.add_argument('--robot', required=True, help='name in config/robots, or a YAML file')
    parser.add_argument('--policy', type=Path, required=True, help='.npz file')
    parser.add_argument('--folder', type=Path, required=True, help='where the films go')
    parser.add_argument('--seconds', type=float, default=10.0, help="of the robot's time")
    parser.add_argument('--seed', type=int, default=0, help='of the starting states')
    parser.add_argument('--explore', action='store_true', help='act as in training')
    options = parser.parse_args(arguments)
    try:
        check_graphics()
        description, parameters = load_robot(options.robot), load_policy(options.policy)
        frames = record(
            description,
            parameters,
            seconds=options.seconds,
            size=SIZE,
            seed=options.seed,
            explore=options.explore,
        )
        write_film(options.folder, list(frames), description.rate_hz)
    except RlError as error:
        print(f'error: {error}', file=sys.stderr)
        sys.exit(1)


if __name__ == '__main__':
    main()

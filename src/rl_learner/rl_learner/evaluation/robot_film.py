# Copyright 2026 The rl_learner authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Films a policy on its simulated robot: MP4 and GIF, rendered by MuJoCo without a display.

This runs as a separate program, `python -m rl_learner.evaluation.robot_film`, because a missing
graphics driver may end the process.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
import importlib
import os
from pathlib import Path
import sys
from typing import Any

os.environ.setdefault('MUJOCO_GL', 'egl')  # before MuJoCo is imported
os.environ.setdefault('SDL_VIDEODRIVER', 'dummy')  # for Gymnasium tasks that draw with pygame

import numpy as np
from rl_agent.array_types import Frame
from rl_agent.description.robot import load_robot, RobotDescription
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.errors import RlError
from rl_agent.policy.parameters import PolicyParameters
from rl_agent.policy.policy import Policy
from rl_agent.policy.policy_file import load_policy
from rl_agent.simulated_models.model import SimulatedModel
from rl_agent.simulation.in_process_robot import InProcessRobot
from rl_learner.evaluation.film import check_ffmpeg, ROBOT_FILM_MAX_S, write_film

CAMERA = 'track'
SIZE = (640, 400)  # width, height, pixels
_FRAMES_PER_S = 30.0


class FilmError(RlError):
    """The film cannot be made."""


def record(
    description: RobotDescription,
    parameters: PolicyParameters,
    *,
    seconds: float,
    size: tuple[int, int],
    seed: int,
    explore: bool = False,
) -> Iterator[Frame]:
    """Yield a frame, (height, width, 3), for every `steps_per_frame` control steps.

    Args:
        description: a robot whose model MuJoCo simulates.
        parameters: the policy.
        seconds: length of the film in the robot's time.
        size: width and height, pixels.
        seed: seed of the starting states.
        explore: act as in training, not deterministically.

    Raises:
        FilmError: the model has no MuJoCo scene, the policy belongs to another robot, or there
            is no graphics library.
    """
    robot = InProcessRobot(_drawing(description), seed)
    env = RobotEnv(robot, description)
    if parameters.fingerprint not in ('', env.spaces.fingerprint):
        raise FilmError(
            f'policy: given fingerprint {parameters.fingerprint}; accepted:'
            f' {env.spaces.fingerprint}, that of robot {description.name!r}'
        )
    policy, rng = Policy(parameters), np.random.default_rng(seed)
    policy.reset(rng)
    observation, _ = env.reset(seed=seed)
    draw, close = _pencil(description, robot.simulated.model, size)
    try:
        for number in range(round(seconds * description.rate_hz)):
            action = policy.act(observation, rng, deterministic=not explore)
            observation, _, terminated, truncated, _ = env.step(action)
            if number % steps_per_frame(description) == 0:
                yield draw()
            if terminated or truncated:
                policy.reset(rng)
                observation, _ = env.reset()
    finally:
        close()


def steps_per_frame(description: RobotDescription) -> int:
    """Return how many control steps pass between two frames; drawing takes longer than a step."""
    return max(1, round(description.rate_hz / _FRAMES_PER_S))


def _drawing(description: RobotDescription) -> RobotDescription:
    """Return the description with a Gymnasium task that can draw, if it has one."""
    simulation = description.simulation
    if simulation is None or simulation.model != 'gymnasium_robot':
        return description
    parameters = {**simulation.parameters, 'film': True}
    return replace(description, simulation=replace(simulation, parameters=parameters))


def _pencil(
    description: RobotDescription, model: SimulatedModel, size: tuple[int, int]
) -> tuple[Callable[[], Frame], Callable[[], None]]:
    """Return what draws the model as it is, and what ends that.

    Raises:
        FilmError: the model has nothing to draw, or there is no graphics library.
    """
    if hasattr(model, 'frame'):
        return model.frame, lambda: None
    scene = getattr(model, 'scene', None)
    if scene is None:
        raise FilmError(
            f'robot {description.name!r}: its model has nothing to film; accepted: a model'
            ' with a MuJoCo scene, such as the quadruped, or with a method frame'
        )
    renderer = _renderer(scene[0], size)

    def draw() -> Frame:
        renderer.update_scene(scene[1], CAMERA)
        picture: Frame = renderer.render().copy()
        return picture

    return draw, renderer.close


def _renderer(model: Any, size: tuple[int, int]) -> Any:
    """Return MuJoCo's off-screen renderer.

    Raises:
        FilmError: there is no graphics library.
    """
    width, height = size
    try:
        import mujoco

        return mujoco.Renderer(model, height, width)
    except Exception as error:  # without a driver anything may be raised
        raise FilmError(_missing_graphics(error)) from error


def _missing_graphics(error: Exception) -> str:
    """Return in one line that MuJoCo cannot render, and what it needs."""
    reason = ' '.join(str(error).split()) or type(error).__name__
    return (
        f'MuJoCo cannot render: MUJOCO_GL={os.environ["MUJOCO_GL"]}: {reason}; accepted: EGL, from'
        ' the Debian packages libegl1 and libgl1-mesa-dri'
    )


def check_graphics() -> None:
    """Raise FilmError if MuJoCo finds no graphics library, which it needs when it is imported."""
    try:
        importlib.import_module('mujoco.gl_context')
    except Exception as error:  # as above
        raise FilmError(_missing_graphics(error)) from error


def main(arguments: Sequence[str] | None = None) -> None:
    """Film a policy; exit with 0 if both files were written, else with 1."""
    parser = argparse.ArgumentParser(prog='robot_film', description=__doc__)
    parser.add_argument('--robot', required=True, help='name in config/robots, or a YAML file')
    parser.add_argument('--policy', type=Path, required=True, help='.npz file')
    parser.add_argument('--folder', type=Path, required=True, help='folder for the films')
    parser.add_argument(
        '--seconds', type=float, default=ROBOT_FILM_MAX_S, help="length in the robot's time"
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of the starting states')
    parser.add_argument('--explore', action='store_true', help='act as in training')
    options = parser.parse_args(arguments)
    try:
        check_graphics()
        check_ffmpeg()
        description, parameters = load_robot(options.robot), load_policy(options.policy)
        frames = record(
            description,
            parameters,
            seconds=options.seconds,
            size=SIZE,
            seed=options.seed,
            explore=options.explore,
        )
        frames_per_s = description.rate_hz / steps_per_frame(description)
        write_film(options.folder, list(frames), frames_per_s)
    except RlError as error:
        print(f'error: {error}', file=sys.stderr)
        sys.exit(1)


if __name__ == '__main__':
    main()

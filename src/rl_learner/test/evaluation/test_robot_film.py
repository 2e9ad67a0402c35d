# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
# mypy: disable-error-code="no-untyped-def"
"""Films of a policy: real frames where there is a graphics library, one line where not."""

from dataclasses import replace
import os
import subprocess
import sys
import threading

import numpy as np
from PIL import Image
import pytest
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError
from rl_agent.policy.policy_file import save_policy
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.evaluation.film import FILMS, save_animation, save_video
from rl_learner.evaluation.film_process import film_policy, make_film
from rl_learner.export.policy_with_robot import PolicyWithRobot
from rl_learner.run.folder import LOGS, POLICY_FILE
from rl_learner.training.update import Update

TIMEOUT_S = 200


def policy_of(robot):
    """Return an untrained policy of a robot."""
    spaces = Spaces(load_robot(robot))
    update = Update(load_algorithm('droq'), spaces.observation_size, spaces.action_size, seed=0)
    return replace(update.policy(), fingerprint=spaces.fingerprint)


def film(folder, robot, policy, **environment):
    """Run the program; return its exit code and what it said."""
    save_policy(folder / POLICY_FILE, policy)
    command = [
        sys.executable,
        '-m',
        'rl_learner.evaluation.robot_film',
        '--robot',
        robot,
        '--seconds',
        '0.5',
    ]
    command += ['--policy', str(folder / POLICY_FILE), '--folder', str(folder)]
    result = subprocess.run(
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    return result.returncode, result.stderr


@pytest.fixture
def moving():
    """Return ten frames in which a white square moves to the right."""
    frames = np.zeros((10, 40, 64, 3), np.uint8)
    for number in range(10):
        frames[number, 10:30, 4 * number : 4 * number + 20] = 255
    return list(frames)


def test_an_animation_has_every_frame_and_the_right_pace(tmp_path, moving):
    path = tmp_path / 'film.gif'
    save_animation(path, moving, 20.0)
    with Image.open(path) as picture:
        assert picture.size == (64, 40)
        assert picture.n_frames == 10  # type: ignore[attr-defined]
        assert picture.info['duration'] == 50
        assert picture.info['loop'] == 0


def test_a_video_is_an_mp4_of_that_length(tmp_path, moving):
    from imageio_ffmpeg import count_frames_and_secs

    path = tmp_path / 'film.mp4'
    save_video(path, moving, 20.0)
    assert path.read_bytes()[4:8] == b'ftyp'
    frames, seconds = count_frames_and_secs(str(path))
    assert frames == 10
    assert seconds == pytest.approx(0.5, abs=0.06)


@pytest.mark.timeout(TIMEOUT_S + 20)
def test_a_film_of_the_quadruped(tmp_path):
    robot = replace(load_robot('quadruped'), episode_steps=10)
    policy = PolicyWithRobot(policy_of('quadruped'), robot)
    try:
        paths = film_policy(policy, tmp_path, seed=1, explore=True)
    except ConfigurationError as error:
        assert 'MuJoCo cannot draw' in str(error)  # noqa: PT017
        pytest.skip(f'no graphics library here: {error}')
    assert paths == [tmp_path / name for name in FILMS]
    with Image.open(tmp_path / FILMS[1]) as picture:
        assert picture.n_frames == 10  # type: ignore[attr-defined]
        first = np.asarray(picture.convert('RGB'), np.int64)
        orange = (first[..., 0] > 180) & (first[..., 1] < 140) & (first[..., 2] < 80)
        assert orange.sum() > 50  # the robot's caps are in the picture
    assert (tmp_path / FILMS[0]).stat().st_size > 1000


@pytest.mark.timeout(TIMEOUT_S + 20)
def test_no_graphics_library_is_named_in_one_line(tmp_path):
    code, said = film(tmp_path, 'quadruped', policy_of('quadruped'), MUJOCO_GL='nothing')
    assert code == 1
    errors = [line for line in said.splitlines() if line.startswith('error: ')]
    assert len(errors) == 1
    assert 'MuJoCo cannot draw: MUJOCO_GL=nothing' in errors[0]
    assert 'Traceback' not in said


@pytest.mark.timeout(TIMEOUT_S + 20)
def test_what_cannot_be_filmed_is_named(tmp_path):
    code, said = film(tmp_path, 'pendulum', policy_of('pendulum'))
    assert code == 1
    assert "error: robot 'pendulum': its model has nothing to film" in said
    code, said = film(tmp_path, 'quadruped', policy_of('pendulum'))
    assert code == 1
    assert 'policy: given one with fingerprint' in said


def test_a_run_without_a_policy_has_no_film(tmp_path):
    assert make_film('quadruped', tmp_path, threading.Event()) == (
        'no film: there is no policy yet'
    )


@pytest.mark.timeout(TIMEOUT_S + 20)
def test_the_reason_for_no_film_is_passed_on(tmp_path, monkeypatch):
    monkeypatch.setenv('MUJOCO_GL', 'nothing')
    save_policy(tmp_path / POLICY_FILE, policy_of('quadruped'))
    (tmp_path / LOGS).mkdir()
    said = make_film('quadruped', tmp_path, threading.Event())
    assert said.startswith('no film: MuJoCo cannot draw')


def test_a_stop_ends_the_film(tmp_path):
    save_policy(tmp_path / POLICY_FILE, policy_of('quadruped'))
    (tmp_path / LOGS).mkdir()
    stop = threading.Event()
    stop.set()
    assert make_film('quadruped', tmp_path, stop) == 'no film: stopped'

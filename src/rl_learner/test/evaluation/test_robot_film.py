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

# mypy: disable-error-code="no-untyped-def"
"""Films of a policy: real frames if there is a graphics library, else a one-line error."""

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
from rl_learner.evaluation.film import FILMS
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
    """Run the program; return its exit code and its stderr."""
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


@pytest.mark.timeout(TIMEOUT_S + 20)
def test_a_film_of_the_quadruped(tmp_path):
    robot = replace(load_robot('quadruped'), episode_steps=10)
    policy = PolicyWithRobot(policy_of('quadruped'), robot)
    try:
        paths = film_policy(policy, tmp_path, seed=1, explore=True)
    except ConfigurationError as error:
        assert 'MuJoCo cannot render' in str(error)  # noqa: PT017
        pytest.skip(f'no graphics library here: {error}')
    assert paths == [tmp_path / name for name in FILMS]
    with Image.open(tmp_path / FILMS[1]) as picture:
        assert picture.n_frames == 10  # type: ignore[attr-defined]
        first = np.asarray(picture.convert('RGB'), np.int64)
        orange = (first[..., 0] > 180) & (first[..., 1] < 140) & (first[..., 2] < 80)
        assert orange.sum() > 50  # the robot's orange caps
    assert (tmp_path / FILMS[0]).stat().st_size > 1000


@pytest.mark.timeout(TIMEOUT_S + 20)
def test_a_missing_graphics_library_is_a_one_line_error(tmp_path):
    code, output = film(tmp_path, 'quadruped', policy_of('quadruped'), MUJOCO_GL='nothing')
    assert code == 1
    errors = [line for line in output.splitlines() if line.startswith('error: ')]
    assert len(errors) == 1
    assert 'MuJoCo cannot render: MUJOCO_GL=nothing' in errors[0]
    assert 'Traceback' not in output


@pytest.mark.timeout(TIMEOUT_S + 20)
def test_an_impossible_film_is_an_error(tmp_path):
    code, errors = film(tmp_path, 'pendulum', policy_of('pendulum'))
    assert code == 1
    assert "error: robot 'pendulum': its model has nothing to film" in errors
    code, errors = film(tmp_path, 'quadruped', policy_of('pendulum'))
    assert code == 1
    assert 'policy: given fingerprint' in errors


def test_a_run_without_a_policy_has_no_film(tmp_path):
    assert make_film('quadruped', tmp_path, threading.Event()) == (
        'no film: there is no policy yet'
    )


@pytest.mark.timeout(TIMEOUT_S + 20)
def test_the_reason_for_a_missing_film_is_returned(tmp_path, monkeypatch):
    monkeypatch.setenv('MUJOCO_GL', 'nothing')
    save_policy(tmp_path / POLICY_FILE, policy_of('quadruped'))
    (tmp_path / LOGS).mkdir()
    text = make_film('quadruped', tmp_path, threading.Event())
    assert text.startswith('no film: MuJoCo cannot render')


def test_a_stop_ends_the_filming_and_leaves_no_file(tmp_path):
    save_policy(tmp_path / POLICY_FILE, policy_of('quadruped'))
    (tmp_path / LOGS).mkdir()
    stop = threading.Event()
    stop.set()
    assert make_film('quadruped', tmp_path, stop) == 'no film: stopped'
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([LOGS, POLICY_FILE])

# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The C++ example of docs/tools.md: built, and run with an exported policy.

People export policies without names and bounds (IsaacLab#998, mjlab#903), and for a newer runtime
than that of the robot's computer (onnxruntime#15874, #20559).
"""

import os
from pathlib import Path
import shutil
import subprocess

import numpy as np
import pytest
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.policy import Policy
from rl_learner.export import onnx_file
from rl_learner.export.policy_with_robot import PolicyWithRobot

HEADER = 'onnxruntime_cxx_api.h'
SYSTEM = ('/usr/include', '/usr/local/include')
PLACES = ('', 'onnxruntime', 'onnxruntime/core/session')  # as packages have it
TIMEOUT_S = 300.0


def lacking() -> str:
    """Return what the example cannot be built without here; empty: nothing lacks."""
    given = os.environ.get('ONNXRUNTIME', '')
    folders = [f'{given}/include', *SYSTEM] if given else SYSTEM
    headers = [Path(folder, place, HEADER) for folder in folders for place in PLACES]
    if not any(header.is_file() for header in headers):
        return (
            f'no {HEADER}: install libonnxruntime-dev, or name an unpacked archive of ONNX'
            ' Runtime in the environment variable ONNXRUNTIME'
        )
    tools = [name for name in ('cmake', 'c++') if shutil.which(name) is None]
    return f'not installed: {", ".join(tools)}' if tools else ''


@pytest.fixture(scope='module')
def program(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the example as its page says."""
    if reason := lacking():
        pytest.skip(reason)
    source, build = workspace / 'docs' / 'examples' / 'onnx_policy', tmp_path_factory.mktemp('b')
    given = os.environ.get('ONNXRUNTIME', '')
    options = [f'-DONNXRUNTIME={given}'] if given else []
    flags = ['-DCMAKE_CXX_FLAGS=-Werror']
    for command in (
        ['cmake', '-S', str(source), '-B', str(build), *flags, *options],
        ['cmake', '--build', str(build)],
    ):
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        assert result.returncode == 0, result.stdout + result.stderr
    return build / 'onnx_policy'


@pytest.fixture
def policy(tmp_path: Path) -> tuple[Path, PolicyWithRobot]:
    """Export a policy with random parameters for an arm."""
    robot = load_robot('arm')
    spaces, rng = Spaces(robot), np.random.default_rng(3)
    shape = PolicyArchitecture(
        spaces.observation_size, spaces.action_size, (16, 12), layer_norm=True
    )
    parameters = PolicyParameters(
        shape,
        rng.standard_normal(shape.num_parameters).astype(np.float32) / 3,
        rng.standard_normal(spaces.observation_size).astype(np.float32),
        rng.uniform(0.5, 2.0, spaces.observation_size).astype(np.float32),
        fingerprint=spaces.fingerprint,
    )
    exported = PolicyWithRobot(parameters, robot)
    path = tmp_path / 'policy.onnx'
    path.write_bytes(onnx_file.encode(exported))
    return path, exported


def run(program: Path, path: Path, lines: list[str]) -> 'subprocess.CompletedProcess[str]':
    """Run the example with observations, one a line."""
    text = ''.join(f'{line}\n' for line in lines)
    return subprocess.run(
        [str(program), str(path)],
        input=text,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def test_it_computes_the_commands_of_the_policy(
    program: Path, policy: tuple[Path, PolicyWithRobot]
) -> None:
    """An arm's torques are at most 6 and 3 N m."""
    path, exported = policy
    rng = np.random.default_rng(4)
    observations = rng.standard_normal((20, 10)).astype(np.float32)
    result = run(program, path, [' '.join(map(repr, map(float, row))) for row in observations])
    assert result.returncode == 0, result.stderr
    actor = Policy(exported.parameters)
    actions = [actor.act(row, rng, deterministic=True) for row in observations]
    commands = [[float(word) for word in line.split()] for line in result.stdout.splitlines()]
    assert np.allclose(commands, np.array(actions) * [6.0, 3.0], atol=1e-4)


def test_it_reads_sizes_names_and_bounds_from_the_file(
    program: Path, policy: tuple[Path, PolicyWithRobot]
) -> None:
    result = run(program, policy[0], [])
    first, *rest = result.stderr.splitlines()
    assert first.startswith('observation: 10 numbers cos_angle/shoulder cos_angle/elbow')
    assert rest == [
        'command: 2 numbers',
        '  shoulder: -6 to 6',
        '  elbow: -3 to 3',
        'rate: 20 Hz',
    ]


@pytest.mark.parametrize(
    ('lines', 'words'),
    [
        (['1 2'], 'given 2 numbers; accepted: 10'),
        (['1 2 3 4 5 6 7 8 9 one'], 'given 9 numbers; accepted: 10'),
    ],
)
def test_what_it_refuses(
    program: Path, policy: tuple[Path, PolicyWithRobot], lines: list[str], words: str
) -> None:
    result = run(program, policy[0], lines)
    assert result.returncode == 1
    assert words in result.stderr


def test_a_file_that_is_no_policy_is_named(program: Path, tmp_path: Path) -> None:
    (tmp_path / 'text.onnx').write_text('no policy')
    result = run(program, tmp_path / 'text.onnx', [])
    assert result.returncode == 1
    assert 'onnx_policy: ' in result.stderr

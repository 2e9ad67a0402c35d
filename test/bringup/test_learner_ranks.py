# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A learner of several ranks, started wrongly: one line, in time, and no restarts.

Asked for in public: pytorch/tutorials#2209 (a machine that never joins ends in a stack trace),
pytorch/pytorch#135712 (entries of before a restart break the start after it).
"""

from collections.abc import Iterator
import contextlib
from pathlib import Path
import socket
import subprocess
import sys

import pytest
from rl_learner.nodes.learner_ranks import torchrun_words
from rl_learner.system.ports import free_port

RANKS = 'rl_learner.nodes.learner_ranks'
TIMEOUT_S = 120.0


@contextlib.contextmanager
def listening() -> Iterator[int]:
    """Yield a port on which something else listens and never answers."""
    with socket.socket() as other:
        other.bind(('127.0.0.1', 0))
        other.listen()
        yield other.getsockname()[1]


def ran(
    environment: dict[str, str], folder: Path, module: str, *words: str
) -> 'subprocess.CompletedProcess[str]':
    """Run a module to its end, with ranks that give up after 3 s."""
    return subprocess.run(
        [sys.executable, '-m', module, *words],
        env={**environment, 'RL_RANK_TIMEOUT_S': '3'},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def node_arguments(folder: Path, **parameters: object) -> list[str]:
    """Return the arguments of a small learner."""
    given = {
        'robot': 'pendulum',
        'run_folder': folder / 'run',
        'device': 'cpu',
        'replay_port': free_port(),
        **parameters,
    }
    words = ['--ros-args']
    for name, value in given.items():
        words += ['-p', f'{name}:={value}']
    return words


def errors(done: 'subprocess.CompletedProcess[str]') -> list[str]:
    """Return the lines of a process that say what is wrong."""
    return [line for line in done.stderr.splitlines() if line.startswith('error: ')]


@pytest.mark.parametrize(
    ('parameters', 'text'),
    [
        ({'devices': 3}, 'batch_size: given 256 for 3 ranks; accepted: a multiple of 3'),
        ({'devices': 2, 'algorithm': 'nonsense'}, "'nonsense'"),
        ({'devices': 5000}, 'devices: given 5000; accepted'),
    ],
)
def test_a_wrong_parameter_is_one_line_and_no_restart(
    parameters: dict[str, object],
    text: str,
    ros_environment: dict[str, str],
    tmp_path: Path,
) -> None:
    arguments = node_arguments(tmp_path, **parameters)
    done = ran(ros_environment, tmp_path, 'rl_learner.nodes.learner_node', *arguments)
    assert done.returncode == 2, done.stderr
    (line,) = errors(done)
    assert text in line
    assert 'Traceback' not in done.stderr


def test_a_port_in_use_is_one_line_and_no_restart(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    with listening() as port:
        arguments = node_arguments(tmp_path, devices=2, replay_port=port)
        done = ran(ros_environment, tmp_path, 'rl_learner.nodes.learner_node', *arguments)
    assert done.returncode != 0
    (line,) = errors(done)
    assert str(port) in line
    assert 'Traceback' not in done.stderr


def test_devices_in_a_parameter_file_are_refused(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / 'parameters.yaml'
    file.write_text('learner: {ros__parameters: {devices: 2}}\n')
    arguments = [*node_arguments(tmp_path), '--params-file', str(file)]
    done = ran(ros_environment, tmp_path, 'rl_learner.nodes.learner_node', *arguments)
    assert done.returncode == 2
    (line,) = errors(done)
    assert 'devices: given 2 in a parameter file; accepted: 1 there, and -p devices:=2' in line


def test_a_machine_that_never_joins_is_one_line(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    options = ['--nnodes=2', '--nproc-per-node=1', f'--rdzv-endpoint=127.0.0.1:{free_port()}']
    done = ran(ros_environment, tmp_path, RANKS, *options, *node_arguments(tmp_path))
    assert done.returncode == 1
    (line,) = errors(done)
    assert line.startswith('error: learner_ranks: the machines could not meet: '), line


def test_a_meeting_point_where_something_else_listens_is_one_line(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    with listening() as port:
        options = ['--nnodes=2', '--nproc-per-node=1', f'--rdzv-endpoint=127.0.0.1:{port}']
        done = ran(ros_environment, tmp_path, RANKS, *options, *node_arguments(tmp_path))
    assert done.returncode == 2
    (line,) = errors(done)
    assert f'given 127.0.0.1:{port}, where something else than torchrun listens' in line


@pytest.mark.parametrize('option', ['--nnodes=none', '--nproc-per-node=many', '--nnodes=2:1'])
def test_a_wrong_option_of_torchrun_is_one_line(
    option: str, ros_environment: dict[str, str], tmp_path: Path
) -> None:
    done = ran(ros_environment, tmp_path, RANKS, option, *node_arguments(tmp_path))
    assert done.returncode == 2
    (line,) = errors(done)
    assert line.startswith('error: learner_ranks: options of torchrun: '), line


def test_the_time_to_wait_for_a_machine_is_that_of_the_ranks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv('RL_RANK_TIMEOUT_S', '7')
    words = torchrun_words(['--nnodes=2', '--rdzv-endpoint=box:29400', '--ros-args', '-p', 'a:=b'])
    assert '--rdzv-conf=join_timeout=7,timeout=7,last_call_timeout=1' in words
    assert '--standalone' not in words
    assert words[-5:] == ['-m', 'rl_learner.nodes.learner_rank', '--ros-args', '-p', 'a:=b']
    assert '--standalone' in torchrun_words(['--nproc-per-node=2'])


def test_help_needs_no_ranks(ros_environment: dict[str, str], tmp_path: Path) -> None:
    done = ran(ros_environment, tmp_path, RANKS, '--help')
    assert done.returncode == 0
    assert done.stdout.startswith('usage: learner_ranks ')

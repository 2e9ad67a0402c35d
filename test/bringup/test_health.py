# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""`rl_health` tells a node that hangs from one that waits, in real processes."""

from collections.abc import Iterator
import contextlib
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

from fleet import running, with_helpers
import pytest
from rl_agent.bringup.node_specs import NodeSpec
from rl_learner.system.processes import ChildProcess
from small_learner import pendulum_simulation

pytestmark = pytest.mark.timeout(240)
START_S = 90.0


def health(*words: str) -> tuple[int, str]:
    """Return exit code and output of the tool."""
    command = [sys.executable, '-m', 'rl_agent.health.rl_health', *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, (done.stdout + done.stderr).strip()


def until_health(words: list[str], wanted: str, process: ChildProcess) -> str:
    """Return the output as soon as it has the wanted words."""
    deadline_s = time.monotonic() + START_S
    while True:
        _, said = health(*words)
        if wanted in said:
            return said
        assert process.exit_code is None, f'{process.name} has ended'
        assert time.monotonic() < deadline_s, said


def nodes(folder: Path) -> dict[str, NodeSpec]:
    """Return the nodes of a small simulation by name."""
    specs = pendulum_simulation(folder, max_steps=0, warmup=100)
    return {spec.name: spec for spec in specs}


@contextlib.contextmanager
def stopped(process: ChildProcess) -> Iterator[None]:
    """Stop a process and let it go on afterwards."""
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


def test_working_and_waiting_nodes_are_healthy_and_a_stopped_one_is_not(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    assert health('learner', '--seconds', '2') == (
        1,
        '/learner: it has reported nothing in 2 s',
    )
    specs = nodes(tmp_path)
    first = [specs[name] for name in specs if 'robot_1' not in name]
    robot = [specs[name] for name in specs if 'robot_1' in name]
    with running(first, ros_environment, tmp_path) as machine:
        learner = machine['learner']
        assert until_health(['learner'], 'waiting', learner) == '/learner: waiting for data'
        with running(robot, ros_environment, tmp_path):
            assert ' updates' in until_health(['learner'], 'training', learner)
            code, said = health('/robot_1/agent')
            assert (code, said.startswith('/robot_1/agent: exploring, ')) == (0, True), said
            assert health('replay_bridge') == (0, '/replay_bridge: feeding')
            with stopped(learner):
                code, said = health('learner', '--seconds', '3')
            assert (code, said) == (1, '/learner: it has reported nothing in 3 s')


def test_a_learner_that_reports_but_does_not_train_hangs(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    specs = nodes(tmp_path)
    program = Path(__file__).resolve().parents[1] / 'helpers' / 'hanging_learner.py'
    words = specs.pop('learner').arguments()
    command = [sys.executable, str(program), *words[2:]]  # in place of `-m MODULE`
    learner = ChildProcess(
        'learner', command, tmp_path / 'learner.log', with_helpers(ros_environment)
    )
    try:
        with running(list(specs.values()), ros_environment, tmp_path):
            said = until_health(['learner', '--seconds', '5'], 'stays at', learner)
            assert said.startswith('/learner: training, but stays at '), said
            assert said.endswith(' updates in 5 s')
            assert health('learner', '--seconds', '5')[0] == 1
    finally:
        learner.kill()


@pytest.mark.parametrize(
    ('words', 'said'),
    [
        ([], 'the following arguments are required: NODE'),
        (['learner', '--seconds', '0'], '--seconds: given 0; accepted: 1 to 3600'),
    ],
)
def test_wrong_usage_is_exit_code_2(words: list[str], said: str) -> None:
    code, output = health(*words)
    assert code == 2
    assert said in output

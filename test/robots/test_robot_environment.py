# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A robot in its own, small environment, trained by a learner with another Python."""

from pathlib import Path
import subprocess
import sys

from fleet import all_acknowledged, Listener, loaded_libraries, running
import pytest
from rl_agent.bringup.interpreters import Interpreter, robot_interpreter
from rl_agent.bringup.node_specs import simulated_agent, simulated_robot
from rl_agent.ros.ros_topics import AGENT_STATUS, STATUS_QOS, STEP
from rl_learner.bringup.node_specs import learner_nodes
from rl_learner.system.ports import free_port
from rl_msgs.msg import AgentStatus, Step

HEAVY = ('torch', 'tensorflow', 'reverb')
STEPS = 400
ROBOT = 'light'


@pytest.fixture(scope='module')
def robot_python(workspace: Path, ros_environment: dict[str, str]) -> Interpreter:
    """Return the interpreter made by `make setup-robot`, which takes minutes."""
    looked = subprocess.run(
        [sys.executable, workspace / 'tools' / 'setup_environment.py', 'robot', '--check'],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if looked.returncode:
        pytest.skip(looked.stderr.strip())
    return robot_interpreter(str(workspace / '.venv-robot' / 'bin' / 'python'), ros_environment)


def answer(interpreter: Interpreter, program: str) -> str:
    """Return the output of a program."""
    finished = subprocess.run(
        [interpreter.python, '-c', program],
        env=dict(interpreter.environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return finished.stdout.strip()


def test_the_environment_of_a_robot_is_small(robot_python: Interpreter) -> None:
    assert (
        answer(
            robot_python,
            f"""
from importlib.util import find_spec
print(*[name for name in {HEAVY!r} if find_spec(name)])
""",
        )
        == ''
    )


def test_a_robot_and_a_learner_with_different_pythons_work_together(
    robot_python: Interpreter, ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """Pendulum in lockstep: all transitions arrive, and policies come back."""
    version = answer(robot_python, 'import sys; print("%d.%d" % sys.version_info[:2])')
    bridge, learner = learner_nodes(
        'pendulum', 'default', free_port(), run_folder=str(tmp_path), warmup=100, threads=1
    )
    body = simulated_robot('pendulum', ROBOT)
    mind = simulated_agent(
        'pendulum', ROBOT, max_steps=STEPS, max_steps_ahead=64, robot_timeout_s=60.0
    )
    statuses, steps = f'/{ROBOT}/{AGENT_STATUS}', f'/{ROBOT}/{STEP}'
    listener = Listener({statuses: (AgentStatus, STATUS_QOS), steps: (Step, 1000)})
    specs = [learner, bridge, body, mind]
    with running(specs, ros_environment, tmp_path, robot=robot_python) as processes:
        listener.until(
            lambda: all_acknowledged(listener, [ROBOT]), 100.0, 'all transitions stored'
        )
        of_the_robot = [loaded_libraries(processes[spec.name]) for spec in (body, mind)]
    versions = {step.policy_version for step in listener.heard[steps]}
    listener.close()
    assert listener.heard[statuses][-1].steps == STEPS
    assert len(versions) >= 3
    for files in of_the_robot:
        assert f'/python{version}/' in files
        assert not [name for name in HEAVY if f'/{name}/' in files]

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""`rl_evaluate` on a simulated robot that it starts, and on a robot that already runs."""

import json
from pathlib import Path
import subprocess
import sys

from fleet import Listener, run_module, running
import numpy as np
import pytest
from rl_agent.bringup.node_specs import simulated_agent, simulated_robot
from rl_agent.description.robot import description_as_json, load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.policy_file import save_policy
from rl_agent.ros.ros_messages import import_message
from rl_agent.ros.ros_topics import (
    AGENT_STATUS,
    EPISODE_QOS,
    STATUS_QOS,
    STEP_QOS,
    TRANSITIONS_QOS,
)
from rl_msgs.msg import AgentStatus, Episode, Step, TransitionBatch
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger


@pytest.fixture
def policy(tmp_path: Path) -> str:
    """Return the file of a policy that always acts tanh(1): 0.7616."""
    shape = PolicyArchitecture(3, 1, (4,), distribution='deterministic')
    numbers = np.zeros(shape.num_parameters, np.float32)
    numbers[-1] = 1.0
    path = tmp_path / 'policy.npz'
    signed = PolicyParameters(
        shape, numbers, fingerprint=Spaces(load_robot('pendulum')).fingerprint
    )
    save_policy(path, signed)
    return str(path)


def evaluate(
    policy: str, *options: str, environment: dict[str, str], cwd: Path, timeout_s: float = 150.0
) -> 'subprocess.CompletedProcess[str]':
    """Run `rl_evaluate` on the pendulum to its end."""
    arguments = (policy, '--robot', 'pendulum', *options)
    return run_module(
        'rl_learner.cli.evaluate',
        *arguments,
        environment=environment,
        cwd=cwd,
        timeout_s=timeout_s,
    )


def on_real(namespace: str) -> tuple[str, ...]:
    """Return the options for a robot that already runs."""
    return '--real', '--yes', '--namespace', namespace


@pytest.mark.timeout(180)
def test_a_simulated_robot_is_started_and_evaluated(
    ros_environment: dict[str, str], tmp_path: Path, policy: str
) -> None:
    result = evaluate(
        *(policy, '--episodes', '2', '--out', 'out', '--json'),
        environment=ros_environment,
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    content = json.loads(result.stdout)
    assert content['setting'] == 'simulated robot'
    assert content['all']['episodes'] == 2
    assert all(-3300 < value < 0 for value in content['returns'])
    rows = (tmp_path / 'out' / 'episodes.csv').read_text(encoding='utf-8').splitlines()
    assert [row.split(',')[:3] for row in rows[1:]] == [['0', '1', '200'], ['0', '2', '200']]
    for name in ('returns.png', 'trajectories.png'):
        assert (tmp_path / 'out' / name).read_bytes().startswith(b'\x89PNG')


@pytest.mark.timeout(180)
def test_it_runs_with_an_unwritable_home(
    ros_environment: dict[str, str], tmp_path: Path, policy: str
) -> None:
    home = tmp_path / 'home'
    home.touch()  # a file: root might write into any folder
    environment = {**ros_environment, 'HOME': str(home)}
    del environment['ROS_LOG_DIR']
    result = evaluate(
        *(policy, '--episodes', '1', '--out', 'out'), environment=environment, cwd=tmp_path
    )
    assert result.returncode == 0, result.stderr
    assert 'Traceback' not in result.stderr


@pytest.mark.timeout(180)
def test_a_robot_that_already_runs(
    ros_environment: dict[str, str], tmp_path: Path, policy: str
) -> None:
    """The evaluation starts its agent; the topics of learner and recorder stay silent."""
    listener = Listener(
        {
            '/there/joint_states': (JointState, 10),
            '/there/evaluation/episode': (Episode, EPISODE_QOS),
            '/there/episode': (Episode, EPISODE_QOS),
            '/there/step': (Step, STEP_QOS),
            '/transitions': (TransitionBatch, TRANSITIONS_QOS),
        }
    )
    robot = simulated_robot('pendulum', 'there', seed=1, real_time=True)
    with running([robot], ros_environment, tmp_path):
        listener.until(lambda: bool(listener.heard['/there/joint_states']), 60.0, 'the robot')
        result = evaluate(
            *(policy, *on_real('there'), '--episodes', '1', '--out', 'out', '--json'),
            environment=ros_environment,
            cwd=tmp_path,
        )
        assert result.returncode == 0, result.stderr
        heard = listener.heard
        listener.until(lambda: bool(heard['/there/evaluation/episode']), 10.0, 'the episode')
        assert not any(heard[topic] for topic in ('/there/episode', '/there/step', '/transitions'))
    listener.close()
    content = json.loads(result.stdout)
    assert content['setting'] == 'real robot'
    assert content['all']['episodes'] == 1


@pytest.mark.timeout(240)
@pytest.mark.parametrize('real', [False, True], ids=['simulated', 'real'])
def test_a_robot_that_a_person_prepares(
    ros_environment: dict[str, str], tmp_path: Path, policy: str, real: bool
) -> None:
    """The terminal prints what a person has to do; a simulated robot needs no person."""
    described = description_as_json(load_robot('pendulum'))
    described['reset'] = {'service': 'reset', 'person': True}
    path = tmp_path / 'prepared.yaml'
    path.write_text(json.dumps(described), encoding='utf-8')
    command = [sys.executable, '-m', 'rl_learner.cli.evaluate', policy, '--robot', str(path)]
    command += ['--episodes', '1', '--out', 'out']
    robots = []
    if real:
        command += ['--real', '--yes', '--namespace', 'prepared']
        robots = [simulated_robot('pendulum', 'prepared', seed=1, real_time=True)]
    listener, confirm = Listener({}), '/prepared/agent/confirm_reset'
    client = listener.node.create_client(Trigger, confirm)
    with (
        running(robots, ros_environment, tmp_path),
        subprocess.Popen(
            command, env=ros_environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True
        ) as evaluation,
    ):

        def is_over() -> bool:
            if client.service_is_ready():
                client.call_async(Trigger.Request())
            return evaluation.poll() is not None

        line = ''
        if real:  # only after the terminal has asked for it
            assert evaluation.stderr is not None
            while 'waiting for a person' not in line:
                line = evaluation.stderr.readline()
                assert line, 'it ended'
            assert (
                line.rstrip()
                == f'waiting for a person: ros2 service call {confirm} std_srvs/srv/Trigger'
            )
        listener.until(is_over, 120.0, 'its end')
        errors = evaluation.communicate()[1]
    listener.close()
    assert evaluation.returncode == 0, errors
    assert 'episode 1 of 1' in errors


@pytest.mark.timeout(240)
def test_a_robot_driven_by_another_node_is_refused(
    ros_environment: dict[str, str], tmp_path: Path, policy: str
) -> None:
    specs = [
        simulated_robot('pendulum', 'driven', seed=1),
        simulated_agent('pendulum', 'driven', seed=1),
    ]
    listener = Listener({f'/driven/{AGENT_STATUS}': (AgentStatus, STATUS_QOS)})
    with running(specs, ros_environment, tmp_path):
        listener.until(lambda: bool(listener.heard[f'/driven/{AGENT_STATUS}']), 60.0, 'the agent')
        result = evaluate(policy, *on_real('driven'), environment=ros_environment, cwd=tmp_path)
    listener.close()
    assert result.returncode == 2
    assert '--real: /driven/' in result.stderr
    assert ' is published by /driven/agent; accepted: ' in result.stderr
    assert 'Traceback' not in result.stderr
    assert not (tmp_path / 'evaluations').exists()


@pytest.mark.timeout(180)
def test_an_evaluation_ends_when_another_node_starts_to_drive(
    ros_environment: dict[str, str], tmp_path: Path, policy: str
) -> None:
    moved = '/shared/evaluation/transitions'
    listener = Listener(
        {'/shared/joint_states': (JointState, 10), moved: (TransitionBatch, TRANSITIONS_QOS)}
    )
    robot = simulated_robot('pendulum', 'shared', seed=1, real_time=True)
    command = [sys.executable, '-m', 'rl_learner.cli.evaluate', policy, '--robot', 'pendulum']
    command += [*on_real('shared'), '--episodes', '100']
    with running([robot], ros_environment, tmp_path):
        listener.until(lambda: bool(listener.heard['/shared/joint_states']), 60.0, 'the robot')
        with subprocess.Popen(
            command, env=ros_environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True
        ) as evaluation:
            listener.until(lambda: bool(listener.heard[moved]), 60.0, 'a transition')
            action = load_robot('pendulum').action
            kind = import_message(action.type)
            listener.node.create_publisher(kind, f'/shared/{action.topic}', 1)
            listener.until(lambda: evaluation.poll() is not None, 60.0, 'its end')
            errors = evaluation.communicate()[1]
    listener.close()
    assert evaluation.returncode == 1
    assert f'/shared/{action.topic} is published by /listener and /shared/agent' in errors
    assert 'another node drives the robot; evaluation stopped' in errors
    assert 'Traceback' not in errors


@pytest.mark.timeout(120)
def test_a_missing_robot_is_named(
    ros_environment: dict[str, str], tmp_path: Path, policy: str
) -> None:
    result = evaluate(
        policy,
        *on_real('nowhere'),
        environment=ros_environment,
        cwd=tmp_path,
        timeout_s=100.0,
    )
    assert result.returncode == 2
    assert '--real: no publisher of /nowhere/joint_states; accepted: ' in result.stderr
    assert 'Traceback' not in result.stderr

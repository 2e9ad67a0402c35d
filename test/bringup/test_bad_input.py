# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Each mistake of a user: one clear error, a non-zero exit, no stack trace, nothing written."""

from collections.abc import Iterator
import contextlib
from pathlib import Path
import socket
import threading

from fleet import Listener, run_module
import numpy as np
import pytest
from rl_agent.bringup.node_specs import evaluation_nodes
from rl_agent.configuration import find_file
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.ros_policy_message import policy_to_message
from rl_agent.ros.ros_topics import POLICY_QOS
from rl_learner.run.identity import claim_run, RunIdentity
from rl_learner.system.ports import free_port
from rl_msgs.msg import Policy
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

MISSPELT_ROBOT = """
name: pendulum
rate_hz: 0
episode_step: 200
observation:
  - {name: cos_angle, topic: joint_states, type: sensor_msgs/msg/JointState,
     field: position, joints: [pivot], transform: cosine}
action: {topic: commands, type: std_msgs/msg/Float64MultiArray, joints: [pivot], unit: N m,
         low: [2.0], high: [-2.0]}
task: {name: swing_up}
reset: {service: reset}
"""
MISSPELT_ALGORITHM = 'gama: 0.9\ntau_target: 7\n'


def check(
    environment: dict[str, str], cwd: Path, module: str, arguments: list[str], words: list[str]
) -> None:
    """Run a program to its end and check its error text."""
    result = run_module(module, *arguments, environment=environment, cwd=cwd)
    assert result.returncode not in (0, -6, -11), result.stderr
    assert 'Traceback' not in result.stderr
    for word in words:
        assert word in result.stderr, result.stderr
    assert not (cwd / 'runs').exists()


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        (['--robot', 'pendulun'], ["robot: given 'pendulun'", 'did you mean', 'pendulum']),
        (['--robot', 'no/such.yaml'], ['no/such.yaml: no such file']),
        (['--algorithm', 'tqx'], ["algorithm: given 'tqx'", 'tqc', 'accepted']),
        (['--algorithm', 'no/such.yaml'], ['no/such.yaml: no such file']),
        (['--resume', 'no/run'], ['--resume', 'no/run', 'the run folder of a demo']),
        (['--robots', '0'], ['--robots', "given '0'", 'at least 1']),
        (['--seed', 'x'], ['--seed', "given 'x'", 'whole number']),
        (['--port', '80'], ['--port', "given '80'", 'at least 1024']),
        (['--port', '99999'], ['--port', 'given 99999', 'free TCP port']),
        (['--steps', '-3'], ['--steps', "given '-3'"]),
        (['--sead', '1'], ['--sead']),
        (['--runs', '/proc/nowhere'], ['/proc/nowhere', 'accepted']),
        (['--name', '../first'], ["--name: given '../first'; accepted: 1 to 200"]),
    ],
)
def test_demo_options(
    ros_environment: dict[str, str], tmp_path: Path, options: list[str], words: list[str]
) -> None:
    check(ros_environment, tmp_path, 'rl_learner.cli.demo', options, words)


BOMB = 'a: &a [x,x,x,x,x,x,x,x,x]\n' + ''.join(
    f'{name}: &{name} [{",".join(9 * [f"*{before}"])}]\n'
    for before, name in zip('abcdefgh', 'bcdefghi', strict=True)
)


@pytest.mark.parametrize(
    ('content', 'words'),
    [
        (BOMB, ['robot.yaml: given more than 500000 values']),
        ('a: &a [*a]', ['robot.yaml: given *a inside of itself']),
        ('a: ' + '[' * 20_000, ['robot.yaml: given lists or mappings nested more than 64 deep']),
    ],
    ids=['bomb', 'recursive', 'deep'],
)
@pytest.mark.parametrize(
    'module', ['rl_agent.nodes.agent_node', 'rl_learner.nodes.replay_bridge_node']
)
def test_a_robot_that_would_fill_the_memory(
    ros_environment: dict[str, str], tmp_path: Path, module: str, content: str, words: list[str]
) -> None:
    (tmp_path / 'robot.yaml').write_text(content)
    options = ['--ros-args', '-p', f'robot:={tmp_path}/robot.yaml']
    check(ros_environment, tmp_path, module, options, words)


def test_a_run_is_never_overwritten(ros_environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / 'kept' / 'first').mkdir(parents=True)
    options = ['--runs', 'kept', '--name', 'first']
    check(
        ros_environment,
        tmp_path,
        'rl_learner.cli.demo',
        options,
        ['first', 'exists already', 'new name'],
    )


def test_all_mistakes_of_a_file_at_once(ros_environment: dict[str, str], tmp_path: Path) -> None:
    robot, algorithm = tmp_path / 'robot.yaml', tmp_path / 'algorithm.yaml'
    robot.write_text(MISSPELT_ROBOT)
    algorithm.write_text(MISSPELT_ALGORITHM)
    words = [
        f'{robot}: rate_hz: given 0; accepted: greater than 0',
        f'{robot}: episode_step: unknown key (did you mean',
        f'{robot}: episode_steps: missing',
        "observation.0.transform: given 'cosine'",
        'action.high: given -2.0 for pivot; accepted: above its low, 2.0',
    ]
    check(
        ros_environment,
        tmp_path,
        'rl_agent.nodes.agent_node',
        ['--ros-args', '-p', f'robot:={robot}'],
        words,
    )
    check(
        ros_environment,
        tmp_path,
        'rl_learner.cli.demo',
        ['--algorithm', str(algorithm)],
        [
            f'{algorithm}: gama: unknown key (did you mean',
            f'{algorithm}: tau_target: given 7; accepted',
        ],
    )


@pytest.mark.parametrize(
    'module',
    ['rl_learner.cli.demo', 'rl_agent.nodes.agent_node', 'rl_learner.nodes.learner_node'],
)
def test_interfaces_that_are_not_built(
    ros_environment: dict[str, str], tmp_path: Path, module: str
) -> None:
    hidden = tmp_path / 'hidden' / 'rl_msgs'
    hidden.mkdir(parents=True)
    (hidden / '__init__.py').write_text("raise ImportError('no such messages')\n")
    environment = {**ros_environment, 'PYTHONPATH': str(hidden.parent)}
    check(environment, tmp_path, module, [], ['rl_msgs', 'not built', 'make setup'])


@pytest.mark.parametrize('module', ['rl_learner.cli.demo', 'rl_learner.nodes.learner_node'])
def test_a_port_in_use(ros_environment: dict[str, str], tmp_path: Path, module: str) -> None:
    with socket.socket() as other:
        other.bind(('127.0.0.1', 0))
        other.listen()
        port = other.getsockname()[1]
        options = ['--port', str(port)]
        if module.endswith('node'):
            folder = tmp_path / 'run'
            options = ['--ros-args', '-p', 'robot:=pendulum', '-p', f'replay_port:={port}']
            options += ['-p', f'run_folder:={folder}']
        check(ros_environment, tmp_path, module, options, ['port', str(port), 'free TCP port'])


def test_a_robot_that_never_publishes(ros_environment: dict[str, str], tmp_path: Path) -> None:
    options = ['--ros-args', '-p', 'robot:=pendulum', '-p', 'robot_timeout_s:=1']
    options += ['-r', '__ns:=/silent']
    words = ['/silent/joint_states: no message in 1 s from 0 publishers', 'accepted', '20 Hz']
    check(ros_environment, tmp_path, 'rl_agent.nodes.agent_node', options, words)


@pytest.mark.parametrize(
    ('module', 'parameter', 'words'),
    [
        ('rl_agent.nodes.agent_node', 'robott:=pendulum', ['robott', 'accepted', 'max_steps']),
        ('rl_agent.nodes.agent_node', 'agent:speed:=1', ['unknown: speed', 'accepted']),
        (
            'rl_agent.nodes.agent_node',
            'publish_frequency:=50.0',  # of another node: only the missing robot is an error
            ['ignored', 'publish_frequency', "robot: given ''"],
        ),
        (
            'rl_learner.nodes.learner_node',
            'robot:=pendulun',
            ['pendulun', 'did you mean', 'pendulum'],
        ),
        (
            'rl_agent.nodes.agent_node',
            'seed:=-1',
            ['seed', 'given -1', 'greater than or equal to 0'],
        ),
        (
            'rl_agent.nodes.simulated_robot_node',
            'seed:=x',
            ['seed', "given 'x'", 'a whole number'],
        ),
        ('rl_learner.nodes.learner_node', 'device:=tpu', ['device', "given 'tpu'", "'cuda'"]),
        (
            'rl_learner.nodes.replay_bridge_node',
            'replay_port:=1',
            ['replay_port', 'given 1', '1024'],
        ),
    ],
)
def test_node_parameters(
    ros_environment: dict[str, str], tmp_path: Path, module: str, parameter: str, words: list[str]
) -> None:
    check(ros_environment, tmp_path, module, ['--ros-args', '-p', parameter], words)


def test_a_name_that_leaves_the_folder_of_spools(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    options = ['--ros-args', '-p', 'robot:=pendulum', '-p', 'robot_id:=..']
    words = ["robot_id: given '..'; accepted: 1 to 200 printable characters"]
    check(ros_environment, tmp_path, 'rl_agent.nodes.agent_node', options, words)


@pytest.mark.parametrize('index', [0, 1], ids=['robot', 'agent'])
def test_a_simulation_in_a_namespace_refuses_absolute_topics(
    ros_environment: dict[str, str], tmp_path: Path, index: int
) -> None:
    """A real robot may use the same topics."""
    text = find_file('robots', 'pendulum').read_text(encoding='utf-8')
    path = tmp_path / 'absolute.yaml'
    path.write_text(text.replace('topic: joint_states', 'topic: /joint_states'), encoding='utf-8')
    spec = evaluation_nodes(str(path), '', simulated=True, seed=0)[index]
    module, *options = spec.arguments()[1:]
    words = ['given /joint_states in the simulation /simulated', 'names without a leading slash']
    check(ros_environment, tmp_path, module, options, words)


def test_a_run_folder_that_cannot_be_written_is_refused(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    options = ['--ros-args', '-p', 'robot:=pendulum', '-p', 'run_folder:=/proc/nowhere']
    options += ['-p', f'replay_port:={free_port()}']
    words = ['run folder', '/proc/nowhere', 'a folder to write in']
    check(ros_environment, tmp_path, 'rl_learner.nodes.learner_node', options, words)


@pytest.mark.parametrize(
    'module', ['rl_learner.nodes.learner_node', 'rl_learner.nodes.replay_bridge_node']
)
def test_the_run_of_another_robot(
    ros_environment: dict[str, str], tmp_path: Path, module: str
) -> None:
    claim_run(tmp_path, RunIdentity('another', 3, 1, 5))
    options = ['--ros-args', '-p', 'robot:=pendulum', '-p', f'run_folder:={tmp_path}']
    options += ['-p', f'replay_port:={free_port()}']
    words = ['fingerprint: given ', 'accepted: another', 'n_step: given 1; accepted: 5']
    check(ros_environment, tmp_path, module, options, words)
    left = {path.name for path in tmp_path.iterdir()}
    assert left - {'learner.lock'} == {'replay.json'}


@contextlib.contextmanager
def sensors_and_policy(namespace: str) -> Iterator[None]:
    """Hear commands, publish joint states at 20 Hz from a thread, and once a policy that fits."""
    commands = f'{namespace}/effort_controller/commands'
    listener = Listener({commands: (Float64MultiArray, 10)})
    node, spaces = listener.node, Spaces(load_robot('pendulum'))
    architecture = PolicyArchitecture(3, 1, (4,))
    numbers = np.zeros(architecture.num_parameters, np.float32)
    policy = PolicyParameters(architecture, numbers, fingerprint=spaces.fingerprint, version=1)
    policies = node.create_publisher(Policy, f'{namespace}/policy', POLICY_QOS)
    policies.publish(policy_to_message(policy))
    states = node.create_publisher(JointState, f'{namespace}/joint_states', 10)
    done = threading.Event()

    def publish() -> None:
        while not done.wait(0.05):
            message = JointState(name=['pivot'], position=[0.0], velocity=[0.0])
            message.header.stamp = node.get_clock().now().to_msg()
            states.publish(message)

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        listener.close()


def test_a_robot_without_a_reset_service(ros_environment: dict[str, str], tmp_path: Path) -> None:
    """There are sensors and a policy, but no service."""
    namespace = '/no_reset'
    arguments = ['--ros-args', '-p', 'robot:=pendulum', '-r', f'__ns:={namespace}']
    arguments += ['-r', f'/policy:={namespace}/policy', '-p', 'robot_timeout_s:=6']
    with sensors_and_policy(namespace):
        words = [f'{namespace}/reset: no such service within 6 s', 'std_srvs/srv/Trigger']
        check(ros_environment, tmp_path, 'rl_agent.nodes.agent_node', arguments, words)

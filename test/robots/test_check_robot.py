# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""`check_robot` reports correct and wrong descriptions of robots in real processes."""

from collections.abc import Iterator
import contextlib
from pathlib import Path
import subprocess
import threading
from typing import Any

from fleet import run_module, running
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.utilities import try_shutdown
from rl_agent.bringup.node_specs import simulated_robot
from rl_agent.configuration import config_folder
from rl_learner.system.domain import claim_domain
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger
import yaml

Content = dict[str, Any]
NAMESPACE, DRIVEN = 'checked', 'driven'


@pytest.fixture(scope='module')
def environment(
    ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """Run a simulated arm, and wait until `check_robot` finds nothing wrong."""
    folder = tmp_path_factory.mktemp('robot')
    with running([simulated_robot('arm', NAMESPACE)], ros_environment, folder):
        for _ in range(10):
            if not check(ros_environment, folder, 'arm').returncode:
                break
        yield ros_environment


def check(
    environment: dict[str, str], folder: Path, robot: str, *options: str
) -> 'subprocess.CompletedProcess[str]':
    words = (robot, '--namespace', NAMESPACE, *(options or ('--seconds', '2')))
    return run_module(
        'rl_agent.robot_check.check_robot', *words, environment=environment, cwd=folder
    )


def test_a_robot_as_described(environment: dict[str, str], tmp_path: Path) -> None:
    result = check(environment, tmp_path, 'arm')
    assert result.returncode == 0, result.stdout + result.stderr
    heading, _, *lines = result.stdout.splitlines()
    assert heading.split() == [
        'field',
        'topic',
        'rate',
        'age',
        'last',
        'value',
        'bounds',
        'verdict',
    ]
    rows = {line.split()[0]: line for line in lines[:7]}
    assert list(rows)[:5] == ['cos_angle', 'sin_angle', 'velocity', 'hand', 'target']
    assert list(rows)[5:] == ['(command)', '(reset)']
    assert all(line.endswith('ok') for line in rows.values())
    assert '/checked/joint_states' in rows['velocity']
    assert ' Hz ' in rows['velocity']
    assert '-10 to 10' in rows['velocity']
    assert 'everything is as described' in result.stdout


# file by file: section with changed values, and what the report must contain
BROKEN: dict[str, tuple[list[tuple[str | int, Content]], list[str]]] = {
    'names, topics, frames and bounds': (
        [
            (0, {'bounds': [2.0, 3.0]}),
            (2, {'joints': ['shoulder', 'wrist']}),
            (3, {'frame': 'world'}),
            (4, {'topic': 'targets'}),
            ('action', {'topic': 'commands'}),
            ('reset', {'service': 'resett'}),
        ],
        [
            'arm: 6 of 7 failed',
            'cos_angle: given',
            'accepted: 2 to 3',
            'velocity: /checked/joint_states: joints: the message names shoulder, elbow;'
            ' accepted: a message that names shoulder, wrist',
            "hand: /checked/hand: frame: given 'base'; accepted: 'world'",
            "target: /checked/targets: no publisher (did you mean '/checked/target'?)",
            '(command): /checked/commands: no subscriber',
            'topics of type std_msgs/msg/Float64MultiArray: /checked/effort_controller/commands',
            "(reset): /checked/resett: no such service (did you mean '/checked/reset'?)",
        ],
    ),
    'types': (
        [
            (3, {'type': 'geometry_msgs/msg/PoseStamped', 'field': 'pose.position'}),
            ('action', {'type': 'std_msgs/msg/Float32MultiArray'}),
            ('reset', {'service_type': 'std_srvs/srv/Empty'}),
        ],
        [
            'arm: 3 of 7 failed',
            'hand: type: given geometry_msgs/msg/PointStamped; accepted:'
            ' geometry_msgs/msg/PoseStamped',
            '(command): type: given std_msgs/msg/Float64MultiArray; accepted:'
            ' std_msgs/msg/Float32MultiArray',
            '(reset): type: given std_srvs/srv/Trigger; accepted: std_srvs/srv/Empty',
        ],
    ),
    'mistakes in the file alone': (
        [(3, {'indices': [0, 3]}), (2, {'field': 'velocty'})],
        [
            'observation.3: indices: given 3; accepted: 0 to 2',
            "observation.2: field: given 'velocty' (did you mean 'velocity'?)",
        ],
    ),
}


@pytest.mark.parametrize('name', BROKEN)
def test_a_robot_that_differs(environment: dict[str, str], tmp_path: Path, name: str) -> None:
    changes, words = BROKEN[name]
    content = yaml.safe_load((config_folder() / 'robots' / 'arm.yaml').read_text())
    for section, values in changes:
        place = content['observation'][section] if isinstance(section, int) else content[section]
        place.update(values)
    (tmp_path / 'arm.yaml').write_text(yaml.safe_dump(content))
    result = check(environment, tmp_path, 'arm.yaml')
    text = result.stdout + result.stderr
    assert result.returncode in (1, 2), text
    assert 'Traceback' not in text
    for word in words:
        assert word in text, text


@pytest.fixture
def deserted(ros_environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """An environment with an empty ROS domain."""
    with claim_domain() as domain:
        yield {**ros_environment, 'ROS_DOMAIN_ID': str(domain)}


def test_a_missing_robot(deserted: dict[str, str], tmp_path: Path) -> None:
    words = ('pendulum', '--namespace', '/nowhere/', '--seconds', '0.5')
    result = run_module(
        'rl_agent.robot_check.check_robot', *words, environment=deserted, cwd=tmp_path
    )
    assert result.returncode == 1
    for field in ('cos_angle', 'sin_angle', 'velocity'):
        assert f'{field}: /nowhere/joint_states: no publisher' in result.stdout
    assert '(command): /nowhere/effort_controller/commands: no subscriber' in result.stdout
    assert '(reset): /nowhere/reset: no such service' in result.stdout
    domain = deserted['ROS_DOMAIN_ID']
    assert f'No other ROS node was found in ROS domain {domain}.' in result.stdout


def test_topics_of_the_check_itself_are_not_suggested(
    deserted: dict[str, str], tmp_path: Path
) -> None:
    """Neither of two silent topics of one type is suggested for the other."""
    result = check(deserted, tmp_path, 'arm', '--seconds', '0.5')
    assert 'hand: /checked/hand: no publisher; there is no topic' in result.stdout


@contextlib.contextmanager
def driver(name: str, *others: str) -> Iterator[None]:
    """Run a pendulum's driver at 10 Hz, with other joints in messages on the same topic."""
    context = Context()
    rclpy.init(context=context)
    node = Node(name, context=context, namespace=DRIVEN)
    states = node.create_publisher(JointState, 'joint_states', 10)

    def publish() -> None:
        for joint in ('pivot', *others):
            states.publish(JointState(name=[joint], position=[0.1], velocity=[0.2]))

    node.create_timer(0.1, publish)
    node.create_subscription(Float64MultiArray, 'effort_controller/commands', print, 10)
    node.create_service(Trigger, 'reset', lambda request, response: response)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin)
    thread.start()
    try:
        yield
    finally:
        executor.shutdown()
        thread.join()
        node.destroy_node()
        try_shutdown(context=context)


def check_driven(
    environment: dict[str, str], folder: Path, **changes: Any
) -> 'subprocess.CompletedProcess[str]':
    """Check the pendulum of `driver` against a description with other values."""
    content = yaml.safe_load((config_folder() / 'robots' / 'pendulum.yaml').read_text())
    (folder / 'driven.yaml').write_text(yaml.safe_dump({**content, **changes}))
    words = ('driven.yaml', '--namespace', f'/{DRIVEN}/')
    return run_module(
        'rl_agent.robot_check.check_robot', *words, environment=environment, cwd=folder
    )


def test_a_gripper_may_share_the_topic_of_its_arm(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    safety = {'sensor_watchdog': {'max_age_s': 60}}  # long enough for any machine
    with driver('driver', 'finger'):
        result = check_driven(ros_environment, tmp_path, rate_hz=1, safety=safety)
    assert result.returncode == 0, result.stdout + result.stderr
    assert 'finger' not in result.stdout


def test_what_the_agent_would_stop_for(ros_environment: dict[str, str], tmp_path: Path) -> None:
    safety = {'sensor_watchdog': {'max_age_s': 0.01}}
    with driver('driver', 'finger'):
        result = check_driven(ros_environment, tmp_path, rate_hz=1000, safety=safety)
    assert result.returncode == 1, result.stdout + result.stderr
    for words in (
        'velocity: /driven/joint_states: joints: the message names finger; accepted: a message'
        ' that names pivot',
        'Hz of messages that fit velocity; accepted: the control rate, 1000 Hz',
        'velocity: age: given up to ',
        '; accepted: max_age_s, 0.01 s',
    ):
        assert words in result.stdout


@pytest.mark.parametrize('name', ['simulated_robot', 'gazebo_robot'])
def test_rates_in_lockstep_are_not_checked(
    ros_environment: dict[str, str], tmp_path: Path, name: str
) -> None:
    """Without commands the robot repeats its state at 10 Hz, half of the control rate."""
    with driver(name):
        result = check_driven(ros_environment, tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert 'rates and ages were not checked' in result.stdout


@pytest.mark.parametrize(
    ('words', 'expected'),
    [
        (('r2d2',), "robot: given 'r2d2'"),
        (('pendulum', '--seconds', '0'), '--seconds: given 0; accepted'),
        (
            ('pendulum', '--namespace', 'robot-1'),
            "--namespace: given 'robot-1'; accepted: a name such as robot_1",
        ),
        (('pendulum', '--ros-args', '-r', 'a//b:=c'), 'ROS arguments: '),
    ],
)
def test_options(
    ros_environment: dict[str, str], tmp_path: Path, words: tuple[str, ...], expected: str
) -> None:
    result = run_module(
        'rl_agent.robot_check.check_robot', *words, environment=ros_environment, cwd=tmp_path
    )
    assert result.returncode == 2
    assert expected in result.stderr
    assert 'Traceback' not in result.stderr


def test_a_topic_that_ros_refuses(ros_environment: dict[str, str], tmp_path: Path) -> None:
    action = {'topic': 'commands/', 'type': 'std_msgs/msg/Float64MultiArray', 'joints': ['pivot']}
    bounds = {'unit': 'N m', 'low': [-2.0], 'high': [2.0]}
    result = check_driven(ros_environment, tmp_path, action={**action, **bounds})
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert "driven.yaml: action.topic: given 'commands/'; accepted: words of" in line

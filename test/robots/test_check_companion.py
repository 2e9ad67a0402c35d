# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""`check_robot` beside somebody who connects a robot: what a policy would see, and from whom.

Before a robot moves, people print the observations of their policy and its commands, without
sending them (holosoma#177), because joints come in another order than they thought
(TienKung-Lab#26), or from two nodes at once (xarm_ros#185).
"""

from collections.abc import Iterator
import contextlib
import json
import os
from pathlib import Path
import pty
import signal
import subprocess
import sys
from typing import Any

from fleet import run_module, SpinningListener, with_helpers
import pytest
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, qos_profile_sensor_data, QoSProfile
from rl_agent.robot_check.check_report import CheckReport, FieldReport
from rl_agent.robot_check.ros_robot_check import RobotCheck
from rl_agent.robot_interface.ros_robot_description import load_ros_robot
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Float64MultiArray, String
import yaml

NAMESPACE = 'companion'
MODULE = 'rl_agent.robot_check.check_robot'
JOINTS = {'topic': 'joint_states', 'type': 'sensor_msgs/msg/JointState', 'field': 'position'}
IMU = {'topic': 'imu', 'type': 'sensor_msgs/msg/Imu'}
URDF = """
<robot name="leg">
  <joint name="hip" type="revolute"><limit lower="-1.5" upper="1.5"/></joint>
  <joint name="knee" type="revolute"><limit lower="-2.5" upper="2.5"/></joint>
</robot>
"""
ROBOT: dict[str, Any] = {
    'name': 'leg',
    'rate_hz': 20,
    'episode_steps': 100,
    'stack': 2,
    'previous_actions': 1,
    'observation': [
        {
            'name': 'angle',
            **JOINTS,
            'joints': ['hip', 'knee'],
            'unit': 'rad',
            'bounds': [-0.25, 1.0],
            'clip': True,
        },
        {'name': 'finger', **JOINTS, 'joints': ['finger'], 'max_age_s': 30},
        {'name': 'turning', **IMU, 'field': 'angular_velocity', 'size': 3},
        {'name': 'orientation', **IMU, 'field': 'orientation', 'size': 4},
    ],
    'action': {
        'topic': 'commands',
        'type': 'std_msgs/msg/Float64MultiArray',
        'joints': ['hip', 'knee'],
        'unit': 'rad',
        'low': [-1.0, -1.0],
        'high': [1.0, 1.0],
        'default': [0.25, -0.5],
    },
    'task': {'name': 'idle_task:IdleTask'},
    'reset': {'person': True},
    'safety': {
        'tilt': {'observation': 'orientation', 'max_roll_rad': 0.5, 'max_pitch_rad': 0.5},
        'limits': [{'name': 'knee_stop', 'observation': 'angle', 'low': [-2.0], 'high': [2.0]}],
        'sensor_watchdog': {'max_age_s': 20.0},  # long enough for any machine
    },
}


class Leg(SpinningListener):
    """A leg at 100 Hz, an IMU without orientation, and a gripper at 5 Hz on the same topic.

    Attributes:
        commands: what was sent to it.
    """

    def __init__(self) -> None:
        """Begin to publish."""
        super().__init__()
        self.commands: list[Any] = []
        context = self.node.context
        self._nodes = [
            Node(name, context=context, namespace=NAMESPACE) for name in ('leg', 'gripper')
        ]
        leg, gripper = self._nodes
        states = [node.create_publisher(JointState, 'joint_states', 10) for node in self._nodes]
        imu = leg.create_publisher(Imu, 'imu', qos_profile_sensor_data)
        unknown = Imu()
        unknown.orientation_covariance[0] = -1.0
        unknown.angular_velocity.z = 0.125
        # the joints come in another order than they are described
        leg_state = JointState(name=['knee', 'hip'], position=[-0.5, 0.25])
        finger_state = JointState(name=['finger'], position=[0.0625])

        def tell() -> None:
            states[0].publish(leg_state)
            imu.publish(unknown)

        kept = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        leg.create_publisher(String, 'robot_description', kept).publish(String(data=URDF))
        leg.create_timer(0.01, tell)
        gripper.create_timer(0.2, lambda: states[1].publish(finger_state))
        leg.create_subscription(Float64MultiArray, 'commands', self.commands.append, 10)
        for node in self._nodes:
            self.executor.add_node(node)

    def close(self) -> None:
        """Destroy the nodes."""
        self.stop()
        for node in self._nodes:
            node.destroy_node()
        super().close()


@pytest.fixture(scope='module')
def leg(ros_environment: dict[str, str]) -> Iterator[Leg]:
    robot = Leg()
    yield robot
    robot.close()


@pytest.fixture(scope='module')
def robot_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp('leg') / 'leg.yaml'
    path.write_text(yaml.safe_dump(ROBOT, sort_keys=False))
    return str(path)


@pytest.fixture(scope='module')
def report(leg: Leg, robot_file: str) -> CheckReport:
    """Return a report in which every publisher was told apart."""
    check = RobotCheck(load_ros_robot(robot_file), NAMESPACE, [])
    try:
        check.find(1.0)
        found = check.report()
        for _ in range(20):  # on a busy machine discovery takes longer
            finger = field(found, 'finger')
            has_urdf = any('URDF' in item.reason for item in found.limits)
            if len(finger.publishers) == 1 and finger.messages > 2 and has_urdf:
                break
            check.listen(1.0)
            found = check.report()
    finally:
        check.close()
    return found


def field(report: CheckReport, name: str) -> FieldReport:
    """Return the report about a field."""
    return next(item for item in report.fields if item.row.name == name)


def test_numbers_in_the_message_and_as_the_policy_sees_them(report: CheckReport) -> None:
    angle = field(report, 'angle')
    assert (angle.raw_names, angle.raw) == (('hip', 'knee'), [0.25, -0.5])
    assert (angle.names, angle.values) == (('angle/hip', 'angle/knee'), [0.25, -0.25])  # clipped
    assert angle.bounds == (-0.25, 1.0)


def test_each_field_has_its_source(report: CheckReport) -> None:
    nodes = {item.row.name: [other.node for other in item.publishers] for item in report.fields}
    assert nodes == {
        'angle': [f'/{NAMESPACE}/leg'],
        'finger': [f'/{NAMESPACE}/gripper'],
        'turning': [f'/{NAMESPACE}/leg'],
        'orientation': [f'/{NAMESPACE}/leg'],
    }
    (offered,) = field(report, 'turning').publishers
    assert (str(offered.quality), offered.type) == ('best effort, volatile', IMU['type'])
    (offered,) = field(report, 'angle').publishers
    assert str(offered.quality) == 'reliable, volatile'
    assert str(field(report, 'angle').requested) == 'best effort, volatile'


def test_a_slow_field_repeats_at_the_control_rate(report: CheckReport) -> None:
    """The gripper has a new message in every fourth period at most."""
    ages = field(report, 'finger').ages
    assert ages is not None
    assert ages.repeats > 0.5
    assert ages.worst_s >= ages.median_s > 0.0


def test_a_tilt_limit_without_orientation_cannot_trip(report: CheckReport) -> None:
    limits = {item.name: item for item in report.limits if item.name != 'sensor_too_old'}
    assert limits['tilt'].could_trip == 'no'
    assert 'the driver does not know orientation' in limits['tilt'].reason
    assert limits['knee_stop'].could_trip == 'unsure'  # it does not move
    assert limits['pose_beyond_box'].could_trip == 'yes'


def test_a_limit_beyond_an_end_stop_never_trips(report: CheckReport) -> None:
    """The hip turns to 1.5 rad, its limit is 2 rad; that of the knee lies before its end stop."""
    (limit,) = (item for item in report.limits if item.name == 'knee_stop')
    words = 'never beyond low -2 of hip, high 2 of hip: beyond the end stops in the URDF'
    assert words in limit.reason


def test_the_whole_observation(leg: Leg, robot_file: str, report: CheckReport) -> None:
    """Without the orientation there is none; with the rest it is what a policy would get."""
    assert report.observation is None
    content = {**ROBOT, 'observation': ROBOT['observation'][:3], 'safety': {}}
    path = Path(robot_file).with_name('no_orientation.yaml')
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    check = RobotCheck(load_ros_robot(str(path)), NAMESPACE, [])
    try:
        check.find(0.5)
        for _ in range(40):
            if (found := check.report()).samples > 2:
                break
            check.listen(0.5)
    finally:
        check.close()
    frame = [0.25, -0.25, 0.0625, 0.0, 0.0, 0.125]
    assert found.observation == [*frame, *frame, 0.0, 0.0]
    assert found.names[:3] == ('angle/hip', 'angle/knee', 'finger')
    assert found.names[6] == 'angle/hip@-1'
    assert found.names[-1] == 'previous_action/knee'


def test_the_first_command_is_shown_and_not_sent(leg: Leg, report: CheckReport) -> None:
    assert report.commands[0].first == {'data': [0.25, -0.5]}
    assert [item.node for item in report.commands[0].subscribers] == [f'/{NAMESPACE}/leg']
    assert leg.node.count_publishers(f'/{NAMESPACE}/commands') == 0
    assert leg.commands == []


def command(robot_file: str, *options: str) -> list[str]:
    """Return the command line of the tool."""
    return [sys.executable, '-m', MODULE, robot_file, '--namespace', NAMESPACE, *options]


def test_json_and_text(leg: Leg, robot_file: str, ros_environment: dict[str, str]) -> None:
    environment = with_helpers(ros_environment)
    words = (robot_file, '--namespace', NAMESPACE)
    folder = Path(robot_file).parent
    result = run_module(MODULE, *words, '--json', environment=environment, cwd=folder)
    assert result.returncode == 1, result.stderr
    found = json.loads(result.stdout)
    assert (found['schema'], found['ok'], found['robot']) == (1, False, 'leg')
    assert [item['name'] for item in found['fields']] == [
        'angle',
        'finger',
        'turning',
        'orientation',
    ]
    assert found['fields'][0]['requested'] == {
        'reliability': 'best effort',
        'durability': 'volatile',
    }
    assert found['commands'][0]['first'] == {'data': [0.25, -0.5]}
    assert found['observation']['names'][0] == 'angle/hip'
    assert {item['could_trip'] for item in found['limits']} <= {'now', 'yes', 'no', 'unsure'}

    result = run_module(MODULE, *words, environment=environment, cwd=folder)
    assert result.returncode == 1, result.stderr
    lines = [' '.join(line.split()) for line in result.stdout.splitlines()]
    assert 'angle/knee -0.5 -0.25 -0.25 to 1 rad' in lines
    assert ' data: [0.25, -0.5]'.strip() in lines
    assert any(line.startswith('tilt orientation CANNOT') for line in lines)


@contextlib.contextmanager
def watching(
    robot_file: str, environment: dict[str, str], *options: str
) -> Iterator['subprocess.Popen[str]']:
    """Run the tool with `--watch`; end it where a test fails."""
    with subprocess.Popen(
        command(robot_file, '--watch', '--seconds', '0.3', *options),
        env=with_helpers(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_watching_in_json_ends_cleanly(
    leg: Leg, robot_file: str, ros_environment: dict[str, str]
) -> None:
    with watching(robot_file, ros_environment, '--json') as process:
        assert process.stdout is not None
        reports = [json.loads(process.stdout.readline()) for _ in range(3)]
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert [item['robot'] for item in reports] == ['leg'] * 3
    assert (process.returncode, errors) == (130, '')


def test_a_closed_pipe_ends_it_without_a_trace(
    leg: Leg, robot_file: str, ros_environment: dict[str, str]
) -> None:
    with watching(robot_file, ros_environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=60) == 141
        assert process.stderr.read() == ''


def test_on_a_terminal_the_text_changes_in_place(
    leg: Leg, robot_file: str, ros_environment: dict[str, str]
) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command(robot_file, '--watch', '--seconds', '0.3'),
        env={**with_helpers(ros_environment), 'TERM': 'xterm', 'COLUMNS': '80', 'LINES': '24'},
        stdout=theirs,
        stderr=subprocess.PIPE,
    )
    os.close(theirs)
    try:
        shown = b''
        while shown.count(b'\x1b[H') < 3:
            shown += os.read(ours, 4096)
        process.send_signal(signal.SIGINT)
        while True:  # until the terminal is closed at the other end
            try:
                if not os.read(ours, 4096):
                    break
            except OSError:
                break
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert (process.returncode, errors) == (130, b'')
    screens = shown.split(b'\x1b[H')
    assert screens[0] == b'\x1b[2J'  # cleared once, then written over
    assert screens[1].count(b'\n') == 23
    assert b'more lines: a taller terminal' in screens[1]

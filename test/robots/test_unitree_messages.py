# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A robot with lists of motors, commands that need gains and a checksum, and w-first quaternions.

The messages have the shape of Unitree's LowState and LowCmd: a motor without `mode` and `kp` stays
limp, and the robot drops a command whose checksum is wrong.
"""

from collections.abc import Callable, Iterator
import copy
from pathlib import Path
from typing import Any
import zlib

from fleet import run_module, SpinningListener, with_helpers
import numpy as np
import pytest
from rclpy.qos import qos_profile_sensor_data
from rl_agent.errors import ConfigurationError, RobotError
from rl_agent.robot_interface.ros_robot_description import load_ros_robot
from rl_agent.ros.ros_messages import import_message
from rl_agent.ros_env import RosEnv
from stand_in_messages import stand_in_messages
import yaml

JOINTS = [f'{leg}_{part}' for leg in ('FR', 'FL', 'RR', 'RL') for part in ('hip', 'thigh', 'calf')]
STANDING = [0.0, 0.75, -1.5] * 4
HOOK = """
import zlib

def add_crc(message):
    message.crc = zlib.crc32(b''.join(
        bytes([motor.mode]) + repr((motor.q, motor.kp, motor.kd)).encode()
        for motor in message.motor_cmd
    ))
"""
GO2: dict[str, Any] = {
    'name': 'go2',
    'rate_hz': 20,
    'episode_steps': 200,
    'observation': [
        {
            'name': 'joint_angle',
            'topic': 'lowstate',
            'type': 'unitree_go/msg/LowState',
            'field': 'motor_state[0:12].q',
            'joints': JOINTS,
            'unit': 'rad',
        },
        {
            'name': 'gravity',
            'topic': 'lowstate',
            'type': 'unitree_go/msg/LowState',
            'field': 'imu_state.quaternion',
            'size': 4,
            'quaternion_order': 'wxyz',
            'transform': 'projected_gravity',
        },
        {
            'name': 'orientation',
            'topic': 'lowstate',
            'type': 'unitree_go/msg/LowState',
            'field': 'imu_state.quaternion',
            'size': 4,
            'quaternion_order': 'wxyz',
        },
        {
            'name': 'contact',
            'topic': 'lowstate',
            'type': 'unitree_go/msg/LowState',
            'field': 'foot_force',
            'size': 4,
        },
    ],
    'action': {
        'topic': 'lowcmd',
        'type': 'unitree_go/msg/LowCmd',
        'joints': JOINTS,
        'field': 'motor_cmd[0:12].q',
        'unit': 'rad',
        'low': [-1.0, 0.0, -2.0] * 4,
        'high': [1.0, 1.5, -1.0] * 4,
        'default': STANDING,
        'constants': {
            'head': [254, 239],
            'level_flag': 255,
            'motor_cmd[0:12].mode': 1,
            'motor_cmd[0:12].kp': 40.0,
            'motor_cmd[0:12].kd': [1.0, 1.0, 1.5] * 4,
        },
        'finish': 'crc_of_go2:add_crc',
    },
    'task': {'name': 'idle_task:IdleTask'},
    'reset': {'move_to_pose': {'field': 'joint_angle', 'seconds': 0.2}},
    'safety': {'tilt': {'observation': 'orientation', 'max_roll_rad': 0.5, 'max_pitch_rad': 0.5}},
}


class Go2(SpinningListener):
    """Publishes its state at 100 Hz; its motors obey commands with a correct checksum.

    Attributes:
        quaternion: orientation, w first.
        commands: what it has obeyed.
        dropped: number of commands that it has not.
    """

    def __init__(self) -> None:
        """Stand."""
        super().__init__()
        states, commands = (import_message(f'unitree_go/msg/{n}') for n in ('LowState', 'LowCmd'))
        self._kind = states
        self.quaternion = [1.0, 0.0, 0.0, 0.0]
        self.angles = [*STANDING, *[9.0] * 8]
        self.commands: list[Any] = []
        self.dropped = 0
        self._states = self.node.create_publisher(states, 'lowstate', qos_profile_sensor_data)
        self.node.create_subscription(commands, 'lowcmd', self._obey, 10)
        self.node.create_timer(0.01, self._tell)

    def _tell(self) -> None:
        state = self._kind(foot_force=[1, 2, 3, 4])
        state.imu_state.quaternion = np.array(self.quaternion, np.float32)
        for motor, angle in zip(state.motor_state, self.angles, strict=True):
            motor.q = angle
        self._states.publish(state)

    def _obey(self, command: Any) -> None:
        parts = [
            bytes([motor.mode]) + repr((motor.q, motor.kp, motor.kd)).encode()
            for motor in command.motor_cmd
        ]
        if command.crc != zlib.crc32(b''.join(parts)):
            self.dropped += 1
            return
        self.commands.append(command)
        for number, motor in enumerate(command.motor_cmd):
            if motor.mode == 1 and motor.kp > 0.0:
                self.angles[number] = motor.q


@pytest.fixture(scope='module')
def environment(
    ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """Provide messages, description and checksum."""
    folder = tmp_path_factory.mktemp('go2')
    (folder / 'crc_of_go2.py').write_text(HOOK)
    (folder / 'go2.yaml').write_text(yaml.safe_dump(GO2, sort_keys=False))
    with stand_in_messages('unitree_go', ros_environment) as variables:
        helped = with_helpers(variables)
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(folder)
            patch.chdir(folder)
            yield {**helped, 'PYTHONPATH': f'{folder}:{helped["PYTHONPATH"]}'}


@pytest.fixture
def go2(environment: dict[str, str]) -> Iterator[Go2]:
    robot = Go2()
    yield robot
    robot.close()


def test_the_motors_obey(go2: Go2) -> None:
    with RosEnv('go2.yaml', real_time=True) as env:
        assert env.spaces.observation_names[:2] == ('joint_angle/FR_hip', 'joint_angle/FR_thigh')
        first, _ = env.reset()
        assert first[:12].tolist() == pytest.approx(STANDING)
        assert first[12:15].tolist() == pytest.approx([0.0, 0.0, -1.0])  # it stands upright
        assert first[15:19].tolist() == [0.0, 0.0, 0.0, 1.0]  # x, y, z, w
        assert first[19:].tolist() == [1.0, 2.0, 3.0, 4.0]
        for _ in range(5):
            last, *_, info = env.step(np.full(12, 0.5, np.float32))
        assert info['command'].tolist() == [0.5, 1.125, -1.25] * 4
        assert last[:12].tolist() == pytest.approx([0.5, 1.125, -1.25] * 4)
    command = go2.commands[-1]
    assert (list(command.head), command.level_flag) == ([254, 239], 255)
    assert [motor.mode for motor in command.motor_cmd] == [1] * 12 + [0] * 8
    assert [motor.kp for motor in command.motor_cmd] == [40.0] * 12 + [0.0] * 8
    assert [motor.kd for motor in command.motor_cmd] == [1.0, 1.0, 1.5] * 4 + [0.0] * 8
    assert go2.dropped == 0


def test_lying_on_its_side_trips_the_tilt_limit(go2: Go2) -> None:
    go2.quaternion = [np.sqrt(0.5), np.sqrt(0.5), 0.0, 0.0]
    with RosEnv('go2.yaml', real_time=True) as env:
        env.stop_waiting()
        with pytest.raises(RobotError, match='tilt'):
            env.reset()
    for command in go2.commands:  # the stop holds the pose
        assert [motor.q for motor in command.motor_cmd[:12]] == pytest.approx(STANDING)


MISTAKES: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    'the list without a slice': (
        lambda robot: robot['observation'][0].update(field='motor_state.q'),
        "observation.0: field: given 'motor_state.q' (did you mean 'motor_state[0:20].q'?)",
    ),
    'more motors than joints': (
        lambda robot: robot['observation'][0].update(field='motor_state[0:13].q'),
        'observation.0: joints: given 12; accepted: one for each of the 13 numbers',
    ),
    'motors that the message does not have': (
        lambda robot: robot['observation'][0].update(field='motor_state[9:21].q'),
        "given 'motor_state[20].q'; accepted: motor_state[0] to motor_state[19]",
    ),
    'gravity of a quaternion in an unknown order': (
        lambda robot: robot['observation'][1].pop('quaternion_order'),
        'observation.1: quaternion_order: missing; accepted: xyzw or wxyz, as imu_state.quatern',
    ),
    'tilt of a quaternion in an unknown order': (
        lambda robot: robot['observation'][2].pop('quaternion_order'),
        "safety.tilt: observation field 'orientation': quaternion_order: missing; accepted: xyzw",
    ),
    'three numbers of a quaternion': (
        lambda robot: robot['observation'][1].update(size=3),
        "observation.1: quaternion_order: given 'wxyz' of 3 numbers; accepted: of the 4 numbers",
    ),
    'fewer motors than joints in the command': (
        lambda robot: robot['action'].update(field='motor_cmd[0:11].q'),
        "action: field: given 'motor_cmd[0:11].q', 11 items; accepted: one for each of the 12",
    ),
    'a slice among fields': (
        lambda robot: robot['action'].update(fields=['motor_cmd[0:12].q']),
        "action.fields: given 'motor_cmd[0:12].q'; accepted: one number each; a slice goes with",
    ),
    'a negative slice': (
        lambda robot: robot['action'].update(field='motor_cmd[-12:20].q'),
        "action.field: given 'motor_cmd[-12:20].q'; accepted: field names joined by dots, each",
    ),
    'an empty slice': (
        lambda robot: robot['action'].update(field='motor_cmd[12:12].q'),
        "action.field: given 'motor_cmd[12:12].q'; accepted: slices [first:last + 1]",
    ),
    'a slice without end': (
        lambda robot: robot['action'].update(field='motor_cmd[0:900000].q'),
        "action.field: given 'motor_cmd[0:900000].q': 900000 items; accepted: 1 to 10000",
    ),
    'a constant of a motor that there is not': (
        lambda robot: robot['action']['constants'].update({'motor_cmd[20].kp': 1.0}),
        "constants: given 'motor_cmd[20].kp'; accepted: motor_cmd[0] to motor_cmd[19]",
    ),
    'a constant that is a mapping': (
        lambda robot: robot['action']['constants'].update({'head': {'first': 254}}),
        "action.constants: head: given {'first': 254}; accepted: a number, true, false or a text",
    ),
    'a hook without a function': (
        lambda robot: robot['action'].update(finish='crc_of_go2'),
        "action.finish: given 'crc_of_go2'; accepted: module:function",
    ),
    'a hook that cannot be imported': (
        lambda robot: robot['action'].update(finish='crc_of_go1:add_crc'),
        "action: finish: given 'crc_of_go1:add_crc': ModuleNotFoundError: No module named",
    ),
}


@pytest.mark.parametrize('what', MISTAKES)
def test_mistakes_are_named(environment: dict[str, str], tmp_path: Path, what: str) -> None:
    change, words = MISTAKES[what]
    robot = copy.deepcopy(GO2)
    change(robot)
    path = tmp_path / 'robot.yaml'
    path.write_text(yaml.safe_dump(robot))
    with pytest.raises(ConfigurationError) as caught:
        load_ros_robot(str(path))
    assert words in str(caught.value)
    lines = str(caught.value).splitlines()
    assert any(words in line and line.startswith(str(path)) for line in lines)


def test_the_first_command_is_shown(go2: Go2, environment: dict[str, str]) -> None:
    result = run_module(
        'rl_agent.robot_check.check_robot',
        'go2.yaml',
        environment=environment,
        cwd=Path.cwd(),
        timeout_s=120.0,
    )
    assert 'everything is as described' in result.stdout, result.stdout + result.stderr
    heading = 'first command, its default, to /lowcmd as unitree_go/msg/LowCmd; nothing was sent;'
    assert heading in result.stdout
    lines = result.stdout.splitlines()
    for line in ('  head: [254, 239]', '  level_flag: 255'):
        assert line in lines
    first = lines.index('  motor_cmd:') + 1
    assert lines[first : first + 3] == [
        '  - {mode: 1, q: 0.0, kp: 40.0, kd: 1.0}',
        '  - {mode: 1, q: 0.75, kp: 40.0, kd: 1.0}',
        '  - {mode: 1, q: -1.5, kp: 40.0, kd: 1.5}',
    ]
    assert lines[first + 12 : first + 20] == ['  - {mode: 0, q: 0.0, kp: 0.0, kd: 0.0}'] * 8
    assert any(line.startswith('  crc: ') for line in lines)

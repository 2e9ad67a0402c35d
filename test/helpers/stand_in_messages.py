# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Message packages in the shape of robots' own, generated and compiled when a test needs them.

Such packages are not on PyPI. These have the same names, so that descriptions written for a robot
are tried as they are, and only the fields that matter.
"""

from collections.abc import Iterator
import contextlib
import ctypes
import fcntl
import hashlib
import os
from pathlib import Path
import subprocess
import sys

import pytest

_FOLDER = Path(__file__).resolve().parents[2] / 'build' / 'stand_in_messages'
_TIMEOUT_S = 1800.0  # compiling on a busy machine
# package: (packages that it needs, message to its definition)
_PACKAGES: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    'unitree_go': (
        (),
        {
            'BmsCmd': 'uint8 off\nuint8[3] reserve',
            'IMUState': (
                'float32[4] quaternion\nfloat32[3] gyroscope\nfloat32[3] accelerometer\n'
                'float32[3] rpy\nint8 temperature'
            ),
            'MotorState': (
                'uint8 mode\nfloat32 q\nfloat32 dq\nfloat32 ddq\nfloat32 tau_est\n'
                'float32 q_raw\nfloat32 dq_raw\nfloat32 ddq_raw\nint8 temperature\n'
                'uint32 lost\nuint32[2] reserve'
            ),
            'MotorCmd': (
                'uint8 mode\nfloat32 q\nfloat32 dq\nfloat32 tau\nfloat32 kp\nfloat32 kd\n'
                'uint32[3] reserve'
            ),
            'LowState': (
                'uint8[2] head\nIMUState imu_state\nMotorState[20] motor_state\n'
                'int16[4] foot_force\nuint32 tick\nuint32 crc'
            ),
            'LowCmd': (
                'uint8[2] head\nuint8 level_flag\nuint8 frame_reserve\nuint32[2] sn\n'
                'uint32[2] version\nuint16 bandwidth\nMotorCmd[20] motor_cmd\nBmsCmd bms_cmd\n'
                'uint8[40] wireless_remote\nuint8[12] led\nuint8[2] fan\nuint8 gpio\n'
                'uint32 reserve\nuint32 crc'
            ),
        },
    ),
    'tf2_msgs': (
        ('geometry_msgs',),
        {'TFMessage': 'geometry_msgs/TransformStamped[] transforms'},
    ),
    'px4_msgs': (
        (),
        {
            'TrajectorySetpoint': (
                'uint64 timestamp\nfloat32[3] position\nfloat32[3] velocity\n'
                'float32[3] acceleration\nfloat32[3] jerk\nfloat32 yaw\nfloat32 yawspeed'
            ),
            'OffboardControlMode': (
                'uint64 timestamp\nbool position\nbool velocity\nbool acceleration\n'
                'bool attitude\nbool body_rate\nbool thrust_and_torque\nbool direct_actuator'
            ),
            'VehicleOdometry': (
                'uint64 timestamp\nuint64 timestamp_sample\nuint8 pose_frame\n'
                'float32[3] position\nfloat32[4] q\nuint8 velocity_frame\n'
                'float32[3] velocity\nfloat32[3] angular_velocity\n'
                'float32[3] position_variance\nfloat32[3] orientation_variance\n'
                'float32[3] velocity_variance\nuint8 reset_counter\nint8 quality'
            ),
        },
    ),
    'ackermann_msgs': (
        ('std_msgs',),
        {
            'AckermannDrive': (
                'float32 steering_angle\nfloat32 steering_angle_velocity\nfloat32 speed\n'
                'float32 acceleration\nfloat32 jerk'
            ),
            'AckermannDriveStamped': 'std_msgs/Header header\nAckermannDrive drive',
        },
    ),
    'control_msgs': (
        ('std_msgs', 'trajectory_msgs'),
        {
            'JointTrajectoryControllerState': (
                'std_msgs/Header header\nstring[] joint_names\n'
                'trajectory_msgs/JointTrajectoryPoint reference\n'
                'trajectory_msgs/JointTrajectoryPoint feedback\n'
                'trajectory_msgs/JointTrajectoryPoint error\n'
                'trajectory_msgs/JointTrajectoryPoint output'
            ),
        },
    ),
}
_PACKAGE_XML = """<?xml version="1.0"?>
<package format="3">
  <name>{name}</name>
  <version>0.1.0</version>
  <description>Messages in the shape of {name}, for tests.</description>
  <maintainer email="maintainers@rl-agent.example.org">The rl_agent authors</maintainer>
  <license>Apache-2.0</license>
  <buildtool_depend>ament_cmake</buildtool_depend>
  <buildtool_depend>rosidl_default_generators</buildtool_depend>
  {depends}
  <exec_depend>rosidl_default_runtime</exec_depend>
  <member_of_group>rosidl_interface_packages</member_of_group>
  <export><build_type>ament_cmake</build_type></export>
</package>
"""
_CMAKE_LISTS = """cmake_minimum_required(VERSION 3.20)
project({name})
find_package(ament_cmake REQUIRED)
find_package(rosidl_default_generators REQUIRED)
{finds}
rosidl_generate_interfaces({name} {files} {depends})
ament_package()
"""


@contextlib.contextmanager
def stand_in_messages(name: str, environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Make a package importable here; yield the variables with which subprocesses import it.

    Args:
        name: `unitree_go`, `tf2_msgs`, `px4_msgs`, `ackermann_msgs` or `control_msgs`.
        environment: variables for subprocesses.
    """
    prefix = _build(name)
    python = str(next(prefix.glob('lib/python*/site-packages')))
    paths = {
        'AMENT_PREFIX_PATH': str(prefix),
        'LD_LIBRARY_PATH': str(prefix / 'lib'),
        'PYTHONPATH': python,
    }
    joined = {
        key: os.pathsep.join(filter(None, [path, environment.get(key)]))
        for key, path in paths.items()
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(python)
        for key, value in joined.items():
            patch.setenv(key, value)
        # the loader has read LD_LIBRARY_PATH when this process began
        for library in sorted((prefix / 'lib').glob(f'lib{name}__*.so')):
            ctypes.CDLL(str(library), ctypes.RTLD_GLOBAL)
        yield {**environment, **joined}


def _build(name: str) -> Path:
    """Return the folder into which a package is installed, building it if it is new or changed."""
    needs, messages = _PACKAGES[name]
    recipe = repr((sys.version, sys.prefix, _PACKAGE_XML, _CMAKE_LISTS, needs, messages))
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:12]
    folder = _FOLDER / f'{name}-{digest}'
    folder.mkdir(parents=True, exist_ok=True)
    installed, complete = folder / 'install', folder / 'complete'
    with (folder / 'lock').open('w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another test process may be building it
        if not complete.exists():
            _write_sources(folder / 'source', name)
            _compile(folder, installed)
            complete.touch()
    return installed


def _write_sources(folder: Path, name: str) -> None:
    """Write the sources of a package."""
    needs, messages = _PACKAGES[name]
    (folder / 'msg').mkdir(parents=True, exist_ok=True)
    for message, definition in messages.items():
        (folder / 'msg' / f'{message}.msg').write_text(f'{definition}\n', encoding='utf-8')
    depends = ''.join(f'<depend>{need}</depend>' for need in needs)
    text = _PACKAGE_XML.format(name=name, depends=depends)
    (folder / 'package.xml').write_text(text, encoding='utf-8')
    text = _CMAKE_LISTS.format(
        name=name,
        files=' '.join(f'"msg/{message}.msg"' for message in messages),
        finds=''.join(f'find_package({need} REQUIRED)\n' for need in needs),
        depends=f'DEPENDENCIES {" ".join(needs)}' if needs else '',
    )
    (folder / 'CMakeLists.txt').write_text(text, encoding='utf-8')


def _compile(folder: Path, installed: Path) -> None:
    """Configure, build and install a package as `make setup` does with rl_msgs."""
    prefix, build = Path(sys.prefix), str(folder / 'build')
    variables = {
        **os.environ,
        'AMENT_PREFIX_PATH': str(prefix),
        'CMAKE_PREFIX_PATH': str(prefix),
        'PATH': os.pathsep.join([str(prefix / 'bin'), os.environ.get('PATH', os.defpath)]),
    }
    options = {
        'BUILD_TESTING': 'OFF',
        'CMAKE_C_FLAGS': '-O0',
        'CMAKE_CXX_FLAGS': '-O0',
        'CMAKE_INSTALL_PREFIX': str(installed),
        'CMAKE_INSTALL_RPATH': str(installed / 'lib'),
        'Python3_EXECUTABLE': sys.executable,
    }
    definitions = [f'-D{key}={value}' for key, value in options.items()]
    cmake = str(prefix / 'bin' / 'cmake')
    for command in (
        [cmake, '-S', str(folder / 'source'), '-B', build, '-G', 'Ninja', *definitions],
        [cmake, '--build', build],
        [cmake, '--install', build],
    ):
        result = subprocess.run(
            command, env=variables, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
        assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What drivers send: unknown orientations, scans of varying length; set-points with NaN."""

from collections.abc import Iterator
import math
from pathlib import Path
import time
from typing import Any

from fleet import run_module, SpinningListener, with_helpers
from geometry_msgs.msg import Twist
import numpy as np
import pytest
from rclpy.qos import qos_profile_sensor_data
from rl_agent.errors import RobotError
from rl_agent.ros.ros_messages import import_message
from rl_agent.ros_env import RosEnv
from sensor_msgs.msg import Imu, LaserScan
from stand_in_messages import stand_in_messages
from std_srvs.srv import Empty
import yaml

RAYS = (1961, 1971, 1963)
WITHIN_S = 60.0


def imu_field(name: str, size: int, **more: Any) -> dict[str, Any]:
    common = {'topic': 'imu', 'type': 'sensor_msgs/msg/Imu'}
    return {'name': name, 'field': name, 'size': size, **common, **more}


TWIST = {
    'topic': 'cmd_vel',
    'type': 'geometry_msgs/msg/Twist',
    'fields': ['linear.x', 'angular.z'],
    'unit': 'm/s, rad/s',
    'low': [-1.0, -1.0],
    'high': [1.0, 1.0],
}


def describe(folder: Path, observation: list[dict[str, Any]], **more: Any) -> str:
    """Write a description of a robot; return its path."""
    content = {
        'name': 'theirs',
        'rate_hz': 10,
        'episode_steps': 100,
        'observation': observation,
        'action': TWIST,
        'task': {'name': 'idle_task:IdleTask'},
        'reset': {'service': 'reset', 'service_type': 'std_srvs/srv/Empty'},
        **more,
    }
    path = folder / 'theirs.yaml'
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return str(path)


class Driver(SpinningListener):
    """An Imu at 50 Hz that may not know its orientation, and a scanner with an uneven motor.

    Attributes:
        knows: whether the Imu knows its orientation.
        commands: what it heard.
    """

    def __init__(self) -> None:
        """Begin to publish."""
        super().__init__()
        self.knows = False
        self.commands: list[Any] = []
        self._scans = 0
        self._imus = self.node.create_publisher(Imu, 'imu', qos_profile_sensor_data)
        self._scanner = self.node.create_publisher(LaserScan, 'scan', qos_profile_sensor_data)
        self.node.create_subscription(Twist, 'cmd_vel', self.commands.append, 10)
        self.node.create_service(Empty, 'reset', lambda _, answer: answer)
        self.node.create_timer(0.02, self._tell)

    def _tell(self) -> None:
        stamp = self.node.get_clock().now().to_msg()
        imu = Imu()
        imu.header.stamp = stamp
        imu.angular_velocity.x = 0.25
        if not self.knows:
            imu.orientation_covariance[0] = -1.0
        self._imus.publish(imu)
        count = RAYS[self._scans % len(RAYS)]
        self._scans += 1
        step = 2.0 * math.pi / count
        scan = LaserScan(angle_min=-math.pi, angle_max=math.pi, angle_increment=step)
        scan.header.stamp = stamp
        # 4 m ahead, 1 m elsewhere, and no echo from behind
        angles = -math.pi + step * np.arange(count)
        ranges = np.where(np.abs(angles) < 0.1, 4.0, 1.0)
        ranges[np.abs(angles) > 3.0] = math.inf
        scan.ranges = ranges.tolist()
        self._scanner.publish(scan)


@pytest.fixture
def driver(ros_environment: dict[str, str]) -> Iterator[Driver]:
    robot = Driver()
    yield robot
    robot.close()


def check(environment: dict[str, str], path: str) -> str:
    """Return what `check_robot` prints."""
    result = run_module(
        'rl_agent.robot_check.check_robot',
        path,
        environment=with_helpers(environment),
        cwd=Path(path).parent,
        timeout_s=120.0,
    )
    return result.stdout + result.stderr


def test_an_unknown_orientation_is_refused(
    driver: Driver, ros_environment: dict[str, str], tmp_path: Path
) -> None:
    rates = imu_field('angular_velocity', 3)
    orientation = imu_field('orientation', 4)
    tilt = {'tilt': {'observation': 'orientation', 'max_roll_rad': 0.5, 'max_pitch_rad': 0.5}}
    path = describe(tmp_path, [rates, orientation], safety=tilt)
    words = 'orientation_covariance[0] is -1: the driver does not know orientation'
    assert f'orientation: /imu: {words}' in check(ros_environment, path)
    with (
        RosEnv(path, real_time=True, robot_timeout_s=3.0) as env,
        pytest.raises(RobotError) as caught,
    ):
        env.reset()
    assert words in str(caught.value)
    assert not driver.commands
    driver.knows = True
    with RosEnv(path, real_time=True, robot_timeout_s=WITHIN_S) as env:
        first, _ = env.reset()
    assert first.tolist() == [0.25, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]


def test_other_fields_of_such_an_imu_are_good(driver: Driver, tmp_path: Path) -> None:
    path = describe(tmp_path, [imu_field('angular_velocity', 3)])
    with RosEnv(path, real_time=True, robot_timeout_s=WITHIN_S) as env:
        assert env.reset()[0].tolist() == [0.25, 0.0, 0.0]


def test_rays_keep_their_angles_in_scans_of_varying_length(
    driver: Driver, ros_environment: dict[str, str], tmp_path: Path
) -> None:
    scan = {
        'name': 'scan',
        'topic': 'scan',
        'type': 'sensor_msgs/msg/LaserScan',
        'field': 'ranges',
        'rays': {'count': 8},
        'bounds': [0.1, 12.0],
        'clip': True,
    }
    path = describe(tmp_path, [scan])
    assert 'everything is as described' in check(ros_environment, path)
    with RosEnv(path, real_time=True, robot_timeout_s=WITHIN_S) as env:
        assert env.spaces.observation_names[0] == 'scan/-3.142'
        assert env.spaces.observation_names[4] == 'scan/0.000'
        seen = [env.reset()[0].tolist()]
        seen += [env.step(np.zeros(2, np.float32))[0].tolist() for _ in range(10)]
    assert seen == [[12.0, 1.0, 1.0, 1.0, 4.0, 1.0, 1.0, 1.0]] * 11


def test_a_set_point_with_nan_and_microseconds(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """A quadcopter takes 0 as a wanted position, and drops what has no time."""
    action = {
        'topic': 'trajectory_setpoint',
        'type': 'px4_msgs/msg/TrajectorySetpoint',
        'fields': ['velocity[0]', 'velocity[1]', 'velocity[2]', 'yawspeed'],
        'unit': 'm/s, rad/s',
        'low': [-1.0] * 4,
        'high': [1.0] * 4,
        'constants': {
            'timestamp': 'stamp_us',
            'position': math.nan,
            'acceleration': 'nan',
            'yaw': 'nan',
        },
    }
    path = describe(tmp_path, [imu_field('angular_velocity', 3)], action=action)
    with stand_in_messages('px4_msgs', ros_environment):
        driver = Driver()
        heard: list[Any] = []
        kind = import_message('px4_msgs/msg/TrajectorySetpoint')
        driver.node.create_subscription(
            kind, 'trajectory_setpoint', heard.append, qos_profile_sensor_data
        )
        with RosEnv(path, real_time=True, robot_timeout_s=WITHIN_S) as env:
            env.reset()
            for _ in range(5):
                env.step(np.array([0.5, 0.0, -0.5, 0.25], np.float32))
            last = next(item for item in reversed(heard) if item.velocity[0] == 0.5)
        now_us = time.time_ns() // 1000
        driver.close()
    assert list(last.velocity) == [0.5, 0.0, -0.5]
    assert last.yawspeed == 0.25
    assert np.isnan([*last.position, *last.acceleration, last.yaw]).all()
    assert 0 <= now_us - last.timestamp < 60_000_000

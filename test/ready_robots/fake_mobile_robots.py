# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Drivers of robots on wheels."""

from collections.abc import Sequence
import math
import re
from typing import Any, ClassVar

from fake_driver import BEST_EFFORT, FakeDriver, Sensor
import numpy as np

# where the posts of a TurtleBot 4 stand, seen from its lidar: distance, m, and angle from ahead
_POSTS = ((0.134, 58.3), (0.134, -58.3), (0.098, 111.7), (0.098, -111.7))
_POST_DEG = 2.5
_RAYS = (269, 1080)  # of its two modes
_BASE_IS_LATE_S = 8_310_659
WALL_M = 2.0


class WheeledDriver(FakeDriver):
    """Knows where it is.

    Attributes:
        pose: x, y, yaw.
        speed: forward, m/s, and turning, rad/s.
    """

    def __init__(self, namespace: str, **options: Any) -> None:
        """Start at the origin, ahead along x."""
        self.pose, self.speed = np.zeros(3), np.zeros(2)
        super().__init__(namespace, **options)

    def turning(self, command: Sequence[float]) -> float:
        """Return the turn rate that a command causes, rad/s."""
        raise NotImplementedError

    def move(self, command: Sequence[float], seconds: float) -> None:
        """Drive."""
        forward, turning = command[0], self.turning(command)
        self.speed = np.array([forward, turning])
        x, y, yaw = self.pose
        self.pose = np.array(
            [
                x + forward * math.cos(yaw) * seconds,
                y + forward * math.sin(yaw) * seconds,
                yaw + turning * seconds,
            ]
        )

    def fill_odometry(self, message: Any) -> None:
        """Tell pose and speed."""
        self.stamp(message, 'odom')
        message.child_frame_id = 'base_link'
        x, y, yaw = self.pose
        position, orientation = message.pose.pose.position, message.pose.pose.orientation
        position.x, position.y = float(x), float(y)
        orientation.z, orientation.w = math.sin(yaw / 2), math.cos(yaw / 2)
        message.twist.twist.linear.x, message.twist.twist.angular.z = map(float, self.speed)


class TurtleBot4(WheeledDriver):
    """A Standard with ROS 2 Jazzy; a wall ahead, nothing else in reach but its own posts.

    Angles and numbers of its rays are those of robots: turtlebot4#664, #312. So is the clock of
    its base, which nobody has set: #312, #404.
    """

    robot: ClassVar[str] = 'turtlebot4'
    command_qos = BEST_EFFORT
    takes = ((-1e-9, 0.306), (-1.9, 1.9))  # it refuses to back up

    def __init__(self, namespace: str, **options: Any) -> None:
        """Start the lidar."""
        self._scans = 0
        super().__init__(namespace, **options)

    def sensors(self) -> Sequence[Sensor]:
        """Return its topics."""
        return (
            Sensor('scan', 'sensor_msgs/msg/LaserScan', 7.7, self._fill_scan, BEST_EFFORT),
            Sensor('odom', 'nav_msgs/msg/Odometry', 20.0, self._fill_odometry, BEST_EFFORT),
        )

    def turning(self, command: Sequence[float]) -> float:
        """Return the turn rate."""
        return command[1]

    def numbers(self, message: Any) -> list[float]:
        """Return speed and turn rate."""
        self.check(message.header.frame_id == 'base_link', f'frame: {message.header.frame_id}')
        self.check(message.header.stamp.sec > 0, 'no stamp')
        twist = message.twist
        self._check_rest(twist)
        return [twist.linear.x, twist.angular.z]

    def _check_rest(self, twist: Any) -> None:
        """Note speeds that the base cannot have."""
        others = (twist.linear.y, twist.linear.z, twist.angular.x, twist.angular.y)
        self.check(others == (0.0,) * 4, f'other speeds: {others}')

    def _fill_odometry(self, message: Any) -> None:
        """Tell pose and speed, stamped by the clock of the base."""
        self.fill_odometry(message)
        message.header.stamp.sec = max(message.header.stamp.sec - _BASE_IS_LATE_S, 0)

    def _fill_scan(self, message: Any) -> None:
        """Tell what the lidar sees; its x axis points to the left."""
        self.stamp(message, 'rplidar_link')
        self._scans += 1
        count = _RAYS[self._scans % len(_RAYS)]
        message.angle_min, message.angle_max = -3.1241393, 3.1415927
        message.angle_increment, message.scan_time = 6.2657 / (count - 1), 0.13
        message.range_min, message.range_max = 0.15, 12.0
        angles = message.angle_min + message.angle_increment * np.arange(count)
        from_ahead = np.degrees(angles) + 90.0
        ranges = np.full(len(angles), math.inf)
        for distance_m, angle in _POSTS:
            ranges[_apart(from_ahead, angle) < _POST_DEG] = distance_m
        ranges[_apart(from_ahead, 0.0) < _POST_DEG] = WALL_M
        message.ranges = ranges.tolist()


class TurtleBot4Humble(TurtleBot4):
    """The same with ROS 2 Humble: the base takes plain Twist."""

    def numbers(self, message: Any) -> list[float]:
        """Return speed and turn rate."""
        self._check_rest(message)
        return [message.linear.x, message.angular.z]


def for_humble(text: str) -> str:
    """Return a description with what its comments give for Humble."""
    text = re.sub(r'^.*# Humble: remove this line\n', '', text, flags=re.MULTILINE)
    return re.sub(r'^(  \w+: ).*# Humble: (.*)$', r'\1\2', text, flags=re.MULTILINE)


def _apart(angles: Any, angle: float) -> Any:
    """Return how far angles are from another one, degrees."""
    return np.abs((angles - angle + 180.0) % 360.0 - 180.0)


class F1Tenth(WheeledDriver):
    """A car whose joystick lets the agent drive; a wall ahead, nothing else in reach.

    Its lidar is a Hokuyo UST-10LX: 1081 rays over 270 degrees.
    """

    robot: ClassVar[str] = 'f1tenth'
    takes = ((-5.0, 5.0), (-0.26, 0.26))  # where the servo ends

    def sensors(self) -> Sequence[Sensor]:
        """Return its topics."""
        return (
            Sensor('scan', 'sensor_msgs/msg/LaserScan', 40.0, self._fill_scan, BEST_EFFORT),
            Sensor('odom', 'nav_msgs/msg/Odometry', 50.0, self.fill_odometry),
        )

    def turning(self, command: Sequence[float]) -> float:
        """Return the turn rate of a car with a wheelbase of 0.25 m."""
        return command[0] * math.tan(command[1]) / 0.25

    def numbers(self, message: Any) -> list[float]:
        """Return speed and steering angle."""
        drive = message.drive
        self.check(message.header.stamp.sec > 0, 'no stamp')
        others = (drive.steering_angle_velocity, drive.acceleration, drive.jerk)
        self.check(others == (0.0,) * 3, f'other numbers: {others}')  # 0: as fast as possible
        return [drive.speed, drive.steering_angle]

    def _fill_scan(self, message: Any) -> None:
        """Tell what the lidar sees."""
        self.stamp(message, 'laser')
        message.angle_min, message.angle_max = -2.3561945, 2.3561945
        message.angle_increment, message.scan_time = 0.0043633, 0.025
        message.range_min, message.range_max = 0.06, 10.0
        angles = message.angle_min + message.angle_increment * np.arange(1081)
        ranges = np.where(np.abs(angles) < 0.05, WALL_M, math.inf)
        message.ranges = ranges.tolist()

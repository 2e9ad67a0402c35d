# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Drivers with messages of their makers: a Unitree Go2, a PX4 autopilot."""

from collections.abc import Sequence
import time
from typing import Any, ClassVar

from fake_driver import BEST_EFFORT, FakeDriver, Sensor
import numpy as np
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rl_agent.ros.ros_messages import import_message

_LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
_FROM_PX4 = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.BEST_EFFORT,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
_LATE_US = 60_000_000  # a busy machine
_LOST_HEARTBEATS = 2  # those on their way


def _remainder_of(byte: int) -> int:
    """Return the remainder of a byte, followed by zeros, divided by the polynomial."""
    remainder = byte << 24
    for _ in range(8):
        remainder = (remainder << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if remainder >> 31 else 0)
    return remainder


_REMAINDERS = [_remainder_of(byte) for byte in range(256)]


class Go2(FakeDriver):
    """Obeys a command whose checksum is right; a motor without mode and gains is limp."""

    robot: ClassVar[str] = 'go2'
    # hip, thigh, calf of each leg; the thighs of front and rear differ
    takes = ((-1.05, 1.05), (-0.52, 3.49), (-2.72, -0.84)) * 4
    fastest = (30.1, 30.1, 20.06) * 4
    joints: ClassVar[tuple[str, ...]] = tuple(
        f'{leg}_{part}_joint'
        for leg in ('FR', 'FL', 'RR', 'RL')
        for part in ('hip', 'thigh', 'calf')
    )

    def __init__(self, namespace: str, **options: Any) -> None:
        """Stand, a little beside the described pose."""
        self.angles = np.array([0.05, 0.7, -1.45] * 4)
        super().__init__(namespace, **options)
        assert self.description.action.joints == self.joints  # the robot names none

    def sensors(self) -> Sequence[Sensor]:
        """Return its topics, with the estimator's."""
        return (
            Sensor('lowstate', 'unitree_go/msg/LowState', 50.0, self._fill_state),
            Sensor('odometry', 'nav_msgs/msg/Odometry', 50.0, lambda m: self.stamp(m, 'odom')),
        )

    def numbers(self, message: Any) -> list[float]:
        """Return the angles of the twelve motors."""
        self.check(list(message.head) == [0xFE, 0xEF], f'head: {message.head}')
        self.check(message.level_flag == 0xFF, f'level_flag: {message.level_flag}')
        self.check(message.crc == checksum(message), f'crc: {message.crc:#x}')
        legs, others = message.motor_cmd[:12], message.motor_cmd[12:]
        self.check(all(motor.mode == 1 for motor in message.motor_cmd), 'a limp motor')
        for motor in legs:
            held = (motor.kp, motor.kd, motor.dq, motor.tau)
            self.check(held == (40.0, 2.0, 0.0, 0.0), f'gains: {held}')
        for motor in others:
            stopped = (motor.q, motor.dq, motor.kp, motor.kd, motor.tau)
            wanted = (float(np.float32(2.146e9)), 16000.0, 0.0, 0.0, 0.0)
            self.check(stopped == wanted, f'a motor beyond the twelfth: {stopped}')
        return [motor.q for motor in legs]

    def move(self, command: Sequence[float], seconds: float) -> None:
        """Follow."""
        self.angles = np.array(command)

    def _fill_state(self, message: Any) -> None:
        """Tell that it stands upright."""
        message.imu_state.quaternion = np.array([1.0, 0.0, 0.0, 0.0], np.float32)
        message.foot_force = [30, 31, 32, 33]
        for motor, angle in zip(message.motor_state, [*self.angles, *[0.0] * 8], strict=True):
            motor.mode, motor.q = 1, float(angle)


class Px4(FakeDriver):
    """An autopilot, which wants a heartbeat with each set-point."""

    robot: ClassVar[str] = 'px4'
    command_qos = BEST_EFFORT
    takes = ((-12.0, 12.0), (-12.0, 12.0), (-3.0, 1.5), (-1.0, 1.0))
    stamped: ClassVar[bool] = False

    def __init__(self, namespace: str, **options: Any) -> None:
        """Hover at the start, 1.5 m above the ground."""
        self.position, self.velocity = np.array([0.0, 0.0, -1.5]), np.zeros(3)
        self.heartbeats = 0
        super().__init__(namespace, **options)

    def sensors(self) -> Sequence[Sensor]:
        """Return its topics."""
        kind = 'px4_msgs/msg/VehicleOdometry'
        topic, point = 'fmu/out/vehicle_odometry', 'geometry_msgs/msg/PointStamped'
        return (
            Sensor(topic, kind, 50.0, self._fill_odometry, _FROM_PX4),
            Sensor('target', point, 0.0, self._fill_target, _LATCHED),
        )

    def connect(self) -> None:
        """Listen to the heartbeat."""
        mode = import_message('px4_msgs/msg/OffboardControlMode')
        topic = self.name('fmu/in/offboard_control_mode')
        self.node.create_subscription(mode, topic, self._on_heartbeat, BEST_EFFORT)

    def numbers(self, message: Any) -> list[float]:
        """Return velocity and turn rate."""
        late_us = time.time_ns() // 1000 - message.timestamp
        self.check(0 <= late_us < _LATE_US, f'timestamp: {message.timestamp}')
        unused = [*message.position, *message.acceleration, *message.jerk, message.yaw]
        self.check(bool(np.isnan(unused).all()), f'a set-point beside the velocity: {unused}')
        wanted = len(self.commands) - _LOST_HEARTBEATS
        self.check(self.heartbeats >= wanted, f'heartbeats: {self.heartbeats} of {wanted}')
        return [*map(float, message.velocity), message.yawspeed]

    def move(self, command: Sequence[float], seconds: float) -> None:
        """Fly."""
        self.velocity = np.array(command[:3])
        self.position = self.position + self.velocity * seconds

    def _on_heartbeat(self, message: Any) -> None:
        """Count a heartbeat of velocity control."""
        late_us = time.time_ns() // 1000 - message.timestamp
        self.check(0 <= late_us < _LATE_US, f'timestamp of a heartbeat: {message.timestamp}')
        others = (message.position, message.acceleration, message.attitude, message.body_rate)
        self.check(message.velocity and not any(others), f'mode: {message}')
        self.heartbeats += 1

    def _fill_odometry(self, message: Any) -> None:
        """Tell where it is: north, east, down."""
        message.timestamp = message.timestamp_sample = time.time_ns() // 1000
        message.pose_frame = message.velocity_frame = 1  # NED
        message.position = self.position.astype(np.float32)
        message.velocity = self.velocity.astype(np.float32)
        message.q = np.array([1.0, 0.0, 0.0, 0.0], np.float32)
        message.angular_velocity = np.zeros(3, np.float32)

    def _fill_target(self, message: Any) -> None:
        """Tell where to fly."""
        message.point.x, message.point.z = 1.0, -1.5


def checksum(message: Any) -> int:
    """Return the checksum of a command, computed otherwise than by the hook."""
    numbers: list[Any] = [*message.head, message.level_flag, message.frame_reserve]
    data = np.array(numbers, np.uint8).tobytes()
    data += np.array([*message.sn, *message.version, message.bandwidth], np.uint32).tobytes()
    for motor in message.motor_cmd:
        gains = (motor.q, motor.dq, motor.tau, motor.kp, motor.kd)
        data += np.array([motor.mode], np.uint32).tobytes()  # one byte, aligned
        data += np.array(gains, np.float32).tobytes()
        data += np.array(motor.reserve, np.uint32).tobytes()
    numbers = [message.bms_cmd.off, *message.bms_cmd.reserve, *message.wireless_remote]
    numbers += [*message.led, *message.fan, message.gpio, 0]
    data += np.array(numbers, np.uint8).tobytes()
    data += np.array([message.reserve], np.uint32).tobytes()
    remainder = 0xFFFFFFFF
    for byte in np.frombuffer(data, np.uint32).astype('>u4').tobytes():
        remainder = (remainder << 8 & 0xFFFFFFFF) ^ _REMAINDERS[remainder >> 24 ^ byte]
    return remainder

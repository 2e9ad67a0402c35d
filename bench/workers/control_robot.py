# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""A robot that runs in real time, for the control benchmark: twelve joints and an IMU."""

from array import array
import contextlib
import sys
import threading
import time

import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

JOINTS = 12


class ControlRobot(Node):
    """First-order joints that follow their commands; sensors at the control rate."""

    def __init__(self, rate_hz: float) -> None:
        """Create the interfaces and start the simulation."""
        super().__init__('control_robot')
        self._period_s = 1.0 / rate_hz
        self._position, self._target = np.zeros(JOINTS), np.zeros(JOINTS)
        self._states = self.create_publisher(JointState, 'joint_states', QoSProfile(depth=1))
        self._imu = self.create_publisher(Imu, 'imu', QoSProfile(depth=1))
        self.create_subscription(
            Float64MultiArray, 'commands', self._on_command, QoSProfile(depth=1)
        )
        self.create_service(Trigger, 'reset', self._on_reset)
        self._joint_state = JointState(name=[f'j{number}' for number in range(JOINTS)])
        self._imu_message = Imu()
        self._imu_message.linear_acceleration.z = 9.81
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        """Simulate and publish at the control rate."""
        due_s = time.monotonic()
        while rclpy.ok():
            due_s = max(due_s + self._period_s, time.monotonic() - self._period_s)
            time.sleep(max(0.0, due_s - time.monotonic()))
            velocity = 10.0 * (self._target - self._position)
            self._position = self._position + velocity * self._period_s
            stamp = self.get_clock().now().to_msg()
            self._joint_state.header.stamp = self._imu_message.header.stamp = stamp
            self._joint_state.position = array('d', self._position.tobytes())
            self._joint_state.velocity = array('d', velocity.tobytes())
            self._imu_message.angular_velocity.x = float(velocity[0]) * 0.1
            self._states.publish(self._joint_state)
            self._imu.publish(self._imu_message)

    def _on_command(self, message: Float64MultiArray) -> None:
        """Set the target positions."""
        self._target = np.array(message.data)

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Set all positions and targets to zero."""
        self._position, self._target = np.zeros(JOINTS), np.zeros(JOINTS)
        response.success = True
        return response


def main() -> None:
    """Run the node; argument: rate in Hz."""
    rclpy.init()
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(ControlRobot(float(sys.argv[1])))


if __name__ == '__main__':
    main()

# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""A robot that runs in real time, for the control benchmark: twelve joints and an IMU.

It answers each line on stdin with the commands since the previous line: when their sender's DDS
published each, ns on the system's clock, and how many between the first and the last were lost.
"""

from array import array
import contextlib
import json
import sys
import threading
import time
from typing import Any

import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

JOINTS = 12
# So deep that none is lost: the times of all are asked for. The newest one counts.
COMMANDS_QOS = QoSProfile(depth=1000)


class ControlRobot(Node):
    """First-order joints that follow their commands; sensors at the control rate."""

    def __init__(self, rate_hz: float) -> None:
        """Create the interfaces and start the simulation."""
        super().__init__('control_robot')
        self._period_s = 1.0 / rate_hz
        self._position, self._target = np.zeros(JOINTS), np.zeros(JOINTS)
        self._states = self.create_publisher(JointState, 'joint_states', QoSProfile(depth=1))
        self._imu = self.create_publisher(Imu, 'imu', QoSProfile(depth=1))
        self._commands: list[dict[str, int]] | None = None  # noted from the first line on
        on_command: Any = self._on_command  # rclpy's type hints lack the second argument
        self.create_subscription(Float64MultiArray, 'commands', on_command, COMMANDS_QOS)
        self.create_service(Trigger, 'reset', self._on_reset)
        self._joint_state = JointState(name=[f'j{number}' for number in range(JOINTS)])
        self._imu_message = Imu()
        self._imu_message.linear_acceleration.z = 9.81
        threading.Thread(target=self._run, daemon=True).start()
        threading.Thread(target=self._serve, daemon=True).start()

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

    def _serve(self) -> None:
        """Answer until stdin ends."""
        for _ in sys.stdin:
            commands, self._commands = self._commands or [], []
            numbers = [command['publication_sequence_number'] for command in commands]
            lost = numbers[-1] - numbers[0] + 1 - len(numbers) if numbers else 0
            published_ns = [command['source_timestamp'] for command in commands]
            answer = {'published_ns': published_ns, 'lost': lost}
            print('commands', json.dumps(answer), flush=True)

    def _on_command(self, message: Float64MultiArray, information: dict[str, int]) -> None:
        """Set the target positions."""
        self._target = np.array(message.data)
        if self._commands is not None:
            self._commands.append(information)

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

# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""A plain rclpy node that runs a policy, as users write it, for the control benchmark.

A timer computes and publishes the command, subscriptions keep the newest messages, another one
takes the policy; `rclpy.spin` runs them all, one after the other. It has no safety features but
the limits of the command, and it stores no transitions.
"""

import contextlib
import sys

import numpy as np
from numpy.typing import NDArray
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rl_agent.real_time.keep_awake import kept_awake
from rl_agent.real_time.scheduling import prepare_thread
from rl_msgs.msg import Policy
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Float64MultiArray

ACTION_SCALE, COMMAND_LIMIT = 0.8, 0.7  # as in control_robot.yaml
Floats = NDArray[np.float32]


class PlainPolicy:
    """An MLP of ReLUs with a Gaussian action, squashed by tanh."""

    def __init__(self, message: Policy) -> None:
        """Take the weights from a message."""
        parameters = np.array(message.parameters, np.float32)
        hidden, actions = list(message.hidden_sizes), message.action_size
        inputs = [message.observation_size, *hidden, hidden[-1]]
        self._layers: list[tuple[Floats, Floats]] = []
        begin = 0
        for rows, columns in zip([*hidden, actions, actions], inputs, strict=True):
            end = begin + rows * columns
            weight = parameters[begin:end].reshape(rows, columns)
            self._layers.append((weight, parameters[end : end + rows]))
            begin = end + rows
        self._log_std_range = message.log_std_min, message.log_std_max

    def distribution(self, observation: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation before tanh, (action,) each."""
        *hidden, mean, log_std = self._layers
        features = observation
        for weight, bias in hidden:
            features = np.maximum(weight @ features + bias, 0.0)
        bounded = np.clip(log_std[0] @ features + log_std[1], *self._log_std_range)
        return mean[0] @ features + mean[1], np.exp(bounded)


class PlainNode(Node):
    """Publishes a command at each call of its timer."""

    def __init__(self, rate_hz: float) -> None:
        """Create subscriptions, publisher and timer."""
        super().__init__('plain_node')
        self._joints: JointState | None = None
        self._imu: Imu | None = None
        self._policy: PlainPolicy | None = None
        self._action = np.zeros(12, np.float32)
        self._rng = np.random.default_rng(0)
        self.create_subscription(JointState, 'joint_states', self._on_joints, 10)
        self.create_subscription(Imu, 'imu', self._on_imu, 10)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(Policy, '/policy', self._on_policy, latched)
        self._commands = self.create_publisher(Float64MultiArray, 'commands', 10)
        self.create_timer(1.0 / rate_hz, self._on_timer)

    def _on_joints(self, message: JointState) -> None:
        """Keep the newest positions and speeds."""
        self._joints = message

    def _on_imu(self, message: Imu) -> None:
        """Keep the newest attitude."""
        self._imu = message

    def _on_policy(self, message: Policy) -> None:
        """Replace the policy."""
        self._policy = PlainPolicy(message)

    def _on_timer(self) -> None:
        """Compute and publish a command."""
        if self._joints is None or self._imu is None or self._policy is None:
            return
        mean, std = self._policy.distribution(self._observation(self._joints, self._imu))
        action = np.tanh(mean + std * self._rng.standard_normal(len(mean)))
        command = np.clip(ACTION_SCALE * action, -COMMAND_LIMIT, COMMAND_LIMIT)
        self._action = command / ACTION_SCALE
        self._commands.publish(Float64MultiArray(data=command.tolist()))

    def _observation(self, joints: JointState, imu: Imu) -> Floats:
        """Return the observation, (46,), as control_robot.yaml describes it."""
        attitude, turning, acceleration = (
            imu.orientation,
            imu.angular_velocity,
            imu.linear_acceleration,
        )
        observation: Floats = np.concatenate(
            [
                joints.position,
                joints.velocity,
                [attitude.x, attitude.y, attitude.z, attitude.w],
                [turning.x, turning.y, turning.z],
                [acceleration.x, acceleration.y, acceleration.z],
                self._action,
            ]
        ).astype(np.float32)
        return observation


def main() -> None:
    """Run the node.

    Arguments: rate in Hz; then, if it is to be scheduled like the agent's control thread, its
    priority under SCHED_FIFO, its processor or -1, and whether to keep that awake, 0 or 1.
    """
    rclpy.init()
    node = PlainNode(float(sys.argv[1]))
    awake_cpu = -1
    if len(sys.argv) > 2:
        priority, cpu, keep_awake = (int(argument) for argument in sys.argv[2:])
        prepare_thread(priority, cpu)
        awake_cpu = cpu if keep_awake else -1
    with (
        contextlib.suppress(KeyboardInterrupt, ExternalShutdownException),
        kept_awake(awake_cpu, node.get_logger().warning),
    ):
        rclpy.spin(node)


if __name__ == '__main__':
    main()

# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The least of a learner, for the control benchmark: weights out, acknowledgements in return."""

import contextlib
import sys
import time
import uuid

import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rl_agent.policy import PolicyArchitecture, PolicyParameters
from rl_agent.robot_description import load_robot
from rl_agent.ros_messages import policy_to_message
from rl_agent.ros_topics import (
    ACK_QOS,
    POLICY,
    POLICY_QOS,
    TRANSITIONS,
    TRANSITIONS_ACK,
    TRANSITIONS_QOS,
)
from rl_agent.spaces import Spaces
from rl_msgs.msg import Policy, TransitionAck, TransitionBatch

PERIOD_S = 0.1


class ControlLearner(Node):
    """Sends a fresh policy ten times a second; acknowledges whatever comes."""

    def __init__(self, robot: str) -> None:
        """Connect and begin."""
        super().__init__('control_learner')
        spaces = Spaces(load_robot(robot))
        sizes = spaces.observation_size, spaces.action_size
        self._architecture = PolicyArchitecture(*sizes, (256, 256))
        self._fingerprint, self._session = spaces.fingerprint, uuid.uuid4().hex
        self._rng, self._version = np.random.default_rng(0), time.time_ns()
        self._policies = self.create_publisher(Policy, POLICY, POLICY_QOS)
        self._acks = self.create_publisher(TransitionAck, TRANSITIONS_ACK, ACK_QOS)
        self.create_subscription(TransitionBatch, TRANSITIONS, self._on_batch, TRANSITIONS_QOS)
        self.create_timer(PERIOD_S, self._publish)

    def _publish(self) -> None:
        """Send a policy."""
        self._version += 1
        numbers = self._rng.normal(0.0, 0.02, self._architecture.num_parameters)
        self._policies.publish(
            policy_to_message(
                PolicyParameters(
                    self._architecture,
                    numbers.astype(np.float32),
                    version=self._version,
                    fingerprint=self._fingerprint,
                    learner_session=self._session,
                )
            )
        )

    def _on_batch(self, message: TransitionBatch) -> None:
        """Acknowledge."""
        last = message.first_sequence + message.count - 1
        self._acks.publish(
            TransitionAck(robot=message.robot, session=message.session, sequence=last)
        )


def main() -> None:
    """Be a learner until ended; the argument is the robot's description."""
    rclpy.init()
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(ControlLearner(sys.argv[1]))


if __name__ == '__main__':
    main()

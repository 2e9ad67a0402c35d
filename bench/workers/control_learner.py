# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""A minimal learner for the control benchmark: sends policies, acknowledges transitions.

A fleet's acknowledgements share one topic, so each robot receives those of all others. On stdin,
the line `pause` holds the policies back, any other line lets them go on.
"""

import contextlib
import sys
import threading
import time
import uuid

import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.ros_policy_message import policy_to_message
from rl_agent.ros.ros_topics import (
    ACK_QOS,
    POLICY,
    POLICY_QOS,
    TRANSITIONS,
    TRANSITIONS_ACK,
    TRANSITIONS_QOS,
)
from rl_msgs.msg import Policy, TransitionAck, TransitionBatch

POLICY_PERIOD_S = 0.1
ACK_PERIOD_S = 0.05


class ControlLearner(Node):
    """Sends a new policy ten times a second and acknowledges all batches."""

    def __init__(self, robot: str, fleet: int) -> None:
        """Create publishers, subscription and timers."""
        super().__init__('control_learner')
        spaces = Spaces(load_robot(robot))
        sizes = spaces.observation_size, spaces.action_size
        self._architecture = PolicyArchitecture(*sizes, (256, 256))
        self._fingerprint, self._session = spaces.fingerprint, uuid.uuid4().hex
        self._rng, self._version = np.random.default_rng(0), time.time_ns()
        self._policies = self.create_publisher(Policy, POLICY, POLICY_QOS)
        self._acks = self.create_publisher(TransitionAck, TRANSITIONS_ACK, ACK_QOS)
        self.create_subscription(TransitionBatch, TRANSITIONS, self._on_batch, TRANSITIONS_QOS)
        self._paused = False
        self.create_timer(POLICY_PERIOD_S, self._publish)
        self._others = [TransitionAck(robot=f'robot_{n}', session='0' * 32) for n in range(fleet)]
        self.create_timer(ACK_PERIOD_S, self._acknowledge_others)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        """Obey until stdin ends."""
        for line in sys.stdin:
            self._paused = line.strip() == 'pause'

    def _publish(self) -> None:
        """Send a random policy."""
        if self._paused:
            return
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

    def _acknowledge_others(self) -> None:
        """Send acknowledgements as for the rest of the fleet."""
        for ack in self._others:
            ack.sequence += 1
            self._acks.publish(ack)

    def _on_batch(self, message: TransitionBatch) -> None:
        """Acknowledge a batch."""
        last = message.first_sequence + message.count - 1
        self._acks.publish(
            TransitionAck(robot=message.robot, session=message.session, sequence=last)
        )


def main() -> None:
    """Run the node; arguments: the robot's description and the number of other robots."""
    rclpy.init()
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(ControlLearner(sys.argv[1], int(sys.argv[2])))


if __name__ == '__main__':
    main()

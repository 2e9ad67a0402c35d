# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Publishes random policies as a learner does: python -m workers.fleet_policies DESCRIPTION HZ."""

import sys
import time
import uuid

import numpy as np
import rclpy
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.ros_policy_message import policy_to_message
from rl_agent.ros.ros_topics import POLICY, POLICY_QOS
from rl_msgs.msg import Policy

HIDDEN_SIZES = (256, 256)


def main(description: str, rate_hz: float) -> None:
    """Publish until the process is killed."""
    rclpy.init()
    node = rclpy.create_node('policies')
    publisher = node.create_publisher(Policy, POLICY, POLICY_QOS)
    spaces = Spaces(load_robot(description))
    architecture = PolicyArchitecture(spaces.observation_size, spaces.action_size, HIDDEN_SIZES)
    numbers = np.random.default_rng(0).normal(0.0, 0.02, architecture.num_parameters)
    session, started_s, version = uuid.uuid4().hex, time.monotonic(), 0
    print('ready', flush=True)
    while True:
        version += 1
        time.sleep(max(0.0, started_s + version / rate_hz - time.monotonic()))
        policy = PolicyParameters(
            architecture,
            numbers.astype(np.float32),
            version=version,
            fingerprint=spaces.fingerprint,
            learner_session=session,
        )
        publisher.publish(policy_to_message(policy))


if __name__ == '__main__':
    main(sys.argv[1], float(sys.argv[2]))

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The topics between robots and learner, each with the quality of service of both ends.

The names are absolute: robots live in namespaces of their own but share one learner. A fleet
with several learners remaps them.
"""

from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.qos import DurabilityPolicy, QoSProfile

TRANSITIONS = '/transitions'
TRANSITIONS_ACK = '/transitions_ack'
POLICY = '/policy'
LEARNER_STATUS = '/learner_status'

# in the robot's namespace
STEP = 'step'
EPISODE = 'episode'
AGENT_STATUS = 'agent_status'
RANDOMISATION = 'randomisation'

# parameter of the simulated robot
RESET_SEED = 'reset_seed'

TRANSITIONS_QOS = QoSProfile(depth=100)
ACK_QOS = QoSProfile(depth=100)
POLICY_QOS = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
RANDOMISATION_QOS = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
STATUS_QOS = QoSProfile(depth=10)
EPISODE_QOS = QoSProfile(depth=100)
STEP_QOS = QoSProfile(depth=100)


def steady_clock() -> Clock:
    """Return a clock for timers that must run on while simulated time stands still."""
    return Clock(clock_type=ClockType.STEADY_TIME)

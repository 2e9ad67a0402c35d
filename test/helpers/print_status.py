# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Prints each agent status on a topic as a line of JSON, until it is killed.

It is a separate process, because Fast DDS keeps the network interfaces that a process saw first: a
process that changes its network namespace receives nothing.
"""

import json
import sys

import rclpy
from rl_agent.ros.ros_topics import STATUS_QOS
from rl_msgs.msg import AgentStatus

FIELDS = (
    'policies_accepted',
    'steps',
    'ticks_missed',
    'transitions_acknowledged',
    'transitions_dropped',
    'transitions_pending',
)


def show(message: AgentStatus) -> None:
    """Print a status."""
    print(json.dumps({name: getattr(message, name) for name in FIELDS}), flush=True)


rclpy.init()
node = rclpy.create_node('print_status')
node.create_subscription(AgentStatus, sys.argv[1], show, STATUS_QOS)
rclpy.spin(node)

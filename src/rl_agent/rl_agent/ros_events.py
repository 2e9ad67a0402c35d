# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What happened to a robot, in the ROS log: each event once when it begins, once when it ends."""

from rclpy.node import Node
from rl_agent.events import Events

REPORT_PERIOD_S = 0.2


def log_reports(node: Node, events: Events) -> None:
    """Log what there is to say since the last call."""
    for report in events.take_reports():
        if report.is_fault:
            node.get_logger().error(report.text)
        else:
            node.get_logger().info(report.text)

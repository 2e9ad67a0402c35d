# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What happened to a robot, in the ROS log: each event once when it begins, once when it ends."""

from rclpy.node import Node
from rl_agent.event_log import EventLog

REPORT_PERIOD_S = 0.2


def log_reports(node: Node, events: EventLog) -> None:
    """Log what there is to say since the last call."""
    for report in events.take_reports():
        # one line for each level: rclpy refuses a place in the code that changes its level
        if report.level == 'error':
            node.get_logger().error(report.text)
        elif report.level == 'warning':
            node.get_logger().warning(report.text)
        else:
            node.get_logger().info(report.text)

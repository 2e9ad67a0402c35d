# Copyright 2026 The rl_agent authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Events in the ROS log: each one when it begins and when it ends."""

from rclpy.node import Node
from rl_agent.event_log import EventLog

REPORT_PERIOD_S = 1.0  # each call of a timer by rclpy may delay a command of a fast loop
PROGRESS_PERIOD_S = 10.0  # of the line that shows that a node works


def log_reports(node: Node, events: EventLog) -> None:
    """Log the reports since the last call."""
    for report in events.take_reports():
        # one call per level: rclpy does not let a line of code log at different levels
        if report.level == 'error':
            node.get_logger().error(report.text)
        elif report.level == 'warning':
            node.get_logger().warning(report.text)
        else:
            node.get_logger().info(report.text)

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

"""Listens to the diagnostics of one node."""

from collections.abc import Mapping

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.utilities import try_shutdown
from rl_agent.health.node_health import judge, Verdict
from rl_agent.robot_interface.ros_listening_node import listening_node
from rl_agent.ros.ros_spinning import serve
from rl_agent.ros.ros_topics import DIAGNOSTICS, DIAGNOSTICS_QOS

# DDS discovers processes through the network, but sends data on one machine through files.
_UNHEARD = (
    'nodes are discovered, but nothing is heard (they hang, or belong to another user, or to a'
    ' container with another /dev/shm)'
)


class HealthWatch:
    """A node that reads `/diagnostics` and publishes nothing."""

    def __init__(self, name: str, ros_args: list[str]) -> None:
        """Subscribe.

        Args:
            name: full name of the node to watch, such as `/robot_1/agent`.
            ros_args: of ROS.

        Raises:
            ConfigurationError: ROS refuses the arguments.
        """
        self._name = name
        self._reports: list[Mapping[str, str]] = []
        self._hears_any = False
        self._context = Context()
        self._node = listening_node('rl_health', self._context, '', ros_args)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._node.create_subscription(
            DiagnosticArray, DIAGNOSTICS, self._on_message, DIAGNOSTICS_QOS
        )

    def listen(self, seconds: float) -> Verdict:
        """Return the verdict as soon as it is good, or after some time."""
        serve(self._executor, seconds, lambda: judge(self._reports).is_healthy is True)
        if not self._hears_any and self._node.count_publishers(DIAGNOSTICS):
            return Verdict(None, _UNHEARD)
        return judge(self._reports)

    def close(self) -> None:
        """Destroy the node."""
        self._executor.shutdown()
        self._node.destroy_node()
        try_shutdown(context=self._context)

    def _on_message(self, message: DiagnosticArray) -> None:
        """Keep what the watched node reports."""
        self._hears_any = True
        for status in message.status:
            if status.name == self._name:
                self._reports.append({item.key: item.value for item in status.values})

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

"""`/diagnostics` of the nodes that stand for a robot: `simulated_robot` and `gazebo_robot`."""

from collections.abc import Mapping

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node
from rl_agent.ros.ros_topics import DIAGNOSTICS, DIAGNOSTICS_QOS


class SimulationDiagnostics:
    """Publishes what a simulation has counted."""

    def __init__(self, node: Node, *, real_time: bool) -> None:
        """Advertise the topic.

        Args:
            node: of the simulation.
            real_time: time passes by itself; False: in lockstep with commands.
        """
        self._node, self._mode = node, 'real time' if real_time else 'lockstep'
        self._publisher = node.create_publisher(DiagnosticArray, DIAGNOSTICS, DIAGNOSTICS_QOS)

    def publish(self, counts: Mapping[str, int], stamp: Time, *, is_faulty: bool = False) -> None:
        """Publish counts.

        Args:
            counts: by their names.
            stamp: of the message.
            is_faulty: publish them as a warning.
        """
        status = DiagnosticStatus(
            level=DiagnosticStatus.WARN if is_faulty else DiagnosticStatus.OK,
            name=self._node.get_fully_qualified_name(),
            message=self._mode,
            hardware_id=self._node.get_namespace().strip('/'),
            values=[KeyValue(key=key, value=str(value)) for key, value in counts.items()],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = stamp
        self._publisher.publish(message)

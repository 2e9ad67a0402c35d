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

"""The `markers` node: draws for RViz what an agent does; a process of its own, beside RViz.

So it costs the agent one subscriber of `step`, which is served after a command has left.
"""

from collections.abc import Sequence
import sys
from typing import Any

from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import GetParameters
from rclpy.qos import QoSProfile
from rl_agent.bringup.robot_parameters import MarkersParameters
from rl_agent.description.robot import load_robot
from rl_agent.display.action_panel import ActionPanel
from rl_agent.display.goal import find_goal
from rl_agent.display.ros_markers import MarkerMaker
from rl_agent.message_checks import MessageGuard
from rl_agent.ros.ros_managed_node import ManagedNode
from rl_agent.ros.ros_node_main import run
from rl_agent.ros.ros_parameters import declare_parameters
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
from rl_agent.ros.ros_topics import MARKERS, steady_clock, STEP
from rl_msgs.msg import Step

_NEWEST_QOS = QoSProfile(depth=1)
_TASK_PERIOD_S = 1.0
_GOAL_PARAMETERS = ('goal_x_m', 'goal_y_m', 'goal_z_m', 'goal_radius_m')


class MarkersNode(ManagedNode):
    """Turns the newest step into markers, at most at its rate."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__('markers')
        self._settings = declare_parameters(self, MarkersParameters)
        self._guard = MessageGuard(self.get_logger().warning)

    @property
    def autostart(self) -> bool:
        """Whether the process takes the node to `active` by itself."""
        return self._settings.autostart

    def configure(self) -> None:
        """Read the description and subscribe."""
        settings = self._settings
        description = load_robot(settings.robot, prefix=settings.prefix)
        command = description.command
        panel = ActionPanel(
            command.names,
            command.units,
            command.low,
            command.high,
            settings.height_m,
            settings.width_m,
        )
        self._maker = MarkerMaker(panel, settings.frame, settings.goal_frame or settings.frame)
        task = description.task.make()
        self._task = {
            name: float(getattr(task, name)) for name in _GOAL_PARAMETERS if hasattr(task, name)
        }
        self._step: Step | None = None
        self._markers = self.create_publisher(self._maker.array_type, MARKERS, _NEWEST_QOS)
        on_step = self._guard.checked(STEP, self._on_step)
        self._steps = self.create_subscription(Step, STEP, on_step, _NEWEST_QOS)
        self._agent_parameters = self.create_client(GetParameters, 'agent/get_parameters')
        self._periodic = [
            self.create_timer(1.0 / settings.rate_hz, self._publish, clock=steady_clock()),
            self.create_timer(_TASK_PERIOD_S, self._ask_for_goal, clock=steady_clock()),
        ]

    def clean_up(self) -> None:
        """Disconnect."""
        for timer in self._periodic:
            self.destroy_timer(timer)
        self.destroy_client(self._agent_parameters)
        self.destroy_subscription(self._steps)
        self.destroy_publisher(self._markers)

    def _on_step(self, message: Step) -> None:
        """Keep the newest step."""
        self._step = message

    def _publish(self) -> None:
        """Publish the markers of a new step."""
        step, self._step = self._step, None
        if step is None or not self._markers.get_subscription_count():
            return
        goal = find_goal(self._task, step.observation_names, step.observation)
        try:
            self._markers.publish(self._maker.markers(step, goal))
        except ValueError:
            self.get_logger().error(
                f'steps have {len(step.command)} numbers of a command, the description another'
                ' count; accepted: the description of the robot in this namespace',
                throttle_duration_sec=10.0,
            )

    def _ask_for_goal(self) -> None:
        """Ask the agent for its goal, which may change while it runs."""
        if self._task and self._agent_parameters.service_is_ready():
            names = [f'task.{name}' for name in self._task]
            future = self._agent_parameters.call_async(GetParameters.Request(names=names))
            future.add_done_callback(self._on_goal)

    def _on_goal(self, future: Any) -> None:
        """Take the parameters of the agent's task."""
        values = future.result().values if future.exception() is None else []
        if len(values) == len(self._task):
            for name, value in zip(list(self._task), values, strict=True):
                if value.type == ParameterType.PARAMETER_DOUBLE:
                    self._task[name] = value.double_value


def main(args: Sequence[str] | None = None) -> None:
    """Run the node."""
    sys.exit(run(MarkersNode, args))


if __name__ == '__main__':
    main()

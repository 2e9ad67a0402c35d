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

"""The `scripted_person` node: a person at a joystick, for demonstrations in simulation."""

from array import array
from collections.abc import Sequence
import sys

from geometry_msgs.msg import PoseStamped
import numpy as np
from rclpy.timer import Timer
from rl_agent.bringup.robot_parameters import ScriptedPersonParameters
from rl_agent.description.robot import load_robot
from rl_agent.description.teaching.teleop import AxisDescription
from rl_agent.errors import ConfigurationError
from rl_agent.ros.ros_managed_node import ManagedNode
from rl_agent.ros.ros_node_main import run
from rl_agent.ros.ros_parameters import declare_parameters
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
from rl_agent.ros.ros_topics import (
    AGENT_STATUS,
    HAND_OFFERED_QOS,
    SENSOR_QOS,
    STATUS_QOS,
    steady_clock,
    STEP,
    STEP_QOS,
)
from rl_agent.teaching.hand_state import REFUSED, SILENT
from rl_agent.teaching.scripted_person import ScriptedPerson, Stick
from rl_msgs.msg import AgentStatus, Step
from sensor_msgs.msg import Joy

_PERIOD_S = 0.05
_READY_BEATS = 10  # the agent must have seen the dead-man button released
_POSE = 'geometry_msgs/msg/PoseStamped'


class ScriptedPersonNode(ManagedNode):
    """Publishes `sensor_msgs/Joy` after each pose of the tool, and 20 times a second."""

    def __init__(self) -> None:
        """Read the parameters."""
        super().__init__('scripted_person')
        self._settings = declare_parameters(self, ScriptedPersonParameters)
        self._timer: Timer | None = None

    @property
    def autostart(self) -> bool:
        """Whether the process takes the node to `active` by itself."""
        return self._settings.autostart

    def configure(self) -> None:
        """Find joystick and tool in the robot's description."""
        settings = self._settings
        robot = load_robot(settings.robot)
        if robot.teleop is None or not robot.teleop.has_buttons or robot.teleop.dead_man is None:
            raise ConfigurationError(
                f'robot {robot.name!r}: teleop: accepted: a joystick with a dead_man button'
            )
        poses = {item.name: item.topic for item in robot.observation if item.type == _POSE}
        if settings.tool not in poses:
            raise ConfigurationError(
                f'tool: given {settings.tool!r}; accepted: an observation field of type {_POSE}'
                f' ({", ".join(poses) or "there is none"})'
            )
        teleop = robot.teleop
        self._axes = [_joy_axis(teleop.axes.get(name), name) for name in robot.command.names[:3]]
        self._dead_man, self._beats = robot.teleop.dead_man, 0
        self._person = ScriptedPerson(
            settings.seed, settings.delay_steps, takes_over=settings.takes_over
        )
        self._stick = Stick(np.zeros(3), drives=False)
        self._may_drive = not settings.takes_over  # who only helps waits for a policy
        self._publisher = self.create_publisher(Joy, teleop.topic, HAND_OFFERED_QOS)
        self._tool_topic = poses[settings.tool]

    def activate(self) -> None:
        """Watch and steer."""
        self._poses = self.create_subscription(
            PoseStamped, self._tool_topic, self._on_pose, SENSOR_QOS
        )
        self._steps = self.create_subscription(Step, STEP, self._on_step, STEP_QOS)
        self._statuses = self.create_subscription(
            AgentStatus, AGENT_STATUS, self._on_status, STATUS_QOS
        )
        self._timer = self.create_timer(_PERIOD_S, self._beat, clock=steady_clock())

    def deactivate(self) -> None:
        """Let go."""
        timer, self._timer = self._timer, None
        if timer is None:
            return
        self.destroy_timer(timer)
        self.destroy_subscription(self._poses)
        self.destroy_subscription(self._steps)
        self.destroy_subscription(self._statuses)
        self._stick = Stick(np.zeros(3), drives=False)
        self._publish()

    def clean_up(self) -> None:
        """Stop publishing."""
        self.destroy_publisher(self._publisher)

    def _on_step(self, step: Step) -> None:
        """Note whether an evaluation runs, and whether there is a policy to be helped."""
        has_policy = step.policy_version > 0 or not self._settings.takes_over
        self._may_drive = has_policy and not step.evaluation

    def _on_status(self, status: AgentStatus) -> None:
        """Release the dead-man button for a moment if the agent does not obey, as people do."""
        if status.hand.startswith((REFUSED, SILENT)):
            self._beats = 0

    def _on_pose(self, message: PoseStamped) -> None:
        """React to where the tool is."""
        place = message.pose.position
        tip = np.array([place.x, place.y, place.z])
        self._stick = self._person.see(tip, may_drive=self._may_drive)
        self._publish()

    def _beat(self) -> None:
        """Repeat what the stick does, as the driver of a joystick does."""
        self._beats += self._publisher.get_subscription_count() > 0
        self._publish()

    def _publish(self) -> None:
        """Publish the stick."""
        axes, buttons = [0.0] * 8, [0] * 12
        for (axis, sign), number in zip(self._axes, self._stick.axes, strict=True):
            axes[axis] = float(sign * number)
        buttons[self._dead_man] = int(self._stick.drives and self._beats > _READY_BEATS)
        message = Joy(axes=array('f', axes), buttons=array('i', buttons))
        message.header.stamp = self.get_clock().now().to_msg()
        self._publisher.publish(message)


def _joy_axis(described: AxisDescription | None, name: str) -> tuple[int, float]:
    """Return index and sign of the axis for a number of the action.

    Raises:
        ConfigurationError: it has none.
    """
    if described is None or described.axis is None:
        raise ConfigurationError(
            f'teleop.axes: {name}: missing; accepted: an axis of the joystick'
        )
    return described.axis, 1.0 if described.scale >= 0 else -1.0


def main(args: Sequence[str] | None = None) -> None:
    """Run the node."""
    sys.exit(run(ScriptedPersonNode, args))


if __name__ == '__main__':
    main()

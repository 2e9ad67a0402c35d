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

"""The control loop of a robot whose time passes only with a command."""

from collections.abc import Sequence

from rclpy.node import Node
from rclpy.timer import Timer
from rl_agent.control.ros_agent_parts import AgentParts, make_policy_subscriber, make_uplink
from rl_agent.control.ros_control_loop import ControlLoop
from rl_agent.real_time.chore import Chore
from rl_agent.robot_interface.ros_lockstep_robot import LockstepRobot
from rl_agent.ros.ros_spinning import start_timers
from rl_agent.simulation.standalone_robot import StandaloneRobot


class LockstepLoop(ControlLoop):
    """A control loop whose chores and connection are served by the node's executor."""

    def __init__(
        self, node: Node, parts: AgentParts, robot: LockstepRobot | StandaloneRobot
    ) -> None:
        """Connect to the learner machine; nothing moves.

        Args:
            node: its executor spins in another thread.
            parts: of the agent.
            robot: behind its topics, or in this process.
        """
        self._node = node
        self._timers: list[Timer] = []
        super().__init__(
            parts,
            robot,
            make_uplink(node, parts),
            make_policy_subscriber(node, parts),
            parts.listener,
            defer_spooling=False,
        )

    def add_chores(self, chores: Sequence[Chore]) -> None:
        """Let the node's executor do chores."""
        self._timers += start_timers(self._node, chores)

    def close(self) -> None:
        """End the chores and disconnect."""
        for timer in self._timers:
            self._node.destroy_timer(timer)
        super().close()

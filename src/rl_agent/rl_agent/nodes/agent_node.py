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

"""The `agent` node: runs the policy on a robot and sends every transition to the learner."""

import os

from rl_agent.real_time.blas import blas_environment

os.environ.update(blas_environment(os.environ))  # before NumPy is imported

from collections.abc import Sequence
import sys
import threading
from typing import Any

from rl_agent.bringup.robot_parameters import AgentParameters
from rl_agent.control.ros_agent_interface import AgentInterface
from rl_agent.control.ros_agent_parts import AgentParts, make_parts
from rl_agent.control.ros_control_loop import ControlLoop
from rl_agent.control.ros_lockstep_loop import LockstepLoop
from rl_agent.control.ros_realtime_loop import RealtimeLoop
from rl_agent.nodes.ros_evaluation_action import EvaluationAction
from rl_agent.robot_interface.ros_lockstep_robot import LockstepRobot
from rl_agent.ros.ros_managed_node import ManagedNode
from rl_agent.ros.ros_node_main import run
from rl_agent.ros.ros_parameters import declare_parameters, follow_changes

_LAST_STEP_S = 10.0
_LAST_ACKNOWLEDGEMENTS_S = 1.5


class AgentNode(ManagedNode):
    """The lifecycle of an agent, whose `ControlLoop` runs on its own thread."""

    _parts: AgentParts
    _loop: ControlLoop
    _interface: AgentInterface
    _evaluation: EvaluationAction

    def __init__(self, **options: Any) -> None:
        """Read the parameters; options are those of rclpy's nodes."""
        super().__init__('agent', **options)
        self._settings = declare_parameters(self, AgentParameters)
        follow_changes(self, self._settings, self._on_change)
        self._thread: threading.Thread | None = None
        self._deactivating = threading.Lock()

    @property
    def autostart(self) -> bool:
        """Whether the process takes the node to `active` by itself."""
        return self._settings.autostart

    def _on_change(self, settings: AgentParameters) -> None:
        """Apply new values of live parameters."""
        self._settings = settings
        if hasattr(self, '_loop'):
            agent = self._loop.agent
            agent.explore, agent.max_steps = settings.explore, settings.max_steps

    def configure(self) -> None:
        """Read the description and connect to robot and learner; nothing moves."""
        self._parts = parts = make_parts(self, self._settings)
        self._loop = self.make_loop(parts)
        self._interface = AgentInterface(self, parts, self._loop)
        self._evaluation = EvaluationAction(
            self, self._loop.agent, lambda: self._interface.status.state
        )
        self.get_logger().info(
            f'{parts.sender.robot}: {parts.description.name} with'
            f' {parts.spaces.observation_size} observations, {parts.spaces.action_size} actions,'
            f' fingerprint {parts.spaces.fingerprint}'
        )

    def make_loop(self, parts: AgentParts) -> ControlLoop:
        """Return the control loop on the robot's topics, in real time or in lockstep."""
        if not self.get_parameter('use_sim_time').value:
            return RealtimeLoop(self, parts)
        timeout_s = self._settings.robot_timeout_s
        robot = LockstepRobot(self, parts.of_this_robot, timeout_s, parts.events)
        return LockstepLoop(self, parts, robot)

    def activate(self) -> None:
        """Start the control thread, which moves the robot once there is a policy."""
        self._loop.prepare()
        self._thread = threading.Thread(target=self._run, name='control', daemon=True)
        self._thread.start()

    def deactivate(self) -> None:
        """Bring the robot to a stop; hand over what the learner machine does not have.

        A service and a signal may ask for it at once: the second waits for the first.
        """
        with self._deactivating:
            thread, self._thread = self._thread, None
            if thread is not None:
                self._end_control(thread)

    def clean_up(self) -> None:
        """Disconnect."""
        parts = self._parts
        self._loop.close()
        if parts.spool_folder:
            parts.spool_folder.close()
        if parts.summary:
            parts.events.info(parts.summary.summary())
        self._interface.log_reports()
        self._evaluation.close()
        self._interface.close()
        parts.steps.close()

    def _run(self) -> None:
        """Run the agent; an error ends the process, which stops the robot first."""
        is_last = self._settings.max_episodes or self._settings.end_after_max_steps
        if self._loop.run() and is_last:
            self.ended.set()

    def _end_control(self, thread: threading.Thread) -> None:
        """Stop the control thread, then send the last transitions and the last status."""
        parts, loop = self._parts, self._loop
        loop.stop()
        thread.join(_LAST_STEP_S)
        if thread.is_alive():
            self.get_logger().error(
                'the control thread is stuck; the robot was stopped all the same'
            )
        loop.finish()
        if not parts.spool.wait_until_empty(_LAST_ACKNOWLEDGEMENTS_S):
            loop.uplink.log_unacknowledged(kept=parts.spool_folder is not None)
        self._interface.log_reports()
        self._interface.status.publish_last()


def main(args: Sequence[str] | None = None) -> None:
    """Run the node."""
    sys.exit(run(AgentNode, args))


if __name__ == '__main__':
    main()

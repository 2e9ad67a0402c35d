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

"""The `simulated_fleet` node: simulated robots with their agents in one process.

Each robot has a namespace with the topics of an agent: status, steps, episodes, transitions. There
are no topics between an agent and its robot, so it takes a fraction of the time of two processes.
"""

import os

from rl_agent.real_time.blas import blas_environment

os.environ.update(blas_environment(os.environ))  # before NumPy is imported

from collections.abc import Sequence
import sys
from typing import Any

import numpy as np
from rclpy.parameter import Parameter
from rl_agent.bringup.robot_parameters import SimulatedFleetParameters
from rl_agent.control.ros_agent_parts import AgentParts
from rl_agent.control.ros_control_loop import ControlLoop
from rl_agent.control.ros_lockstep_loop import LockstepLoop
from rl_agent.description.robot import load_robot
from rl_agent.nodes.agent_node import AgentNode
from rl_agent.ros.ros_managed_node import ManagedNode
from rl_agent.ros.ros_node_main import run
from rl_agent.ros.ros_parameters import declare_parameters
from rl_agent.simulation.in_process_robot import InProcessRobot
from rl_agent.simulation.standalone_robot import StandaloneRobot

_SWITCH_INTERVAL_S = 0.0005  # a robot's step must not wait 5 ms for the interpreter


class FleetAgentNode(AgentNode):
    """An agent whose robot is in its process."""

    def __init__(self, fleet: ManagedNode, namespace: str, robot_seed: int, **values: Any) -> None:
        """Read the parameters.

        Args:
            fleet: ends when this node fails.
            namespace: of the robot.
            robot_seed: of its starting states.
            values: parameters of the agent.
        """
        self._robot_seed = robot_seed
        super().__init__(
            namespace=namespace,
            parameter_overrides=[Parameter(name, value=value) for name, value in values.items()],
            use_global_arguments=False,  # they are those of the fleet
        )
        self._fleet = fleet

    def make_loop(self, parts: AgentParts) -> ControlLoop:
        """Return the control loop on a robot of this process."""
        robot = StandaloneRobot(parts.of_this_robot, self._robot_seed)
        return LockstepLoop(self, parts, robot)

    def fail(self, error: Any) -> None:
        """End the process with this error."""
        super().fail(error)
        self._fleet.fail(error)


class SimulatedFleetNode(ManagedNode):
    """Starts and ends the agents."""

    def __init__(self) -> None:
        """Read the parameters."""
        super().__init__('simulated_fleet')
        self._settings = declare_parameters(self, SimulatedFleetParameters)
        self._agents: list[FleetAgentNode] = []

    def configure(self) -> None:
        """Make the robots, which begin nothing yet."""
        settings = self._settings
        sys.setswitchinterval(_SWITCH_INTERVAL_S)
        InProcessRobot(load_robot(settings.robot), seed=0)  # one error, not one for each robot
        words = np.random.SeedSequence(settings.seed).generate_state(2 * settings.robots)
        seeds = [int(word) for word in words]
        outer = self.get_namespace().rstrip('/')
        for number in range(settings.robots):
            share = (settings.max_steps + number) // settings.robots
            agent = FleetAgentNode(
                self,
                f'{outer}/robot_{number + 1}',
                seeds[2 * number],
                robot=settings.robot,
                seed=seeds[2 * number + 1],
                max_steps=settings.max_steps and max(1, share),
                max_steps_ahead=settings.max_steps_ahead,
                spool_folder='',
                use_sim_time=True,
            )
            self._agents.append(agent)
            assert self.executor is not None
            self.executor.add_node(agent)

    def activate(self) -> None:
        """Start all agents."""
        for agent in self._agents:
            agent.start()

    def deactivate(self) -> None:
        """Stop all agents; hand over what the learner machine does not have."""
        for agent in self._agents:
            agent.deactivate()

    def clean_up(self) -> None:
        """Disconnect all agents."""
        for agent in self._agents:
            agent.close()
            agent.destroy_node()
        self._agents = []


def main(args: Sequence[str] | None = None) -> None:
    """Run the node."""
    sys.exit(run(SimulatedFleetNode, args))


if __name__ == '__main__':
    main()

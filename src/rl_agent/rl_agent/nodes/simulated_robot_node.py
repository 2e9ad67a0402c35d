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

"""The `simulated_robot` node: a model behind the topics of the real robot."""

from collections.abc import Sequence
import sys
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rl_agent.bringup.robot_parameters import SimulatedRobotParameters
from rl_agent.description.robot import RobotDescription
from rl_agent.errors import ConfigurationError, RobotError
from rl_agent.message_fields.ros_command_reader import CommandReader
from rl_agent.robot_interface.ros_lockstep_robot import REPEAT_PERIOD_S
from rl_agent.robot_interface.ros_reset import RESET_SERVICES
from rl_agent.robot_interface.ros_robot_description import load_ros_robot, refuse_absolute_names
from rl_agent.ros.ros_managed_node import ManagedNode
from rl_agent.ros.ros_messages import import_message, ns_to_stamp
from rl_agent.ros.ros_node_main import run
from rl_agent.ros.ros_parameters import declare_parameters
from rl_agent.ros.ros_topics import (
    CLOCK_QOS,
    COMMAND_SIMULATED_QOS,
    RESET_SEED,
    steady_clock,
)
from rl_agent.simulated_models.model import command_names
from rl_agent.simulation.rendered_cameras import make_described_model
from rl_agent.simulation.ros_randomisation import RandomisationPublisher
from rl_agent.simulation.ros_simulated_sensors import SimulatedSensors
from rl_agent.simulation.ros_simulation_diagnostics import SimulationDiagnostics
from rl_agent.simulation.simulated_robot import SimulatedRobot
from rosgraph_msgs.msg import Clock


class SimulatedRobotNode(ManagedNode):
    """Publishes the sensors of the description and /clock, executes commands and resets.

    In lockstep, each command advances the model and the clock by one control period. With
    `real_time` there is no /clock: the model advances with the steady clock and executes the last
    command since the reset.
    """

    def __init__(self) -> None:
        """Read the parameters."""
        super().__init__('simulated_robot')
        self._settings = declare_parameters(self, SimulatedRobotParameters)

    def configure(self) -> None:
        """Build the model and create its topics."""
        description = load_ros_robot(self._settings.robot)
        refuse_absolute_names(self, description)
        model, cameras = make_described_model(description)
        self._order = _joint_order(description, command_names(model))
        self._robot = SimulatedRobot(model, description.rate_hz, self._settings.seed)
        self._sensors = SimulatedSensors(self, description, model, cameras)
        self._randomisation = RandomisationPublisher(self, model)
        self._randomisation.publish(self._robot.resets, ns_to_stamp(self._robot.stamp_ns))
        self._rest = self._resting_command(description)
        self._held = self._rest
        self._period_s = 1.0 / description.rate_hz
        self._clock_publisher: Publisher | None = None
        if not self._settings.real_time:
            self._clock_publisher = self.create_publisher(Clock, '/clock', CLOCK_QOS)
        self._diagnostics = SimulationDiagnostics(self, real_time=self._settings.real_time)
        self._connect(description)
        self._published_s = 0.0

    def deactivate(self) -> None:
        """Publish the final counts."""
        if hasattr(self, '_robot'):
            self._publish_diagnostics()

    def _connect(self, description: RobotDescription) -> None:
        """Create subscription, service, parameter and timers."""
        action, reset = description.action, description.reset
        self._reader = CommandReader(action, self.resolve_topic_name(action.topic))
        self.create_subscription(
            import_message(action.type), action.topic, self._on_command, COMMAND_SIMULATED_QOS
        )
        if reset.service:
            self.create_service(RESET_SERVICES[reset.service_type], reset.service, self._on_reset)
        self.declare_parameter(
            RESET_SEED,
            self._settings.seed,
            ParameterDescriptor(
                description='a new value sets the seed of the next starting states'
            ),
        )
        # before the change, because Humble has no callback for after it
        self.add_on_set_parameters_callback(self._on_parameters)
        if self._settings.real_time:
            self.create_timer(self._period_s, self._step_period, clock=steady_clock())
        else:
            self.create_timer(REPEAT_PERIOD_S, self._repeat_state, clock=steady_clock())
        self.create_timer(1.0, self._publish_diagnostics, clock=steady_clock())

    def _on_command(self, message: Any) -> None:
        """Execute a command; in lockstep publish the new state."""
        try:
            command = self._reader.read(message)
        except RobotError as error:
            self.get_logger().error(f'command refused: {error}', throttle_duration_sec=10.0)
            return
        self._held = command[self._order]
        if not self._settings.real_time:
            self._robot.step(self._held)
            self._publish_state()

    def _resting_command(self, description: RobotDescription) -> NDArray[np.float64]:
        """Return the command held in real time before the first one, in the model's order."""
        default = description.action.default
        if default is None:
            return np.zeros(len(self._order))
        return np.array(default, np.float64)[self._order]

    def _step_period(self) -> None:
        """Advance by one control period."""
        self._robot.step(self._held)
        self._publish_state()
        self._log_fault()

    def _on_reset(self, request: Any, response: Any) -> Any:
        """Draw a new starting state and publish it."""
        self._robot.reset()
        self._randomisation.publish(self._robot.resets, ns_to_stamp(self._robot.stamp_ns))
        self._held = self._rest
        self._publish_state()
        fault = self._log_fault()
        if hasattr(response, 'success'):
            response.success = True
            response.message = fault or ''
        return response

    def _log_fault(self) -> str | None:
        """Log and return the fault of the model, None if there is none."""
        fault: str | None = getattr(self._robot.model, 'fault', None)
        if fault:
            self.get_logger().warning(fault, throttle_duration_sec=10.0)
        return fault

    def _on_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        """Apply a new seed of the starting states."""
        for parameter in parameters:
            if parameter.name == RESET_SEED and isinstance(parameter.value, int):
                self._robot.seed(abs(parameter.value))
        return SetParametersResult(successful=True)

    def _repeat_state(self) -> None:
        """Repeat the state if no command came: sensors of a resting robot publish, too."""
        if time.monotonic() - self._published_s >= REPEAT_PERIOD_S:
            self._publish_state()

    def _publish_state(self) -> None:
        """Publish clock and sensors."""
        self._published_s = time.monotonic()
        if self._clock_publisher is None:
            self._sensors.publish(self.get_clock().now().to_msg())
            return
        stamp = ns_to_stamp(self._robot.stamp_ns)
        self._clock_publisher.publish(Clock(clock=stamp))
        self._sensors.publish(stamp)

    def _publish_diagnostics(self) -> None:
        """Publish the counts of steps, resets and faults."""
        counts = {
            'executed_steps': self._robot.executed_steps,
            'resets': self._robot.resets,
            'faults': getattr(self._robot.model, 'faults', 0),
        }
        stamp = ns_to_stamp(self._robot.stamp_ns)
        self._diagnostics.publish(counts, stamp, is_faulty=counts['faults'] > 0)


def _joint_order(description: RobotDescription, joint_names: tuple[str, ...]) -> list[int]:
    """Return the index in the command of each joint of the model.

    A command of fields has no joint names: its numbers are in the order of the model's joints.

    Raises:
        ConfigurationError: the joints of the command are not those of the model.
    """
    given, fields = description.action.joints, description.action.fields
    if set(given or ()) != set(joint_names) and len(fields or ()) != len(joint_names):
        raise ConfigurationError(
            f'robot {description.name!r}: action: given {", ".join(description.action.names)};'
            f' accepted: {", ".join(joint_names)}, the joints of the model'
        )
    return [given.index(joint) if given else index for index, joint in enumerate(joint_names)]


def main(args: Sequence[str] | None = None) -> None:
    """Run the node."""
    sys.exit(run(SimulatedRobotNode, args))


if __name__ == '__main__':
    main()

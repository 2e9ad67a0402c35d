# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The `simulated_robot` node: a model behind the topics that the real robot would have."""

from array import array
from collections.abc import Sequence
import sys
import time
from typing import Annotated

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from rclpy.qos import QoSProfile
from rl_agent.errors import ConfigurationError
from rl_agent.robot_description import load_robot, RobotDescription
import rl_agent.ros_interfaces  # noqa: F401  (first: it explains a missing rl_msgs)
from rl_agent.ros_main import ManagedNode, run
from rl_agent.ros_messages import ns_to_stamp
from rl_agent.ros_parameters import declare_parameters
from rl_agent.ros_topics import steady_clock
from rl_agent.simulated_models import make_model
from rl_agent.simulated_robot import SimulatedRobot
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

_JOINT_STATE = 'sensor_msgs/msg/JointState'
_STANDSTILL_S = 0.1  # a robot that was not commanded for so long repeats its state


@dataclass(frozen=True, config=ConfigDict(extra='forbid'))
class SimulatedRobotParameters:
    """ROS parameters of the simulated robot."""

    robot: Annotated[
        str, Field(description='name of a robot description, or the path of its YAML file')
    ] = ''
    seed: Annotated[int, Field(ge=0, description='of the starting states')] = 0


class SimulatedRobotNode(ManagedNode):
    """Joint states and /clock out, effort commands in, a reset service.

    It steps in lockstep: each command advances the model, and the clock, by one control period.
    """

    def __init__(self) -> None:
        """Read the parameters."""
        super().__init__('simulated_robot')
        self._settings = declare_parameters(self, SimulatedRobotParameters)

    def configure(self) -> None:
        """Build the model and offer its topics."""
        description = load_robot(self._settings.robot)
        if description.simulation is None:
            raise ConfigurationError(
                f'robot {description.name!r}: simulation: missing; this key is required to'
                ' simulate it'
            )
        model = make_model(description.simulation.model)
        self._order = _joint_order(description, model.joint_names)
        self._robot = SimulatedRobot(model, description.rate_hz, self._settings.seed)
        topics = [item.topic for item in description.observation if item.type == _JOINT_STATE]
        self._times = self.create_publisher(Clock, '/clock', QoSProfile(depth=10))
        self._states = self.create_publisher(JointState, topics[0], QoSProfile(depth=10))
        self._diagnostics = self.create_publisher(
            DiagnosticArray, '/diagnostics', QoSProfile(depth=10)
        )
        self.create_subscription(
            Float64MultiArray, description.action.topic, self._on_command, QoSProfile(depth=10)
        )
        if description.reset.service:
            self.create_service(Trigger, description.reset.service, self._on_reset)
        self.create_timer(_STANDSTILL_S, self._on_standstill, clock=steady_clock())
        self.create_timer(1.0, self._publish_diagnostics, clock=steady_clock())
        self._published_s = 0.0

    def deactivate(self) -> None:
        """Say the last count."""
        if hasattr(self, '_robot'):
            self._publish_diagnostics()

    def _on_command(self, message: Float64MultiArray) -> None:
        """Execute a command and show the new state."""
        efforts = np.frombuffer(message.data, np.float64)
        if len(efforts) != len(self._order) or not np.isfinite(efforts).all():
            self.get_logger().error(
                f'command refused: given {efforts.tolist()}; accepted: {len(self._order)}'
                ' finite numbers',
                throttle_duration_sec=10.0,
            )
            return
        self._robot.step(efforts[self._order])
        self._publish_state()

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Draw a new starting state and show it."""
        self._robot.reset()
        self._publish_state()
        response.success = True
        return response

    def _on_standstill(self) -> None:
        """Repeat the state where no command came: sensors of a resting robot go on too."""
        if time.monotonic() - self._published_s >= _STANDSTILL_S:
            self._publish_state()

    def _publish_state(self) -> None:
        """Publish clock and joint states."""
        self._published_s = time.monotonic()
        model, stamp = self._robot.model, ns_to_stamp(self._robot.stamp_ns)
        self._times.publish(Clock(clock=stamp))
        message = JointState(
            name=model.joint_names,
            position=array('d', model.position.tobytes()),
            velocity=array('d', model.velocity.tobytes()),
            effort=array('d', model.effort.tobytes()),
        )
        message.header.stamp = stamp
        self._states.publish(message)

    def _publish_diagnostics(self) -> None:
        """Publish what was executed."""
        counts = {'executed_steps': self._robot.executed_steps, 'resets': self._robot.resets}
        status = DiagnosticStatus(
            level=DiagnosticStatus.OK,
            name=self.get_fully_qualified_name(),
            message='lockstep',
            hardware_id=self.get_namespace().strip('/'),
            values=[KeyValue(key=key, value=str(value)) for key, value in counts.items()],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = ns_to_stamp(self._robot.stamp_ns)
        self._diagnostics.publish(message)


def _joint_order(description: RobotDescription, joint_names: tuple[str, ...]) -> list[int]:
    """Return for each joint of the model its place in the command.

    Raises:
        ConfigurationError: the command names other joints than the model has.
    """
    given = description.action.names
    if set(given) != set(joint_names):
        raise ConfigurationError(
            f'robot {description.name!r}: action.joints: given {", ".join(given)};'
            f' accepted: {", ".join(joint_names)}, the joints of the model'
        )
    return [given.index(joint) for joint in joint_names]


def main(args: Sequence[str] | None = None) -> None:
    """Run the node."""
    sys.exit(run(SimulatedRobotNode, args))


if __name__ == '__main__':
    main()

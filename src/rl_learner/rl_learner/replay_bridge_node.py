# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The `replay_bridge` node: transitions from ROS into Reverb, acknowledgements back."""

from collections.abc import Sequence
import sys
from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from rl_agent.errors import ConfigurationError, ReplayError
from rl_agent.robot_description import load_robot
import rl_agent.ros_interfaces  # noqa: F401  (first: it explains a missing rl_msgs)
from rl_agent.ros_main import ManagedNode, run
from rl_agent.ros_messages import message_to_arrays
from rl_agent.ros_parameters import declare_parameters
from rl_agent.ros_topics import (
    ACK_QOS,
    steady_clock,
    TRANSITIONS,
    TRANSITIONS_ACK,
    TRANSITIONS_QOS,
)
from rl_agent.spaces import Spaces
from rl_agent.transition_batch import Sender
from rl_learner.algorithm import load_algorithm
from rl_learner.replay_bridge import ReplayBridge
from rl_learner.replay_layout import ReplayLayout
from rl_learner.replay_writer import ReplayWriter
from rl_msgs.msg import TransitionAck, TransitionBatch


@dataclass(frozen=True, config=ConfigDict(extra='forbid'))
class ReplayBridgeParameters:
    """ROS parameters of the replay bridge."""

    robot: Annotated[
        str, Field(description='name of a robot description, or the path of its YAML file')
    ] = ''
    algorithm: Annotated[
        str, Field(description='name of an algorithm, or the path of its YAML file')
    ] = 'default'
    replay_port: Annotated[
        int, Field(ge=1024, le=65535, description="TCP port of the learner's Reverb server")
    ] = 8000


class ReplayBridgeNode(ManagedNode):
    """Connects the plain `ReplayBridge` to ROS."""

    def __init__(self) -> None:
        """Read the parameters."""
        super().__init__('replay_bridge')
        self._settings = declare_parameters(self, ReplayBridgeParameters)

    def configure(self) -> None:
        """Read the descriptions and begin to listen."""
        parameters = self._settings
        spaces = Spaces(load_robot(parameters.robot))
        algorithm = load_algorithm(parameters.algorithm)
        self._writer = ReplayWriter(parameters.replay_port)
        self._bridge = ReplayBridge(
            spaces,
            ReplayLayout(spaces.observation_size, spaces.action_size),
            self._writer,
            n_step=algorithm.n_step,
            gamma=algorithm.gamma,
        )
        self._ready = False
        self._acks = self.create_publisher(TransitionAck, TRANSITIONS_ACK, ACK_QOS)
        self._batches = self.create_subscription(
            TransitionBatch, TRANSITIONS, self._on_batch, TRANSITIONS_QOS
        )
        self._timer = self.create_timer(0.5, self._look_for_replay, clock=steady_clock())

    def clean_up(self) -> None:
        """Stop listening."""
        self.destroy_timer(self._timer)
        self.destroy_subscription(self._batches)
        self.destroy_publisher(self._acks)

    def _look_for_replay(self) -> None:
        """See whether the server answers, until it does."""
        if not self._ready:
            self._ready = self._writer.is_ready()
            if self._ready:
                self.get_logger().info(f'Reverb answers on port {self._settings.replay_port}')

    def _on_batch(self, message: TransitionBatch) -> None:
        """Store a batch and acknowledge it; what is not acknowledged will come again."""
        if not self._ready:
            return
        sender = Sender(message.robot, message.session, message.fingerprint)
        try:
            stored = self._bridge.receive(
                sender,
                message.first_sequence,
                message.oldest_sequence,
                message_to_arrays(message),
            )
        except ReplayError as error:
            self._ready = False
            self.get_logger().error(str(error), throttle_duration_sec=10.0)
            return
        except ConfigurationError as error:
            self.get_logger().error(f'batch refused: {error}', throttle_duration_sec=10.0)
            return
        ack = TransitionAck(robot=sender.robot, session=sender.session, sequence=stored)
        ack.header.stamp = self.get_clock().now().to_msg()
        self._acks.publish(ack)


def main(args: Sequence[str] | None = None) -> None:
    """Run the node."""
    sys.exit(run(ReplayBridgeNode, args))


if __name__ == '__main__':
    main()

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A joystick driver as a node of its own, whose sticks and buttons a test moves."""

import array
from typing import Any

from fleet import SpinningListener
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rl_agent.ros.ros_topics import steady_clock
from sensor_msgs.msg import Joy

PERIOD_S = 0.05  # 20 Hz, the default of joy_node
DEAD_MAN = 4


class JoyHand(SpinningListener):
    """Repeats what its sticks and buttons say, like `joy_node` with `autorepeat_rate`.

    Attributes:
        axes: to publish.
        buttons: to publish.
        is_silent: publish nothing.
    """

    def __init__(
        self,
        topic: str,
        *,
        axes: int = 2,
        kind: Any = Joy,
        reliability: ReliabilityPolicy = ReliabilityPolicy.RELIABLE,
    ) -> None:
        """Begin with everything at rest."""
        super().__init__()
        self.axes, self.buttons = [0.0] * axes, [0] * 12
        self.is_silent, self._kind = False, kind
        qos = QoSProfile(depth=10, reliability=reliability)
        self._publisher = self.node.create_publisher(kind, topic, qos)
        self.node.create_timer(PERIOD_S, self._publish, clock=steady_clock())

    def hold(self, *buttons: int) -> None:
        """Hold these buttons and no others."""
        self.buttons = [int(index in buttons) for index in range(12)]

    def drive(self, *axes: float) -> None:
        """Hold the dead-man button, with the sticks at these numbers."""
        self.axes = list(axes)
        self.hold(DEAD_MAN)

    def _publish(self) -> None:
        """Publish the state, or an empty message of another type."""
        if self.is_silent:
            return
        message = self._kind()
        if self._kind is Joy:
            message.axes, message.buttons = (
                array.array('f', self.axes),
                array.array('i', self.buttons),
            )
        self._publisher.publish(message)

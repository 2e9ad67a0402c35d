# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""A joystick for the control benchmark: 100 messages a second, each with other numbers."""

from array import array
import contextlib
import math
import time

import rclpy
from rclpy.executors import ExternalShutdownException
from sensor_msgs.msg import Joy

PERIOD_S = 0.01
RELEASED_S = 1.0  # once it is heard, as a button counts only after it was released
DEAD_MAN = 4


def main() -> None:
    """Publish until the end."""
    rclpy.init()
    node = rclpy.create_node('control_hand')
    publisher = node.create_publisher(Joy, 'joy', 10)
    while publisher.get_subscription_count() == 0:
        rclpy.spin_once(node, timeout_sec=PERIOD_S)
    began_s = time.monotonic()

    def publish() -> None:
        age_s = time.monotonic() - began_s
        axes = [0.5 * math.sin(age_s + number) for number in range(8)]
        held = [int(number == DEAD_MAN and age_s > RELEASED_S) for number in range(12)]
        publisher.publish(Joy(axes=array('f', axes), buttons=array('i', held)))

    node.create_timer(PERIOD_S, publish)
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(node)


if __name__ == '__main__':
    main()

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Publishes one TransitionBatch with the arrays of a file: python publish_batch.py FILE."""

from array import array
import sys

import numpy as np
import rclpy
from rclpy.duration import Duration
from rl_msgs.msg import TransitionBatch

TYPE_CODES = {'float32': 'f', 'uint8': 'B', 'uint32': 'I', 'uint64': 'Q', 'int64': 'q'}


def main() -> int:
    """Return 0 once a subscriber has acknowledged the message."""
    message = TransitionBatch()
    for name, values in np.load(sys.argv[1]).items():
        if values.ndim:
            setattr(message, name, array(TYPE_CODES[values.dtype.name], values.tobytes()))
        else:
            setattr(message, name, values.item())
    rclpy.init()
    node = rclpy.create_node('publish_batch')
    publisher = node.create_publisher(TransitionBatch, 'transitions', 10)
    while publisher.get_subscription_count() == 0:
        rclpy.spin_once(node, timeout_sec=0.01)
    publisher.publish(message)
    acknowledged = publisher.wait_for_all_acked(Duration(seconds=30))
    rclpy.shutdown()
    return 0 if acknowledged else 1


if __name__ == '__main__':
    sys.exit(main())

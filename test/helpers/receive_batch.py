# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Writes the first TransitionBatch that it receives to a file: python receive_batch.py FILE."""

import sys

import numpy as np
import rclpy
from rl_msgs.msg import TransitionBatch


def main() -> int:
    """Return 0 once a message has been received and written."""
    received: list[TransitionBatch] = []
    rclpy.init()
    node = rclpy.create_node('receive_batch')
    node.create_subscription(TransitionBatch, 'transitions', received.append, 10)
    while not received:
        rclpy.spin_once(node)
    rclpy.shutdown()
    message = received[0]
    fields = {name: getattr(message, name) for name in message.get_fields_and_field_types()}
    del fields['header']
    # as bytes, so that NumPy cannot change a value
    arrays = {
        name: np.frombuffer(value.tobytes(), np.uint8) if hasattr(value, 'tobytes') else value
        for name, value in fields.items()
    }
    np.savez(sys.argv[1], **arrays)
    return 0


if __name__ == '__main__':
    sys.exit(main())

# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""A Fast DDS discovery server, for ROS installations without `fastdds`: python FILE.

The profile in FASTRTPS_DEFAULT_PROFILES_FILE makes the participant of this process the server.
"""

import signal

import rclpy


def main() -> None:
    """Serve until a signal ends the process."""
    rclpy.init()
    node = rclpy.create_node('discovery_server')  # it has the participant
    print('ready', flush=True)
    signal.pause()
    node.destroy_node()


if __name__ == '__main__':
    main()

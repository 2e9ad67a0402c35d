# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Gazebo 11's pendulum behind the topics and the service of Harmonic's ros_gz_bridge.

For `gazebo_robot`: the physics is real, and this node replaces the bridge. Arguments: the path of
the lockstep plugin's socket, then `free` for time that runs by itself, or `mute` for a silent
joint topic.
"""

from pathlib import Path
import sys
from typing import Any

from lockstep_client import LockstepClient
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rl_agent.gazebo.ros_world_control import world_control_type
from rl_agent.ros.ros_messages import ns_to_stamp
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64

_ITERATION_NS = 1_000_000
_ITERATIONS = 10  # between two messages


class HarmonicStandIn(Node):
    """One world with a pendulum, initially paused."""

    def __init__(self, socket: Path, *, free: bool, mute: bool) -> None:
        """Connect to Gazebo and to ROS."""
        super().__init__('harmonic_stand_in')
        self._gazebo = LockstepClient(socket)
        self._now_ns, self._mute = 0, mute
        self._times = self.create_publisher(Clock, 'gazebo/clock', 100)
        self._joint_states = self.create_publisher(JointState, 'gazebo/joint_states', 100)
        self.create_subscription(Float64, 'gazebo/pivot/command', self._on_effort, 10)
        self.create_service(
            world_control_type(), '/world/pendulum_world/control', self._on_control
        )
        if free:
            self.create_timer(_ITERATIONS * _ITERATION_NS / 1e9, self._step)

    def _on_effort(self, message: Float64) -> None:
        """Apply an effort from now on."""
        self._gazebo.ask('effort', 'pendulum', 'pivot', message.data)

    def _on_control(self, request: Any, response: Any) -> Any:
        """Reset or step the world."""
        control = request.world_control
        if control.reset.all:
            self._gazebo.ask('effort', 'pendulum', 'pivot', 0.0)
            self._gazebo.ask('place', 'pendulum', 'pivot', 0.5, 0.0)
            self._now_ns = 0
        for _ in range(control.multi_step // _ITERATIONS):
            self._step()
        response.success = True
        return response

    def _step(self) -> None:
        """Step the world and publish its state."""
        self._gazebo.ask('step', _ITERATIONS)
        self._now_ns += _ITERATIONS * _ITERATION_NS
        self._publish()

    def _publish(self) -> None:
        """Publish the time and the joint state."""
        stamp = ns_to_stamp(self._now_ns)
        position, velocity, effort = self._gazebo.ask('joints', 'pendulum', 'pivot')
        message = JointState(
            name=['pivot'], position=[position], velocity=[velocity], effort=[effort]
        )
        message.header.stamp = stamp
        self._times.publish(Clock(clock=stamp))
        if not self._mute:
            self._joint_states.publish(message)


def main() -> None:
    """Run the node."""
    try:
        rclpy.init()
        words = sys.argv[2:]
        node = HarmonicStandIn(Path(sys.argv[1]), free='free' in words, mute='mute' in words)
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass


if __name__ == '__main__':
    main()

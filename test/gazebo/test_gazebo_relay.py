# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What `gazebo_robot` relays from the bridge, with a publisher in place of the bridge."""

from collections.abc import Callable, Iterator

import pytest
import rclpy
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rl_agent.description.robot import load_robot
from rl_agent.gazebo.ros_sensor_relay import SensorRelay
from rl_agent.ros.ros_messages import ns_to_stamp, stamp_to_ns
from rl_agent.ros.ros_spinning import serve
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState

WAIT_S = 30.0
MS = 1_000_000  # ns


class Bridge:
    """A bridge, a relay and a subscriber of the relay."""

    def __init__(self, node: Node) -> None:
        self.node, self.relay = node, SensorRelay(node, load_robot('pendulum'))
        self.executor = SingleThreadedExecutor(context=node.context)
        self.executor.add_node(node)
        self.clock = node.create_publisher(Clock, 'gazebo/clock', 10)
        self.joints = node.create_publisher(JointState, 'gazebo/joint_states', 10)
        self.relayed: list[str] = []
        self.stamps_ns: list[int] = []
        node.create_subscription(
            JointState,
            'joint_states',
            self._on_joint_states,
            10,
        )

    def _on_joint_states(self, message: JointState) -> None:
        self.stamps_ns.append(stamp_to_ns(message.header.stamp))

    def listen(self) -> None:
        self.relay.listen(ReentrantCallbackGroup(), self.relayed.append)
        self.until(lambda: self.clock.get_subscription_count() == 1)
        self.until(lambda: self.joints.get_subscription_count() == 1)

    def publish(self, time_ns: int) -> None:
        """Publish a time and a reading; wait until the relay has both."""
        before, stamp = len(self.relayed), ns_to_stamp(time_ns)
        self.clock.publish(Clock(clock=stamp))
        self.until(lambda: len(self.relayed) == before + 1)
        message = JointState(name=['pivot'], position=[0.5], velocity=[0.0])
        message.header.stamp = stamp
        self.joints.publish(message)
        self.until(lambda: len(self.relayed) == before + 2)

    def until(self, condition: Callable[[], bool]) -> None:
        assert serve(self.executor, WAIT_S, condition), 'no message in time'


@pytest.fixture
def bridge(ros_environment: dict[str, str]) -> Iterator[Bridge]:
    context = Context()
    rclpy.init(context=context)
    node = Node('gazebo_relay', context=context)
    yield Bridge(node)
    node.destroy_node()
    rclpy.shutdown(context=context)


def test_the_relay_subscribes_only_in_listen(bridge: Bridge) -> None:
    """A running simulation must not call a node that is not ready yet."""
    assert bridge.node.count_subscribers('gazebo/clock') == 0
    assert bridge.node.count_subscribers('gazebo/joint_states') == 0
    bridge.listen()
    bridge.publish(40 * MS)
    assert bridge.relayed == ['', 'joint_states']


def test_silent_topics_are_reported_with_their_publishers(bridge: Bridge) -> None:
    bridge.listen()
    names = ['gazebo/joint_states (1 publishers)', 'gazebo/clock (1 publishers)']
    assert bridge.relay.silent == names
    assert not bridge.relay.has_reached(0)
    bridge.publish(40 * MS)
    assert bridge.relay.silent == []
    assert bridge.relay.has_reached(40 * MS)
    assert not bridge.relay.has_reached(41 * MS)


def test_stamps_are_monotonic_when_the_simulations_time_jumps_back(bridge: Bridge) -> None:
    """The first time after the restart, 20 ms, counts as one period (50 ms) after 1000 ms."""
    bridge.listen()
    for time_ns in (950 * MS, 1000 * MS, 20 * MS, 70 * MS):
        bridge.publish(time_ns)
        bridge.relay.publish()
    bridge.until(lambda: len(bridge.stamps_ns) == 4)
    assert bridge.stamps_ns == [950 * MS, 1000 * MS, 1050 * MS, 1100 * MS]
    assert bridge.relay.clock.restarts == 1


def test_messages_from_before_a_restart_are_forgotten(bridge: Bridge) -> None:
    bridge.listen()
    bridge.publish(1000 * MS)
    bridge.relay.restart()
    assert bridge.relay.silent[0].startswith('gazebo/joint_states')
    bridge.relay.publish_topic('joint_states')
    bridge.publish(50 * MS)
    bridge.relay.publish_topic('joint_states')
    bridge.until(lambda: bool(bridge.stamps_ns))
    assert bridge.stamps_ns == [1050 * MS]

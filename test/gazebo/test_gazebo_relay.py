# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What `gazebo_robot` hands on from the bridge, without Gazebo: a publisher plays the bridge."""

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
    """A bridge, a relay, and whoever hears the relay."""

    def __init__(self, node: Node) -> None:
        self.node, self.relay = node, SensorRelay(node, load_robot('pendulum'))
        self.executor = SingleThreadedExecutor(context=node.context)
        self.executor.add_node(node)
        self.clock = node.create_publisher(Clock, 'gazebo/clock', 10)
        self.joints = node.create_publisher(JointState, 'gazebo/joint_states', 10)
        self.told: list[str] = []
        self.heard: list[int] = []
        node.create_subscription(
            JointState,
            'joint_states',
            self._hear,
            10,
        )

    def _hear(self, message: JointState) -> None:
        self.heard.append(stamp_to_ns(message.header.stamp))

    def listen(self) -> None:
        self.relay.listen(ReentrantCallbackGroup(), self.told.append)
        self.until(lambda: self.clock.get_subscription_count() == 1)
        self.until(lambda: self.joints.get_subscription_count() == 1)

    def say(self, time_ns: int) -> None:
        """Publish a time and a reading of it, and wait until the relay has both."""
        before, stamp = len(self.told), ns_to_stamp(time_ns)
        self.clock.publish(Clock(clock=stamp))
        self.until(lambda: len(self.told) == before + 1)
        message = JointState(name=['pivot'], position=[0.5], velocity=[0.0])
        message.header.stamp = stamp
        self.joints.publish(message)
        self.until(lambda: len(self.told) == before + 2)

    def until(self, condition: Callable[[], bool]) -> None:
        assert serve(self.executor, WAIT_S, condition), 'nothing was heard'


@pytest.fixture
def bridge(ros_environment: dict[str, str]) -> Iterator[Bridge]:
    context = Context()
    rclpy.init(context=context)
    node = Node('gazebo_relay', context=context)
    yield Bridge(node)
    node.destroy_node()
    rclpy.shutdown(context=context)


def test_nothing_is_heard_before_it_listens(bridge: Bridge) -> None:
    """A simulation that runs already must not call a node that is not ready yet."""
    assert bridge.node.count_subscribers('gazebo/clock') == 0
    assert bridge.node.count_subscribers('gazebo/joint_states') == 0
    bridge.listen()
    bridge.say(40 * MS)
    assert bridge.told == ['', 'joint_states']


def test_what_is_silent_is_told_with_who_could_speak(bridge: Bridge) -> None:
    bridge.listen()
    names = ['gazebo/joint_states (1 publishers)', 'gazebo/clock (1 publishers)']
    assert bridge.relay.silent == names
    assert not bridge.relay.are_since(0)
    bridge.say(40 * MS)
    assert bridge.relay.silent == []
    assert bridge.relay.are_since(40 * MS)
    assert not bridge.relay.are_since(41 * MS)


def test_stamps_go_forwards_where_the_simulations_time_goes_back(bridge: Bridge) -> None:
    """After 1000 ms it begins again; its first time then, 20 ms, is one period (50 ms) later."""
    bridge.listen()
    for time_ns in (950 * MS, 1000 * MS, 20 * MS, 70 * MS):
        bridge.say(time_ns)
        bridge.relay.publish()
    bridge.until(lambda: len(bridge.heard) == 4)
    assert bridge.heard == [950 * MS, 1000 * MS, 1050 * MS, 1100 * MS]
    assert bridge.relay.clock.restarts == 1


def test_what_was_heard_before_a_restart_is_forgotten(bridge: Bridge) -> None:
    bridge.listen()
    bridge.say(1000 * MS)
    bridge.relay.restart()
    assert bridge.relay.silent[0].startswith('gazebo/joint_states')
    bridge.relay.publish_topic('joint_states')
    bridge.say(50 * MS)
    bridge.relay.publish_topic('joint_states')
    bridge.until(lambda: bool(bridge.heard))
    assert bridge.heard == [1050 * MS]

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A mobile base with an arm: two command topics and a control mode, one action vector.

Reported of real robots: a base with an arm as one system (DeepRoboticsLab/rl_training#32), a
control mode that must be sent beside each set-point (PX4-user_guide#2334, px4_ros_com#197), base
and arm that both must stop when nobody commands them (viamrobotics/rdk#1868, picraftzero#63).
"""

from collections.abc import Callable, Iterator
import contextlib
from pathlib import Path
import time
from typing import Any

from fleet import namespace_of, SpinningListener
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
import numpy as np
import pytest
from rclpy.node import Node
from rl_agent.ros_env import RosEnv
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, String
from std_srvs.srv import Empty

WITHIN_S = 60.0
START = (0.25, -0.5)  # of the arm, rad
pytestmark = pytest.mark.timeout(300)
MOBILE_ARM = """
name: mobile_arm
rate_hz: 20
episode_steps: 1000000
observation:
  - {name: speed, topic: odom, type: nav_msgs/msg/Odometry, field: twist.twist.linear.x, unit: m/s}
  - {name: arm, topic: joint_states, type: sensor_msgs/msg/JointState, field: position,
     joints: [elbow, shoulder], unit: rad}
action: {topic: cmd_vel, type: geometry_msgs/msg/Twist, unit: m/s,
         fields: [linear.x, angular.z], low: [-0.1, -1.0], high: [0.3, 1.0]}
more_actions:
  - {topic: arm/commands, type: std_msgs/msg/Float64MultiArray, unit: rad,
     joints: [shoulder, elbow], low: [-2.0, -1.0], high: [2.0, 1.0], default: [0.0, 0.0]}
companions:
  - {topic: control_mode, type: std_msgs/msg/String, constants: {data: offboard}}
task: {name: 'idle_task:IdleTask'}
reset: {service: reset, service_type: std_srvs/srv/Empty}
safety:
  slew_per_s: [1.0, 4.0, 0.5, 0.5]
  sensor_watchdog: {max_age_s: 20.0}
  command_watchdog: {max_age_s: 20.0}
"""


class MobileArm(SpinningListener):
    """Stands where it is, and notes what it hears.

    Attributes:
        heard: topic and numbers of each message, in the order of arrival.
    """

    def __init__(self, namespace: str) -> None:
        """Start with both drivers."""
        super().__init__()
        self.namespace = f'/{namespace}'
        self.notes: list[tuple[str, Any]] = []
        node = self._driver = Node('driver', context=self._context, namespace=self.namespace)
        self.executor.add_node(node)
        self._odometry = node.create_publisher(Odometry, 'odom', 10)
        self._states = node.create_publisher(JointState, 'joint_states', 10)
        node.create_timer(0.02, self._publish)
        node.create_service(Empty, 'reset', lambda request, response: response)
        node.create_subscription(String, 'control_mode', self._note_mode, 10)
        node.create_subscription(Twist, 'cmd_vel', self._note_speed, 10)
        self.arm = self.subscribe_arm()

    def subscribe_arm(self) -> Any:
        """Hear commands of the arm; return the subscription."""
        return self._driver.create_subscription(
            Float64MultiArray, 'arm/commands', self._note_arm, 10
        )

    def unsubscribe_arm(self) -> None:
        """Hear no commands of the arm any more."""
        self._driver.destroy_subscription(self.arm)

    def on(self, topic: str) -> list[Any]:
        """Return what was heard on a topic."""
        return [numbers for name, numbers in self.notes if name == topic]

    def _publish(self) -> None:
        """Publish the sensors."""
        stamp = self.node.get_clock().now().to_msg()
        odometry, state = Odometry(), JointState(name=['shoulder', 'elbow'], position=START)
        odometry.header.stamp = state.header.stamp = stamp
        self._odometry.publish(odometry)
        self._states.publish(state)

    def _note_mode(self, message: String) -> None:
        """Note a control mode."""
        self.notes.append(('mode', message.data))

    def _note_speed(self, message: Twist) -> None:
        """Note a command of the base."""
        self.notes.append(('base', [message.linear.x, message.angular.z]))

    def _note_arm(self, message: Float64MultiArray) -> None:
        """Note a command of the arm."""
        self.notes.append(('arm', list(message.data)))


@pytest.fixture
def robot(ros_environment: dict[str, str], request: pytest.FixtureRequest) -> Iterator[MobileArm]:
    """Return a robot in a namespace of the test's own."""
    made = MobileArm(namespace_of(request.node.name))
    yield made
    made.close()


@pytest.fixture
def description(tmp_path: Path) -> str:
    path = tmp_path / 'mobile_arm.yaml'
    path.write_text(MOBILE_ARM)
    return str(path)


@contextlib.contextmanager
def environment(description: str, robot: MobileArm, *, real_time: bool) -> Iterator[RosEnv]:
    with RosEnv(
        description,
        robot.namespace.strip('/'),
        real_time=real_time,
        robot_timeout_s=WITHIN_S,
    ) as env:
        yield env


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition."""
    deadline_s = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline_s, f'waited {WITHIN_S:g} s in vain: {what}'
        time.sleep(0.02)


@pytest.mark.parametrize('real_time', [True, False])
def test_each_topic_gets_its_numbers(robot: MobileArm, description: str, real_time: bool) -> None:
    """The base is slewed by 0.05 m/s and 0.2 rad/s a step, the arm by 0.025 rad from its pose."""
    with environment(description, robot, real_time=real_time) as env:
        assert env.action_space.shape == (4,)
        assert env.spaces.action_names == ('linear.x', 'angular.z', 'shoulder', 'elbow')
        env.reset()
        command = env.step(np.array([1.0, -1.0, 1.0, -1.0], np.float32))[4]['command']
        assert command == pytest.approx([0.05, -0.2, 0.275, -0.525])
        until(lambda: bool(robot.on('arm')), 'a command of the arm')
        assert robot.on('base')[0] == pytest.approx([0.05, -0.2])
        assert robot.on('arm')[0] == pytest.approx([0.275, -0.525])
        assert robot.on('mode')[0] == 'offboard'


def test_a_stop_ends_the_base_and_holds_the_arm(robot: MobileArm, description: str) -> None:
    with environment(description, robot, real_time=True) as env:
        env.reset()
        for _ in range(10):
            env.step(np.array([1.0, 1.0, 1.0, 1.0], np.float32))
    until(lambda: robot.on('base')[-1] == [0.0, 0.0], 'the base at rest')
    speeds = [speed for speed, _ in robot.on('base')]
    top = speeds.index(max(speeds))
    assert speeds[top:] == sorted(speeds[top:], reverse=True), 'a stop makes it slower'
    # the arm stays at its pose while its commands go up: it is not reversed
    assert robot.on('arm')[-1] == pytest.approx(max(robot.on('arm')))
    counts = {name: len(robot.on(name)) for name in ('mode', 'base', 'arm')}
    assert len(set(counts.values())) == 1, counts


def test_an_arm_that_hears_nothing_stops_the_base(robot: MobileArm, description: str) -> None:
    with environment(description, robot, real_time=True) as env:
        env.reset()
        for _ in range(5):
            assert env.step(np.array([1.0, 0.0, 0.0, 0.0], np.float32))[4]['observed']
        robot.unsubscribe_arm()
        until(lambda: not env.step(np.ones(4, np.float32))[4]['observed'], 'an unheard step')
        until(lambda: env.state.stop is not None, 'the stop')
        said = f'nobody hears {robot.namespace}/arm/commands: '
        assert said in env.state.summary
        assert 'cmd_vel' not in env.state.summary
        until(lambda: robot.on('base')[-1] == [0.0, 0.0], 'the base at rest')
        robot.subscribe_arm()
        env.reset()
        assert env.state.summary == 'ok'

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Two nodes that publish the same numbers are named; neighbours on one topic are not.

Reported of real robots: yahboom_rosmaster#4, franka_ros#230, Universal_Robots_ROS_Driver#302
(joint_state_publisher tells zeros beside the driver), ow_simulator#217.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
import time
from typing import Any

from fleet import namespace_of, run_module, SpinningListener, with_helpers
from nav_msgs.msg import Odometry
import numpy as np
import pytest
from rclpy.node import Node
from rl_agent.ros_env import RosEnv
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Empty

WITHIN_S = 60.0
pytestmark = pytest.mark.timeout(300)
FIELD = 'type: sensor_msgs/msg/JointState, field: position'
ROBOT = f"""
name: rover
rate_hz: 20
episode_steps: 1000
observation:
  - {{name: wheels, topic: joint_states, {FIELD}, joints: [left, right]}}
  - {{name: finger, topic: joint_states, {FIELD}, joints: [finger]}}
  - {{name: speed, topic: odom, type: nav_msgs/msg/Odometry, field: twist.twist.linear.x}}
action: {{topic: commands, type: std_msgs/msg/Float64MultiArray, joints: [left, right],
         unit: N m, low: [-1, -1], high: [1, 1]}}
task: {{name: 'idle_task:IdleTask'}}
reset: {{service: reset, service_type: std_srvs/srv/Empty}}
safety: {{sensor_watchdog: {{max_age_s: 20.0}}, command_watchdog: {{max_age_s: 20.0}}}}
"""
STILL = np.zeros(2, np.float32)
JOINTS, SPEED = 'two_sources/joint_states', 'two_sources/odom'


class Rover(SpinningListener):
    """Wheels, gripper, a hand that nobody described, odometry; tests add other nodes."""

    def __init__(self, namespace: str) -> None:
        """Start publishing at 50 Hz."""
        super().__init__()
        self._namespace = f'/{namespace}'
        self._nodes: list[Node] = []
        self.broadcaster = self.add('joint_state_broadcaster', {'left': 0.7, 'right': 0.7})
        self.add('gripper', {'finger': 0.02})
        self.add('hand', {'thumb': 9.0, 'ring': 9.0})
        self.odometry = self.add_odometry('base')
        node = self.broadcaster
        node.create_service(Empty, 'reset', lambda request, response: response)
        node.create_subscription(Float64MultiArray, 'commands', lambda message: None, 10)

    def add(self, name: str, positions: dict[str, float]) -> Node:
        """Add a node that publishes these joints; return it."""
        message = JointState(name=[*positions], position=[*positions.values()])
        return self._add(name, message, 'joint_states')

    def add_odometry(self, name: str) -> Node:
        """Add a node that publishes odometry; return it."""
        return self._add(name, Odometry(), 'odom')

    def remove(self, node: Node) -> None:
        """Let a node leave."""
        self._nodes.remove(node)
        self.executor.remove_node(node)
        node.destroy_node()

    def close(self) -> None:
        """Leave, with all nodes."""
        self.stop()
        for node in self._nodes:
            node.destroy_node()
        super().close()

    def _add(self, name: str, message: Any, topic: str) -> Node:
        """Add a node that publishes this message all the time."""
        node = Node(name, context=self._context, namespace=self._namespace)
        publisher = node.create_publisher(type(message), topic, 10)

        def publish() -> None:
            message.header.stamp = node.get_clock().now().to_msg()
            publisher.publish(message)

        node.create_timer(0.02, publish)
        self._nodes.append(node)
        self.executor.add_node(node)
        return node


@pytest.fixture
def rover(ros_environment: dict[str, str], request: pytest.FixtureRequest) -> Iterator[Rover]:
    """Return a robot in a namespace of the test's own."""
    made = Rover(namespace_of(request.node.name))
    yield made
    made.close()


@pytest.fixture
def description(tmp_path: Path) -> str:
    path = tmp_path / 'rover.yaml'
    path.write_text(ROBOT)
    return str(path)


def step_until(env: RosEnv, condition: Callable[[], bool], what: str) -> None:
    """Step until a condition holds."""
    deadline_s = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline_s, f'waited {WITHIN_S:g} s in vain: {what}'
        env.step(STILL)


def problems(env: RosEnv, field: str) -> list[str]:
    """Return what is said about the sources of a field."""
    assert env._ros_robot is not None
    return env._ros_robot._sensors.sources.problems(field)


@pytest.mark.parametrize('real_time', [True, False])
def test_two_sources_of_a_joint_are_named_once(
    rover: Rover,
    description: str,
    request: pytest.FixtureRequest,
    capfd: pytest.CaptureFixture[str],
    real_time: bool,
) -> None:
    name = namespace_of(request.node.name)
    with RosEnv(description, name, real_time=real_time, robot_timeout_s=WITHIN_S) as env:
        events = env._events
        env.reset()
        for _ in range(60):  # neighbours share the topic; they contradict nobody
            env.step(STILL)
        assert not {JOINTS, SPEED} & events.counts().keys()
        other = rover.add('joint_state_publisher', {'right': 0.0, 'left': 0.0, 'caster': 0.0})
        step_until(env, lambda: JOINTS in events.counts(), 'the event')
        assert problems(env, 'wheels') == [
            f'/{name}/joint_states: left, right given by both /{name}/joint_state_broadcaster and'
            f' /{name}/joint_state_publisher; accepted: one source: end the other one, or'
            ' change its topic'
        ]
        assert problems(env, 'finger') == problems(env, 'speed') == []
        for _ in range(40):
            env.step(STILL)
        rover.remove(other)
        step_until(env, lambda: not problems(env, 'wheels'), 'the end')
        second = rover.add_odometry('robot_localization')
        step_until(env, lambda: SPEED in events.counts(), 'the event')
        assert problems(env, 'speed') == [
            f'/{name}/odom: speed given by both /{name}/base and /{name}/robot_localization;'
            ' accepted: one source: end the other one, or change its topic'
        ]
        rover.remove(second)
        step_until(env, lambda: not problems(env, 'speed'), 'the end')
        assert (events.counts()[JOINTS], events.counts()[SPEED]) == (1, 1)
        env.step(STILL)
        time.sleep(0.5)  # for the log
    said = capfd.readouterr().err
    assert said.count(f'{JOINTS}: /{name}/joint_states: left, right given by both') == 1, said
    assert said.count(f'{JOINTS}: over after') == 1, said


def test_a_driver_that_takes_over_is_no_second_source(
    rover: Rover, description: str, request: pytest.FixtureRequest
) -> None:
    """DDS lists a killed driver for up to 20 s beside the one that was started instead."""
    with RosEnv(
        description, namespace_of(request.node.name), real_time=True, robot_timeout_s=WITHIN_S
    ) as env:
        env.reset()
        timer = next(iter(rover.broadcaster.timers))
        timer.cancel()
        rover.add('restarted', {'left': 0.7, 'right': 0.7})
        for _ in range(60):
            env.step(STILL)
        assert JOINTS not in env._events.counts()
        timer.reset()
        step_until(env, lambda: JOINTS in env._events.counts(), 'the event')


def test_the_check_of_a_robot_names_them(
    rover: Rover,
    description: str,
    request: pytest.FixtureRequest,
    ros_environment: dict[str, str],
    tmp_path: Path,
) -> None:
    name = namespace_of(request.node.name)
    words = (description, '--namespace', name, '--seconds', '4')
    check = partial(
        run_module,
        'rl_agent.robot_check.check_robot',
        *words,
        environment=with_helpers(ros_environment),
        cwd=tmp_path,
    )
    assert 'given by both' not in check().stdout
    rover.add('joint_state_publisher', {'right': 0.0})
    said = (
        f'wheels: /{name}/joint_states: right given by both /{name}/joint_state_broadcaster and'
        f' /{name}/joint_state_publisher; accepted: one source'
    )
    for _ in range(5):  # on a busy machine discovery may take longer than it listens
        if said in (result := check()).stdout:
            break
    assert said in result.stdout, result.stdout + result.stderr
    assert result.returncode == 1
    assert result.stdout.count('given by both') == 1

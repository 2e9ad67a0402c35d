# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A motor in the test process, in real time; a test can change its sensor data."""

from collections.abc import Callable, Iterator
import contextlib
from pathlib import Path
import threading
import time
from typing import Any

import numpy as np
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.utilities import try_shutdown
from rl_agent.bringup.node_specs import agent, NodeSpec
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.ros_policy_message import policy_to_message
from rl_agent.ros.ros_topics import EPISODE_QOS, POLICY_QOS, STATUS_QOS, STEP_QOS
from rl_msgs.msg import AgentStatus, Episode, Policy, Step
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, Float64MultiArray
from std_srvs.srv import Trigger

TIMEOUT_S = 60.0
DESCRIPTION = """
name: motor
rate_hz: 50
episode_steps: 100000
observation:
  - {name: angle, topic: joint_states, type: sensor_msgs/msg/JointState,
     field: position, joints: [pivot], unit: rad}
  - {name: cos_angle, topic: joint_states, type: sensor_msgs/msg/JointState,
     field: position, joints: [pivot], transform: cos}
  - {name: sin_angle, topic: joint_states, type: sensor_msgs/msg/JointState,
     field: position, joints: [pivot], transform: sin}
  - {name: velocity, topic: joint_states, type: sensor_msgs/msg/JointState,
     field: velocity, joints: [pivot], unit: rad/s}
action: {topic: commands, type: std_msgs/msg/Float64MultiArray, joints: [pivot], unit: N m,
         low: [-2.0], high: [2.0], default: [0.5]}
task: {name: swing_up}
reset: {service: reset}
"""


class LiveRobot:
    """Publishes joint states at 100 Hz, offers a reset service and listens to the agent.

    Attributes:
        make_state: returns the joint state to publish, or None; a test may replace it.
        commands: each command with its time on the steady clock.
        resets: number of resets.
        heard: statuses, steps and episodes of the agent.
    """

    def __init__(self, namespace: str, path: Path) -> None:
        """Connect to the agent in a namespace; `path` is the description of its robot."""
        self._context = Context()
        rclpy.init(context=self._context)
        self.namespace = namespace
        self.node = node = Node('live_robot', context=self._context, namespace=namespace)
        self.make_state: Callable[[], JointState | None] = self.joint_state
        self.position = 0.25
        self.commands: list[tuple[float, float]] = []
        self.resets = 0
        self.spaces = Spaces(load_robot(str(path)))
        self.heard: dict[str, list[Any]] = {'status': [], 'step': [], 'episode': []}
        self._changed = threading.Condition()
        self._states = node.create_publisher(JointState, 'joint_states', 10)
        self._policies = node.create_publisher(Policy, 'policy', POLICY_QOS)
        latching = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._stops = node.create_publisher(Bool, 'emergency_stop', latching)
        node.create_subscription(Float64MultiArray, 'commands', self._on_command, 10)
        node.create_service(Trigger, 'reset', self._on_reset)
        for kind, topic, name, qos in (
            (AgentStatus, 'agent_status', 'status', STATUS_QOS),
            (Step, 'step', 'step', STEP_QOS),
            (Episode, 'episode', 'episode', EPISODE_QOS),
        ):
            node.create_subscription(kind, topic, self._noter(name), qos)
        node.create_timer(0.01, self._publish)
        self._clients: dict[str, Any] = {}
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(node)
        self._thread = threading.Thread(target=self._spin)
        self._thread.start()

    @property
    def spec(self) -> NodeSpec:
        """The agent's node without a robot description; this robot publishes its policy."""
        return agent('', self.namespace.strip('/'))

    def joint_state(self, **fields: Any) -> JointState:
        """Return the joint state of a healthy robot, with other fields as given."""
        healthy = {'name': ['pivot'], 'position': [self.position], 'velocity': [0.0]}
        message = JointState(**{**healthy, **fields})
        message.header.stamp = self.node.get_clock().now().to_msg()
        return message

    def policy(self, action: float, version: int = 1, **fields: Any) -> PolicyParameters:
        """Return a policy that always returns nearly the same action."""
        architecture = PolicyArchitecture(4, 1, (4,), distribution='deterministic')
        numbers = np.zeros(architecture.num_parameters, np.float32)
        numbers[-1] = np.arctanh(action)
        given = {'fingerprint': self.spaces.fingerprint, 'learner_session': 'test', **fields}
        return PolicyParameters(architecture, numbers, version=version, **given)

    def publish_policy(self, action: float, version: int = 1, **fields: Any) -> None:
        """Publish the policy of `policy`."""
        self.publish_policy_message(policy_to_message(self.policy(action, version, **fields)))

    def publish_policy_message(self, message: Policy) -> None:
        """Publish any policy."""
        self._policies.publish(message)

    def publish_stop(self, asked: bool) -> None:
        """Publish an emergency stop or its end, also to later subscribers."""
        self._stops.publish(Bool(data=asked))

    def call(self, service: str) -> Any:
        """Call a service of the agent; return its answer."""
        if service not in self._clients:
            self._clients[service] = self.node.create_client(Trigger, f'agent/{service}')
        client, done = self._clients[service], threading.Event()
        assert client.wait_for_service(TIMEOUT_S)
        future = client.call_async(Trigger.Request())
        future.add_done_callback(lambda _: done.set())
        assert done.wait(TIMEOUT_S), service
        return future.result()

    def rearm(self) -> None:
        """Request a re-arm until it is granted: the cause may take a moment to disappear."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while not (answer := self.call('rearm')).success:
            assert time.monotonic() < deadline_s, answer.message

    def restart(self) -> None:
        """Re-arm the robot and let it move."""
        self.rearm()
        started = self.call('start')
        assert started.success, started.message

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until a condition holds; it is checked at each message."""
        with self._changed:
            assert self._changed.wait_for(condition, TIMEOUT_S), (
                f'not within {TIMEOUT_S:g} s: {what}'
            )

    def until_commanded(self, number: float) -> float:
        """Wait for a new command of nearly this value; return its time."""
        before = len(self.commands)
        self.until(
            lambda: any(abs(given - number) < 1e-3 for _, given in self.commands[before:]),
            f'{number}, last were {self.commands[-3:]}',
        )
        return next(
            time_s for time_s, given in self.commands[before:] if abs(given - number) < 1e-3
        )

    def until_status(self, condition: Callable[[Any], bool], what: str) -> Any:
        """Wait for a new status that meets a condition; return it."""
        before = len(self.heard['status'])
        self.until(lambda: any(map(condition, self.heard['status'][before:])), what)
        return next(filter(condition, self.heard['status'][before:]))

    def close(self) -> None:
        """Leave."""
        self._executor.shutdown()
        self._thread.join()
        self.node.destroy_node()
        try_shutdown(context=self._context)

    def _spin(self) -> None:
        with contextlib.suppress(rclpy.executors.ExternalShutdownException):
            self._executor.spin()

    def _publish(self) -> None:
        message = self.make_state()
        if message is not None:
            self._states.publish(message)
        with self._changed:
            self._changed.notify_all()

    def _on_command(self, message: Float64MultiArray) -> None:
        with self._changed:
            self.commands.append((time.monotonic(), float(message.data[0])))
            self._changed.notify_all()

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self.resets += 1
        response.success = True
        return response

    def _noter(self, name: str) -> Callable[[Any], None]:
        def note(message: Any) -> None:
            with self._changed:
                self.heard[name].append(message)
                self._changed.notify_all()

        return note


@contextlib.contextmanager
def live_robot(
    namespace: str, folder: Path, safety: str = '', task: str = ''
) -> Iterator[tuple[LiveRobot, Path]]:
    """Yield a robot and its description file, with this safety section and task."""
    path = folder / 'motor.yaml'
    path.write_text(DESCRIPTION + safety)
    robot = LiveRobot(namespace, path)
    if task:  # only the agent can import it
        path.write_text(path.read_text().replace('swing_up', f"'{task}'"))
    try:
        yield robot, path
    finally:
        robot.close()

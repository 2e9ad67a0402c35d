# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""An unanswered reset is called again; a second failure is an error."""

from collections.abc import Iterator
import dataclasses
import threading
import time

import pytest
import rclpy
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.context import Context
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node
from rclpy.utilities import try_shutdown
from rl_agent.description.reset import ResetDescription
from rl_agent.description.robot import load_robot
from rl_agent.environment.robot import Reading
from rl_agent.errors import RobotError
from rl_agent.robot_interface.ros_reset import RosReset
from std_srvs.srv import Trigger


class Robot:
    """A reset service that answers in time only from a given call on."""

    def __init__(self, node: Node, first_answered: int) -> None:
        """Offer the service."""
        self.calls, self.asking = 0, 0
        self._first_answered = first_answered
        self.closed = threading.Event()
        node.create_service(
            Trigger, 'reset', self._on_reset, callback_group=ReentrantCallbackGroup()
        )

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self.calls += 1
        if self.calls < self._first_answered:
            self.closed.wait()
        response.success = True
        return response

    def ask(self) -> None:
        """Count a call that is about to be made."""
        self.asking += 1


@pytest.fixture
def node(ros_environment: dict[str, str]) -> Iterator[Node]:
    """Yield a node with a multi-threaded executor."""
    context = Context()
    rclpy.init(context=context)
    node = Node('lost_reset', context=context)
    executor = MultiThreadedExecutor(4, context=context)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin)
    thread.start()
    yield node
    executor.shutdown()
    thread.join()
    node.destroy_node()
    try_shutdown(context=context)


def reset(node: Node, robot: Robot, timeout_s: float) -> Reading:
    """Reset a robot as an agent does."""
    description = dataclasses.replace(
        load_robot('pendulum'), reset=ResetDescription(service='reset', timeout_s=timeout_s)
    )
    resetting = RosReset(
        node,
        description,
        threading.Condition(),
        lambda deadline_s: deadline_s - time.monotonic(),
        timeout_s=30.0,
    )
    reading = Reading({}, 7)
    try:
        return resetting.run(lambda moved: reading, lambda command: reading, robot.ask)
    finally:
        robot.closed.set()
        resetting.close()


def test_the_second_call_is_answered(node: Node) -> None:
    robot = Robot(node, first_answered=2)
    assert reset(node, robot, timeout_s=2.0).stamp_ns == 7
    assert (robot.calls, robot.asking) == (2, 2)


def test_no_call_is_answered(node: Node) -> None:
    robot = Robot(node, first_answered=9)
    with pytest.raises(RobotError, match=r'/reset: no answer in 0\.3 s, called 2 times'):
        reset(node, robot, timeout_s=0.3)
    assert robot.asking == 2

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""How a node's process ends."""

import threading
from typing import Any

import pytest
import rclpy
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.utilities import try_shutdown
from rl_agent.ros_main import _spin

TIMEOUT_S = 60.0


class SlowGroup(MutuallyExclusiveCallbackGroup):
    """Holds its callbacks up just before they begin."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go_on = threading.Event(), threading.Event()

    def beginning_execution(self, entity: Any) -> bool:
        self.reached.set()
        self.go_on.wait(TIMEOUT_S)
        return bool(super().beginning_execution(entity))


@pytest.mark.usefixtures('ros_environment')
def test_an_executor_may_be_shut_down_when_a_callback_is_about_to_begin() -> None:
    """An exception in the thread would fail this test, by the settings of pytest."""
    context = Context()
    rclpy.init(context=context)
    node = Node('late', context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    group = SlowGroup()
    node.create_timer(0.001, lambda: None, group)
    thread = threading.Thread(target=_spin, args=(executor,))
    thread.start()
    assert group.reached.wait(TIMEOUT_S)
    executor.shutdown()
    group.go_on.set()
    thread.join(TIMEOUT_S)
    assert not thread.is_alive()
    node.destroy_node()
    try_shutdown(context=context)

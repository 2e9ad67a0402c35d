# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A robot of plain nodes for `rl_describe`, and what its file leaves to do by hand."""

from collections.abc import Sequence
from pathlib import Path
import re
from typing import Any

from fleet import run_module, SpinningListener, with_helpers
import pytest
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rl_agent.errors import ConfigurationError
from rl_agent.robot_interface.ros_robot_description import load_ros_robot

MODULE = 'rl_agent.robot_draft.rl_describe'
KEPT = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
_TRIES, _SECONDS = 4, '2'


class Robot(SpinningListener):
    """Nodes in a namespace of their own, which publish what they are told to.

    Attributes:
        place: the namespace.
    """

    def __init__(self, place: str) -> None:
        """Begin without nodes."""
        super().__init__()
        self.place = place
        self._nodes: dict[str, Node] = {}

    def add(self, name: str, **parameters: Any) -> Node:
        """Add a node with parameters."""
        node = Node(name, context=self.node.context, namespace=self.place)
        for key, value in parameters.items():
            node.declare_parameter(key.replace('__', '.'), value)
        self._nodes[name] = node
        self.executor.add_node(node)
        return node

    def tell(self, node: Node, topic: str, message: Any, period_s: float, qos: Any = 10) -> None:
        """Publish a message again and again."""
        publisher = node.create_publisher(type(message), topic, qos)
        node.create_timer(period_s, lambda: publisher.publish(message))

    def keep(self, node: Node, topic: str, message: Any) -> None:
        """Publish a message once, for late subscribers."""
        node.create_publisher(type(message), topic, KEPT).publish(message)

    def close(self) -> None:
        """Destroy the nodes."""
        self.stop()
        for node in self._nodes.values():
            node.destroy_node()
        super().close()


def described(
    place: str,
    folder: Path,
    environment: dict[str, str],
    *options: str,
    wanted: Sequence[str] = (),
) -> tuple[Path, str]:
    """Run `rl_describe` in a process; return the file that it wrote, and what it printed.

    Args:
        place: namespace of the robot; empty: everything in this ROS domain.
        folder: to write into.
        environment: of the process.
        options: of the command line.
        wanted: words in the file; on a busy machine discovery takes longer than it listens.
    """
    path = folder / 'draft.yaml'
    words = ['--out', str(path), '--force', '--seconds', _SECONDS, *options]
    words += ['--namespace', place] if place else []
    for _ in range(_TRIES):
        result = run_module(MODULE, *words, environment=with_helpers(environment), cwd=folder)
        assert result.returncode in (0, 1), result.stderr
        if path.exists() and all(word in path.read_text() for word in wanted):
            return path, result.stdout
    raise AssertionError(f'{wanted} not in {path.read_text() if path.exists() else result.stderr}')


def refusals(path: Path) -> list[str]:
    """Return the lines with which the loader refuses a draft as it is."""
    with pytest.raises(ConfigurationError) as caught:
        load_ros_robot(str(path))
    return [line.removeprefix(f'{path}: ') for line in str(caught.value).splitlines()]


def marked(path: Path) -> list[str]:
    """Return the keys that the loader refuses, without the numbers of list items."""
    keys = [line.partition(': ')[0] for line in refusals(path)]
    return list(dict.fromkeys(re.sub(r'(\.\d+)+$', '', key) for key in keys))

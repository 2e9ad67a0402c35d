# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
# mypy: disable-error-code="attr-defined"
"""Parameters that change while a node runs, and those that do not."""

from collections.abc import Callable, Iterator

import pytest
import rclpy
from rclpy.parameter import Parameter
from rclpy.utilities import try_shutdown
from rl_agent.nodes.agent_node import AgentNode
from rl_agent.ros.ros_managed_node import ManagedNode
from rl_learner.nodes.learner_node import LearnerNode


@pytest.fixture
def made(ros_environment: dict[str, str]) -> Iterator[Callable[[type[ManagedNode]], ManagedNode]]:
    """Yield a function that makes a node, unconfigured."""
    rclpy.init()
    nodes = []

    def make(kind: type[ManagedNode]) -> ManagedNode:
        nodes.append(kind())  # type: ignore[call-arg]
        return nodes[-1]

    yield make
    for node in nodes:
        node.destroy_node()
    try_shutdown()


def set_parameter(node: ManagedNode, name: str, value: object) -> tuple[bool, str]:
    """Set a parameter; return whether it took the value, and the reason if not."""
    (result,) = node.set_parameters([Parameter(name, value=value)])
    return result.successful, result.reason


def test_live_parameters_reach_the_settings(
    made: Callable[[type[ManagedNode]], ManagedNode],
) -> None:
    agent, learner = made(AgentNode), made(LearnerNode)
    assert set_parameter(agent, 'explore', False) == (True, '')
    assert set_parameter(agent, 'max_steps', 7) == (True, '')
    assert (agent._settings.explore, agent._settings.max_steps) == (False, 7)
    assert set_parameter(learner, 'checkpoint_period_s', 5.5) == (True, '')
    assert learner._settings.checkpoint_period_s == 5.5
    assert learner._settings.publish_period_s == 0.2


def test_a_refused_value_changes_nothing(
    made: Callable[[type[ManagedNode]], ManagedNode],
) -> None:
    agent = made(AgentNode)
    done, reason = set_parameter(agent, 'max_steps', -1)
    assert not done
    assert 'max_steps: given -1' in reason
    done, reason = set_parameter(agent, 'explore', 'perhaps')
    assert not done
    assert 'explore' in reason
    assert agent._settings.explore
    assert agent.get_parameter('explore').value is True


def test_the_description_of_a_read_only_parameter_gives_the_reason(
    made: Callable[[type[ManagedNode]], ManagedNode],
) -> None:
    learner = made(LearnerNode)
    done, _ = set_parameter(learner, 'replay_port', 8001)
    assert not done
    assert learner._settings.replay_port == 8000
    description = learner.describe_parameter('replay_port')
    assert description.read_only
    assert 'read-only: the node is built with it' in description.description
    assert not learner.describe_parameter('publish_period_s').read_only

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The `markers` node draws what a simulated robot does, and follows a goal that changes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fleet import Listener, running
import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rl_agent.bringup.node_specs import agent, NodeSpec, simulated_robot
from rl_agent.ros.ros_topics import MARKERS
from rl_learner.bringup.node_specs import learner_nodes
from rl_learner.system.ports import free_port

messages = pytest.importorskip(
    'visualization_msgs.msg', reason='visualization_msgs is not installed: make setup'
)
pytestmark = pytest.mark.timeout(180)
ROBOT = 'robot_1'
TOPIC = f'/{ROBOT}/{MARKERS}'


def markers_node(robot: str, **parameters: Any) -> NodeSpec:
    """Return the node under test."""
    return NodeSpec('rl_agent', 'markers', ROBOT, {'robot': robot, **parameters})


def description_with_goal(workspace: Path, folder: Path) -> str:
    """Return a pendulum whose task has a goal, as that of a mobile robot."""
    (folder / 'goal_task.py').write_text(TASK)
    text = (workspace / 'config' / 'robots' / 'pendulum.yaml').read_text(encoding='utf-8')
    path = folder / 'with_goal.yaml'
    path.write_text(text.replace('name: swing_up', 'name: goal_task:GoalTask'))
    return str(path)


TASK = """
from dataclasses import dataclass
from rl_agent.tasks.swing_up import SwingUp

@dataclass(frozen=True)
class GoalTask(SwingUp):
    goal_x_m: float = 1.0
    goal_y_m: float = 2.0
    goal_radius_m: float = 0.25
"""


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener({TOPIC: (messages.MarkerArray, 1)})
    try:
        yield listener
    finally:
        listener.close()


def newest(listener: Listener, name: str) -> Any:
    """Return the newest first marker of a namespace, or None."""
    heard = listener.heard[TOPIC]
    return next((item for item in heard[-1].markers if item.ns == name), None) if heard else None


def set_goal(listener: Listener, x_m: float) -> None:
    """Set the goal of the running agent."""
    client = listener.node.create_client(SetParameters, f'/{ROBOT}/agent/set_parameters')
    value = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=x_m)
    request = SetParameters.Request(parameters=[Parameter(name='task.goal_x_m', value=value)])
    listener.until(client.service_is_ready, 30, 'the parameters of the agent')
    future = client.call_async(request)
    listener.until(future.done, 30, 'an answer')
    assert future.result().results[0].successful


def test_markers_show_a_robot_that_moves_and_its_goal(
    ros_environment: dict[str, str], workspace: Path, tmp_path: Path, listener: Listener
) -> None:
    robot = description_with_goal(workspace, tmp_path)
    environment = {**ros_environment, 'PYTHONPATH': str(tmp_path)}
    learner, bridge = learner_nodes(
        robot, 'default', free_port(), seed=0, run_folder=str(tmp_path / 'run'), threads=1
    )
    specs = [
        simulated_robot(robot, ROBOT, real_time=True),
        agent(robot, ROBOT, spool_folder=''),
        markers_node(robot, goal_frame='odom', rate_hz=5.0),
        learner,
        bridge,
    ]
    with running(specs, environment, tmp_path):
        listener.until(lambda: newest(listener, 'state') is not None, 120, 'markers')
        state, goal = newest(listener, 'state'), newest(listener, 'goal')
        assert state.text.startswith(f'{ROBOT}: exploring, episode ')
        assert state.header.frame_id == 'base_link'
        (label,) = (item for item in listener.heard[TOPIC][-1].markers if item.ns == 'label')
        assert ' N m in [-2, 2]' in label.text, label.text
        executed = newest(listener, 'executed')
        assert [len(executed.points), len(executed.colors)] == [2, 2]
        assert abs(executed.points[1].y) <= 0.25 + 1e-6
        place = goal.pose.position
        assert (goal.header.frame_id, place.x, place.y) == ('odom', 1.0, 2.0)
        assert (goal.action, goal.scale.x) == (messages.Marker.ADD, 0.5)
        set_goal(listener, -3.0)
        listener.until(
            lambda: newest(listener, 'goal').pose.position.x == -3.0, 30, 'the new goal'
        )


def test_another_description_is_named(
    ros_environment: dict[str, str], tmp_path: Path, listener: Listener
) -> None:
    learner, bridge = learner_nodes(
        'pendulum', 'default', free_port(), seed=0, run_folder=str(tmp_path / 'run'), threads=1
    )
    specs = [
        simulated_robot('pendulum', ROBOT, real_time=True),
        agent('pendulum', ROBOT, spool_folder=''),
        markers_node('arm'),
        learner,
        bridge,
    ]
    with running(specs, ros_environment, tmp_path) as processes:
        log = processes[f'{ROBOT}_markers'].log
        listener.until(
            lambda: 'steps have 1 numbers of a command' in log.read_text(), 120, 'an error'
        )
    assert not listener.heard[TOPIC]


def test_without_the_messages_one_line_says_so(
    ros_environment: dict[str, str], tmp_path: Path, listener: Listener
) -> None:
    (tmp_path / 'visualization_msgs').mkdir()
    (tmp_path / 'visualization_msgs' / '__init__.py').write_text('raise ImportError("not here")')
    environment = {**ros_environment, 'PYTHONPATH': str(tmp_path)}
    with running([markers_node('pendulum')], environment, tmp_path) as processes:
        node = processes[f'{ROBOT}_markers']
        listener.until(lambda: node.exit_code is not None, 60, 'an end')
        assert node.exit_code == 2, node.last_lines(5)
        (line,) = node.last_lines(1).splitlines()
        assert "given 'visualization_msgs/msg/Marker'; accepted: the type of an installed" in line

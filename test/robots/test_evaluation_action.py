# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The action agent/evaluate of an agent process, over real DDS."""

from collections.abc import Iterator
import dataclasses
import math
import threading
from typing import Any

from fleet import running
from live_robot import live_robot, LiveRobot, TIMEOUT_S
import pytest
from rclpy.action import ActionClient

pytest.importorskip('rl_msgs.action', reason='rl_msgs is of before: make setup')
from action_msgs.msg import GoalStatus
from rl_agent.control.agent import EVALUATING, EXPLORING, HELD
from rl_msgs.action import Evaluate

WANTED = 0.5  # action of the policy
EPISODE_STEPS = 25  # half a second
FOR_EVER = 1_000_000


class Goal:
    """A goal and what was told about it."""

    def __init__(self, client: 'ActionClient', robot: LiveRobot, episodes: int) -> None:
        """Send it, and wait until it is accepted or rejected."""
        self._robot = robot
        self.feedback: list[Any] = []
        goal = Evaluate.Goal(episodes=episodes)
        self.handle = answer(client.send_goal_async(goal, self._on_feedback))
        self.result = self.handle.get_result_async() if self.handle.accepted else None

    def _on_feedback(self, message: Any) -> None:
        self.feedback.append(message.feedback)

    def until(self, condition: Any, what: str) -> None:
        """Wait for feedback that meets a condition."""
        self._robot.until(lambda: any(map(condition, self.feedback)), what)

    def end(self) -> tuple[int, Any]:
        """Wait for the end; return status and result."""
        response = answer(self.result)
        return response.status, response.result


def answer(future: Any) -> Any:
    """Return what a future of rclpy brings; its executor runs in another thread."""
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    assert done.wait(TIMEOUT_S)
    return future.result()


@pytest.fixture(scope='module')
def robot(
    ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveRobot]:
    """Yield a robot whose agent explores in short episodes."""
    folder = tmp_path_factory.mktemp('evaluated')
    namespace = '/evaluated'
    with live_robot(namespace, folder, 'safety: {emergency_stop: {reaction: zero}}') as (
        robot,
        path,
    ):
        text = path.read_text().replace('episode_steps: 100000', f'episode_steps: {EPISODE_STEPS}')
        path.write_text(text)
        spec = dataclasses.replace(
            robot.spec,
            parameters={'robot': str(path)},
            remappings={'/policy': f'{namespace}/policy'},
        )
        with running([spec], ros_environment, folder):
            robot.publish_policy(WANTED, version=7)
            robot.until(lambda: bool(robot.heard['episode']), 'an episode')
            yield robot


@pytest.fixture(scope='module')
def client(robot: LiveRobot) -> Iterator['ActionClient']:
    """Yield a client of the action."""
    client = ActionClient(robot.node, Evaluate, 'agent/evaluate')
    assert client.wait_for_server(TIMEOUT_S)
    yield client
    client.destroy()


def test_a_goal_ends_with_the_returns_of_its_episodes(
    client: 'ActionClient', robot: LiveRobot
) -> None:
    goal = Goal(client, robot, 3)
    status, result = goal.end()
    assert (status, result.message) == (GoalStatus.STATUS_SUCCEEDED, '')
    assert result.policy_version == 7
    heard = [item for item in robot.heard['episode'] if item.evaluation]
    assert list(result.returns) == [item.episode_return for item in heard]
    assert len(heard) == 3
    assert [item.episodes for item in goal.feedback] == sorted(
        item.episodes for item in goal.feedback
    )
    assert math.isnan(goal.feedback[0].mean_return)
    assert goal.feedback[-1].mean_return == pytest.approx(sum(result.returns) / 3)
    robot.until_status(lambda item: item.state == EXPLORING, 'exploration again')


def test_a_client_may_cancel_at_any_time(client: 'ActionClient', robot: LiveRobot) -> None:
    goal = Goal(client, robot, FOR_EVER)
    goal.until(lambda item: item.state == EVALUATING and item.episodes, 'an episode')
    answer(goal.handle.cancel_goal_async())
    status, result = goal.end()
    assert status == GoalStatus.STATUS_CANCELED
    assert result.message.startswith('canceled')
    assert len(result.returns) >= 1
    robot.until_status(lambda item: item.state == EXPLORING, 'exploration again')


def test_feedback_tells_of_a_stop_and_a_held_goal_can_be_canceled(
    client: 'ActionClient', robot: LiveRobot
) -> None:
    """Feedback goes on: without it `ros2 action send_goal` would not notice Ctrl-C."""
    goal = Goal(client, robot, FOR_EVER)
    robot.publish_stop(True)
    goal.until(lambda item: item.state == HELD, 'a held robot')
    answer(goal.handle.cancel_goal_async())
    assert goal.end()[0] == GoalStatus.STATUS_CANCELED
    robot.publish_stop(False)
    robot.restart()
    robot.until_status(lambda item: item.state == EXPLORING, 'exploration again')


def test_a_new_goal_replaces_the_old_one(client: 'ActionClient', robot: LiveRobot) -> None:
    old, new = Goal(client, robot, FOR_EVER), Goal(client, robot, 1)
    status, result = old.end()
    assert status == GoalStatus.STATUS_ABORTED
    assert result.message == 'another request for an evaluation replaced this one'
    status, result = new.end()
    assert (status, len(result.returns)) == (GoalStatus.STATUS_SUCCEEDED, 1)


def test_a_goal_without_episodes_is_rejected(client: 'ActionClient', robot: LiveRobot) -> None:
    assert not Goal(client, robot, 0).handle.accepted

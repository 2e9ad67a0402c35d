# Copyright 2026 The rl_agent authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""The action `~/evaluate`: deterministic episodes with progress, result and a way to cancel."""

from collections.abc import Callable
import math
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node
from rclpy.task import Future
from rl_agent.control.agent import Agent, ENDED_STATES
from rl_agent.environment.episodes import Evaluation
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
from rl_agent.ros.ros_topics import steady_clock

try:
    from rl_msgs.action import Evaluate
except ImportError:  # an rl_msgs of before, as in an overlay that was not built anew
    Evaluate = None

EVALUATE = '~/evaluate'
_PERIOD_S = 0.5  # `ros2 action send_goal` notices Ctrl-C only when feedback arrives


class EvaluationAction:
    """Passes goals on to an agent and follows them.

    Each goal is a coroutine on the node's executor, which nothing here blocks. As with the service
    of the same name, a new request replaces an old one.
    """

    def __init__(self, node: Node, agent: Agent, state: Callable[[], str]) -> None:
        """Offer the action; with an rl_msgs of before, log that there is none.

        Args:
            node: of the agent.
            agent: runs the episodes.
            state: returns the state of the agent's status.
        """
        self._node, self._agent, self._state = node, agent, state
        self._goals: dict[Future, ServerGoalHandle] = {}
        self._server = None
        if Evaluate is None:
            node.get_logger().info('no action agent/evaluate: rl_msgs is of before, build it anew')
            return
        self._server = ActionServer(
            node,
            Evaluate,
            EVALUATE,
            self._execute,
            goal_callback=self._on_goal,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )

    def close(self) -> None:
        """Abort what is running, and withdraw the action."""
        for ended, goal in self._goals.items():
            goal.abort()
            ended.set_result('the agent ends')
        if self._server is not None:
            self._server.destroy()

    def _on_goal(self, goal: Any) -> GoalResponse:
        """Reject a goal that cannot be reached, and log why."""
        reason = ''
        if goal.episodes == 0:
            reason = (
                'episodes: given 0; accepted: 1 or more; to end an evaluation, cancel its goal'
            )
        elif self._agent.state in ENDED_STATES:
            reason = f'the agent runs no more episodes: {self._agent.state}'
        if reason:
            self._node.get_logger().warning(f'evaluate: goal rejected: {reason}')
        return GoalResponse.REJECT if reason else GoalResponse.ACCEPT

    async def _execute(self, goal: ServerGoalHandle) -> Any:
        """Return the result of a goal once it has ended."""
        evaluation = self._agent.evaluate(goal.request.episodes)
        ended = Future()
        self._goals[ended] = goal
        timer = self._node.create_timer(
            _PERIOD_S, lambda: self._follow(goal, evaluation, ended), clock=steady_clock()
        )
        message = await ended
        self._node.destroy_timer(timer)
        del self._goals[ended]
        return Evaluate.Result(
            returns=evaluation.returns, policy_version=evaluation.policy_version, message=message
        )

    def _follow(self, goal: ServerGoalHandle, evaluation: Evaluation, ended: Future) -> None:
        """Publish the progress of a goal, and end it when it is time."""
        if ended.done():
            return
        returns = list(evaluation.returns)
        mean = sum(returns) / len(returns) if returns else math.nan
        goal.publish_feedback(
            Evaluate.Feedback(episodes=len(returns), mean_return=mean, state=self._state())
        )
        message = ''
        is_newest = self._agent.evaluation is evaluation
        if evaluation.episodes_left == 0:
            goal.succeed()
        elif goal.is_cancel_requested:
            message = 'canceled; the current episode is the last one'
            if is_newest:
                self._agent.evaluate(0)
            goal.canceled()
        elif not is_newest:
            message = 'another request for an evaluation replaced this one'
            goal.abort()
        elif self._agent.state in ENDED_STATES:
            message = f'the agent has ended: {self._agent.state}'
            goal.abort()
        else:
            return
        ended.set_result(message)

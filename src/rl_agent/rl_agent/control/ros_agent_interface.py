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

"""The topics, services and parameters of an agent, except those of robot and learner."""

from rclpy.node import Node
from rl_agent.control.ros_agent_parts import AgentParts
from rl_agent.control.ros_agent_status import StatusPublisher
from rl_agent.control.ros_control_loop import ControlLoop
from rl_agent.control.ros_task_parameters import TaskParameters
from rl_agent.message_checks import MessageGuard
from rl_agent.real_time.chore import Chore
from rl_agent.ros.ros_event_log import log_reports, PROGRESS_PERIOD_S, REPORT_PERIOD_S
from rl_agent.ros.ros_other_publishers import OtherPublishers
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
from rl_agent.ros.ros_topics import LEARNER_STATUS, STATUS_QOS
from rl_agent.teaching.ros_words import RosWords
from rl_msgs.msg import LearnerStatus
from rl_msgs.srv import Evaluate

_OTHER_PUBLISHERS_PERIOD_S = 5.0


class AgentInterface:
    """Status, emergency stop, evaluation service and task parameters of a configured agent.

    Attributes:
        status: publishes the status.
    """

    def __init__(self, node: Node, parts: AgentParts, loop: ControlLoop) -> None:
        """Create them.

        Args:
            node: of the agent.
            parts: of the agent.
            loop: runs the agent.
        """
        self._node, self._events, self._agent = node, parts.events, loop.agent
        self._emergency_stop = parts.emergency_stop
        self._task_parameters = TaskParameters(node, loop.env)
        self._words = RosWords(node, parts.words, parts.events) if parts.words else None
        self.status = StatusPublisher(node, parts, loop)
        topics = [item.topic for item in parts.description.sent]
        others = OtherPublishers(node, topics, parts.events)
        self._evaluate = node.create_service(Evaluate, '~/evaluate', self._on_evaluate)
        self._pacer, self._learner_status = parts.pacer, None
        if parts.pacer is not None:
            guard = MessageGuard(count=lambda text: parts.events.note('status_refused', text))
            on_status = guard.checked(LEARNER_STATUS, self._on_learner_status)
            self._learner_status = node.create_subscription(
                LearnerStatus, LEARNER_STATUS, on_status, STATUS_QOS
            )
        loop.add_chores(
            (
                Chore(self._report, REPORT_PERIOD_S),
                Chore(self.status.log_progress, PROGRESS_PERIOD_S),
                Chore(others.check, _OTHER_PUBLISHERS_PERIOD_S),
            )
        )

    def log_reports(self) -> None:
        """Log the events since the last call."""
        log_reports(self._node, self._events)

    def _report(self) -> None:
        """Log the events, then publish a status: what it says is in the log already."""
        self.log_reports()
        self.status.publish()

    def close(self) -> None:
        """Destroy them, once the loop is closed."""
        self._task_parameters.close()
        if self._words is not None:
            self._words.close()
        self._emergency_stop.close()
        if self._learner_status is not None:
            self._node.destroy_subscription(self._learner_status)
        self.status.close()
        self._node.destroy_service(self._evaluate)

    def _on_learner_status(self, message: LearnerStatus) -> None:
        """Note how far training is behind."""
        if self._pacer is not None:
            idle = message.state == LearnerStatus.STATE_WAITING
            self._pacer.report(message.backlog, idle=idle)

    def _on_evaluate(
        self, request: Evaluate.Request, response: Evaluate.Response
    ) -> Evaluate.Response:
        """Ask the agent for deterministic episodes."""
        self._agent.evaluate(request.episodes)
        response.success = True
        response.message = f'{request.episodes} deterministic episodes after the current one'
        return response

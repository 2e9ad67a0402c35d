# Copyright 2026 The rl_learner authors
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

"""A node that watches a learner and its robots, and requests evaluations."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
import contextlib
from dataclasses import dataclass, field, fields
import threading
import time
from typing import Any

import rclpy
from rclpy.client import Client
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import try_shutdown
from rl_agent.control.agent import ENDED_STATES
from rl_agent.errors import PolicyError
from rl_agent.message_checks import MessageGuard
from rl_agent.policy.parameters import PolicyParameters
from rl_agent.policy.ros_policy_message import (
    message_to_policy,
    message_type,
    plain_part,
)
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
from rl_agent.ros.ros_topics import (
    AGENT_STATUS,
    EPISODE,
    EPISODE_QOS,
    LEARNER_STATUS,
    POLICY,
    STATUS_QOS,
    STEP,
    STEP_QOS,
)
from rl_learner.demo.ros_step_means import StepMeans
from rl_learner.system.domain import applied
from rl_msgs.msg import AgentStatus, Episode, LearnerStatus, Step
from rl_msgs.srv import Evaluate
from std_msgs.msg import String

_POLICIES_KEPT = 500
_POLL_PERIOD_S = 0.02
# A robot needs only the newest policy. The monitor keeps each version, even if several arrive
# before it has time for the first.
_ALL_POLICIES_QOS = QoSProfile(depth=50, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@dataclass(frozen=True)
class FinishedEpisode:
    """An episode as a robot reported it, see rl_msgs/msg/Episode.

    Attributes:
        robot: name of the robot.
        episode: number within the robot's session.
        steps: steps of the episode.
        episode_return: sum of rewards.
        terminated: whether the task ended it.
        evaluation: whether the policy acted deterministically.
        policy_version: version at the last step.
        outcome: success, failure or discard; empty: nobody told.
        person_steps: steps in which a person drove.
    """

    robot: str
    episode: int
    steps: int
    episode_return: float
    terminated: bool
    evaluation: bool
    policy_version: int
    outcome: str
    person_steps: int


@dataclass
class Observed:
    """What the monitor has received.

    Attributes:
        learner: newest status of the learner.
        agents: robot to the newest status of its agent.
        policies: version to message of the newest policies.
        step_means: robot to the means over its newest steps.
        episode_steps: robot to the steps of its finished episodes, newer than its status.
    """

    learner: LearnerStatus = field(default_factory=LearnerStatus)
    agents: dict[str, AgentStatus] = field(default_factory=dict)
    policies: 'OrderedDict[int, Any]' = field(default_factory=OrderedDict)
    step_means: dict[str, StepMeans] = field(default_factory=dict)
    episode_steps: 'Counter[str]' = field(default_factory=Counter)

    @property
    def steps(self) -> int:
        """Control steps of all robots, from their newest status."""
        # a copy, because the monitor's thread adds robots meanwhile
        return sum(int(status.steps) for status in list(self.agents.values()))

    @property
    def most_steps(self) -> int:
        """Control steps of the robot that has made the most, by its status and episodes."""
        told = [int(status.steps) for status in list(self.agents.values())]
        return max([*told, *list(self.episode_steps.values())], default=0)


class RosMonitor:
    """Listens in its own thread.

    Attributes:
        observed: always the same object; read without a lock because it holds whole messages.
    """

    def __init__(
        self,
        namespaces: Sequence[str],
        on_episode: Callable[[FinishedEpisode], None],
        shown: Mapping[str, str] | None = None,
        *,
        sees_images: bool = False,
    ) -> None:
        """Prepare to listen.

        Args:
            namespaces: namespaces of the robots; an empty string for the root.
            on_episode: called in the monitor's thread for each finished episode.
            shown: elements of the observation to average, label to name.
            sees_images: whether the robots do.
        """
        self._policy_type = message_type(sees_images=sees_images)
        self.observed = Observed()
        self._namespaces, self._hand_over = namespaces, on_episode
        self._shown = shown or {}
        self._context = Context()
        self._evaluate_clients: list[Client] = []
        self._word_publishers: list[Publisher] = []
        self._unheard: dict[Client, int] = {}  # requests to repeat
        self._thread = threading.Thread(target=self._spin, name='monitor', daemon=True)

    def start(self, environment: Mapping[str, str]) -> None:
        """Join the ROS domain and listen.

        Args:
            environment: environment variables of the observed processes; they choose the ROS
                domain and its discovery range.
        """
        with applied(environment):
            rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
            self._node = Node('monitor', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._listen()
        self._thread.start()

    def evaluate(self, episodes: int) -> None:
        """Request a number of deterministic episodes of every robot; 0 ends an evaluation."""
        self._unheard = dict.fromkeys(self._evaluate_clients, episodes)
        self.repeat_requests()

    def say(self, word: str) -> None:
        """Say a word to every robot, on the topic `word`."""
        for publisher in self._word_publishers:
            publisher.publish(String(data=word))

    def repeat_requests(self) -> None:
        """Request what a robot that was not there could not hear yet."""
        for client in [client for client in self._unheard if client.service_is_ready()]:
            client.call_async(Evaluate.Request(episodes=self._unheard.pop(client)))

    def policy(self, version: int) -> PolicyParameters | None:
        """Return a published policy, or None if it was missed, dropped or malformed."""
        message = self.observed.policies.get(version)
        try:
            return message_to_policy(message) if message else None
        except PolicyError:
            return None  # robots refuse it, too

    def wait_for_last_status(self, timeout_s: float) -> bool:
        """Wait for the last status of each agent and a learner status that counts all steps.

        Returns:
            whether they came in time.
        """
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            observed = self.observed
            agents = list(observed.agents.values())
            all_ended = len(agents) == len(self._namespaces) and all(
                status.state in ENDED_STATES for status in agents
            )
            if all_ended and observed.learner.transitions_stored >= observed.steps:
                return True
            time.sleep(_POLL_PERIOD_S)
        return False

    def close(self) -> None:
        """Leave the ROS domain, if it was joined."""
        if not self._thread.is_alive():
            return
        self._executor.shutdown()
        self._thread.join()
        self._node.destroy_node()
        try_shutdown(context=self._context)

    def _listen(self) -> None:
        """Subscribe to the learner and the robots."""
        node = self._node
        self.guard = MessageGuard(node.get_logger().warning)
        self._subscribe(LearnerStatus, LEARNER_STATUS, self._on_learner, STATUS_QOS)
        node.create_subscription(self._policy_type, POLICY, self._on_policy, _ALL_POLICIES_QOS)
        for namespace in self._namespaces:
            prefix = f'/{namespace}/' if namespace else '/'
            self._subscribe(AgentStatus, prefix + AGENT_STATUS, self._on_agent, STATUS_QOS)
            self._subscribe(Episode, prefix + EPISODE, self._on_episode, EPISODE_QOS)
            self._subscribe(Step, prefix + STEP, self._on_step, STEP_QOS)
            self._evaluate_clients.append(node.create_client(Evaluate, f'{prefix}agent/evaluate'))
            self._word_publishers.append(node.create_publisher(String, f'{prefix}word', 10))

    def _subscribe(
        self, kind: type[Any], topic: str, callback: Callable[[Any], None], qos: QoSProfile
    ) -> None:
        """Listen to a topic; messages that cannot be true are refused."""
        self._node.create_subscription(kind, topic, self.guard.checked(topic, callback), qos)

    def _spin(self) -> None:
        """Serve callbacks until closed."""
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()

    def _on_learner(self, message: LearnerStatus) -> None:
        """Keep the learner's status."""
        self.observed.learner = message

    def _on_agent(self, message: AgentStatus) -> None:
        """Keep a robot's status."""
        self.observed.agents[message.robot] = message

    def _on_episode(self, message: Episode) -> None:
        """Hand over a finished episode."""
        self.observed.episode_steps[message.robot] += message.steps
        names = (item.name for item in fields(FinishedEpisode))
        self._hand_over(FinishedEpisode(**{name: getattr(message, name) for name in names}))

    def _on_step(self, message: Step) -> None:
        """Add a step to the means of its robot."""
        step_means = self.observed.step_means
        if message.robot not in step_means:
            step_means[message.robot] = StepMeans(self._shown)
        step_means[message.robot].add(message)

    def _on_policy(self, message: Any) -> None:
        """Keep a policy, and drop the oldest one if there are too many."""
        policies = self.observed.policies
        policies[plain_part(message).version] = message
        if len(policies) > _POLICIES_KEPT:
            policies.popitem(last=False)

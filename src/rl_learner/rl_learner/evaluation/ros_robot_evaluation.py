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

"""Evaluates a policy on a robot, through the robot's own agent and without a learner.

The node stands in for the learner machine: it publishes the policy, acknowledges the transitions
and assembles the episodes from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import sys
import time

import numpy as np
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import try_shutdown
from rl_agent.bringup.evaluation_topics import evaluation_topic
from rl_agent.bringup.node_specs import (
    evaluation_nodes,
    NodeSpec,
    simulated_agent,
    simulated_robot,
    SIMULATION_STARTS_WITHIN_S,
)
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError, RlError
from rl_agent.message_checks import MessageGuard
from rl_agent.policy.parameters import PolicyParameters
from rl_agent.policy.ros_policy_message import message_type, plain_part, policy_to_message
from rl_agent.robot_interface.ros_reset import CONFIRM_RESET, WAITING_FOR_PERSON
from rl_agent.ros.ros_other_publishers import FORGOTTEN_S, other_publishers, UNNAMED
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
from rl_agent.ros.ros_spinning import serve
from rl_agent.ros.ros_topics import (
    ACK_QOS,
    AGENT_STATUS,
    POLICY,
    POLICY_QOS,
    STATUS_QOS,
    TRANSITIONS,
    TRANSITIONS_ACK,
    TRANSITIONS_QOS,
)
from rl_learner.evaluation.evaluation import EvaluatedEpisode
from rl_learner.journal.batch_codec import decode
from rl_learner.journal.replay_bridge import refusal_of
from rl_learner.replay.transition_arrays import TransitionArrays
from rl_learner.system.domain import applied
from rl_learner.system.processes import ChildProcess, raise_if_ended
from rl_msgs.msg import AgentStatus, TransitionAck, TransitionBatch
from std_srvs.srv import Trigger

_PUBLISH_PERIOD_S = 1.0  # of the policy and of the check for other publishers
_ROBOT_TIMEOUT_S = 20.0
_PUBLISHERS_WAIT_S = 2.0  # to discover other publishers once the robot is discovered
_NAMES_TIMEOUT_S = 3.0  # to discover their names after that
_SILENCE_TIMEOUT_S = 90.0
_POLL_PERIOD_S = 0.1


@dataclass(frozen=True)
class RobotEvaluation:
    """The evaluation of one policy on one robot.

    Attributes:
        robot: description of the robot.
        parameters: policy, signed with the robot's fingerprint.
        episodes: number of episodes.
        seed: seed of the simulated robot's starting states and of the exploration.
        explore: act as in training.
        real: the robot already runs, on this process's ROS domain.
        namespace: namespace of a real robot; empty for none.
        prefix: of a real robot's joints and frames; empty for none.
        robot_file: of its description with `{prefix}`, which `robot` has no more.
    """

    robot: RobotDescription
    parameters: PolicyParameters
    episodes: int
    seed: int
    explore: bool = False
    real: bool = False
    namespace: str = ''
    prefix: str = ''
    robot_file: str = ''

    def node_specs(self, robot_file: str) -> list[NodeSpec]:
        """Return the nodes to start: the agent, and before it the robot if it is simulated."""
        parameters = {'seed': self.seed, 'explore': self.explore}
        if self.real:
            file = self.robot_file if self.prefix else robot_file
            return evaluation_nodes(
                file, self.namespace, simulated=False, prefix=self.prefix, **parameters
            )
        timeout_s = SIMULATION_STARTS_WITHIN_S
        return [
            simulated_robot(robot_file, '', seed=self.seed),
            simulated_agent(robot_file, '', robot_timeout_s=timeout_s, **parameters),
        ]

    def topic(self, topic: str) -> str:
        """Return a topic's name here: a real robot's run must not hear of this."""
        return evaluation_topic(topic, self.namespace) if self.real else topic


class EvaluationNode:
    """Publishes the policy to the robot's agent and collects the episodes."""

    def __init__(self, evaluation: RobotEvaluation, environment: Mapping[str, str]) -> None:
        """Join the ROS domain.

        Args:
            evaluation: policy, robot and number of episodes.
            environment: environment variables of the evaluation's processes; they choose the
                ROS domain and its discovery range.
        """
        self._evaluation = evaluation
        # a publisher of one of these drives the robot
        self._driver_topics = (*(item.topic for item in evaluation.robot.sent), AGENT_STATUS)
        self._context = Context()
        with applied(environment):
            rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
            self._node = Node('evaluation', context=self._context, namespace=evaluation.namespace)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._rows: list[TransitionArrays] = []
        self._spaces = Spaces(evaluation.robot)
        self._acknowledged: dict[str, int] = {}
        self._last_heard_s = time.monotonic()
        self._last_published_s = 0.0
        self._agent_state = 'no status received'
        self._confirmation = self._node.create_client(Trigger, f'agent/{CONFIRM_RESET[2:]}')
        self._connect()

    def _connect(self) -> None:
        """Create the publishers and subscriptions that the learner machine has."""
        node, evaluation = self._node, self._evaluation
        kind = message_type(sees_images=bool(evaluation.robot.images))
        self._policies = node.create_publisher(kind, evaluation.topic(POLICY), POLICY_QOS)
        self._acks = node.create_publisher(
            TransitionAck, evaluation.topic(TRANSITIONS_ACK), ACK_QOS
        )
        node.create_subscription(
            TransitionBatch,
            evaluation.topic(TRANSITIONS),
            self._on_batch,
            TRANSITIONS_QOS,
            raw=True,
        )
        guard = MessageGuard(node.get_logger().warning)
        on_status = guard.checked(AGENT_STATUS, self._on_status)
        node.create_subscription(AgentStatus, AGENT_STATUS, on_status, STATUS_QOS)

    def await_robot(self) -> None:
        """Wait until the real robot is discovered, and allow time to discover other publishers.

        Raises:
            ConfigurationError: a sensor topic of the robot has no publisher.
        """
        if not serve(self._executor, _ROBOT_TIMEOUT_S, lambda: not self._unpublished_topics()):
            raise ConfigurationError(
                f'--real: no publisher of {", ".join(self._unpublished_topics())}; accepted: a'
                " running robot on this terminal's ROS domain, with its --namespace"
            )
        serve(self._executor, _PUBLISHERS_WAIT_S)
        serve(self._executor, _NAMES_TIMEOUT_S, self._all_named)

    def _unpublished_topics(self) -> list[str]:
        """Return the sensor topics without a publisher."""
        topics = map(self._node.resolve_topic_name, self._evaluation.robot.topics)
        return [topic for topic in topics if not self._node.count_publishers(topic)]

    def _all_named(self) -> bool:
        """Return whether the names of all nodes that may drive the robot are known."""
        return not any(
            UNNAMED in other_publishers(self._node, topic) for topic in self._driver_topics
        )

    def refuse_other_publishers(self) -> None:
        """Check that no other node drives the robot.

        Raises:
            ConfigurationError: one does.
        """
        if text := self._other_publishers(own=0):
            raise ConfigurationError(
                f'--real: {text}; accepted: a robot that no other node drives: stop its agent'
                f' first (a killed agent is forgotten after {FORGOTTEN_S:g} s)'
            )

    def _other_publishers(self, own: int) -> str:
        """Return who drives the robot in addition to `own` agents, or an empty string."""
        for topic in self._driver_topics:
            others = other_publishers(self._node, topic)
            if len(others) > own:
                full = self._node.resolve_topic_name(topic)
                return f'{full} is published by {" and ".join(others)}'
        return ''

    def next_episode(self, number: int, processes: list[ChildProcess]) -> EvaluatedEpisode:
        """Return the next whole episode.

        Raises:
            RlError: a process ended unexpectedly, the robot is silent, or another node drives it.
        """
        while (episode := self._pop_episode(number)) is None:
            self._executor.spin_once(timeout_sec=_POLL_PERIOD_S)
            if time.monotonic() - self._last_published_s >= _PUBLISH_PERIOD_S:
                self._last_published_s = time.monotonic()
                self._publish_policy()
            self._raise_if_hopeless(processes)
        return episode

    def close(self) -> None:
        """Leave the ROS domain."""
        self._executor.shutdown()
        self._node.destroy_node()
        try_shutdown(context=self._context)

    def _publish_policy(self) -> None:
        """Publish the policy again, because late joiners sometimes miss it.

        A real robot gets it only after its agent is discovered and if no other node drives the
        robot; without a policy the robot does not move.

        Raises:
            RlError: another node drives the robot.
        """
        if self._evaluation.real:
            if text := self._other_publishers(own=1):
                raise RlError(f'{text}: another node drives the robot; evaluation stopped')
            if not self._node.count_publishers(AGENT_STATUS):
                return
        message = policy_to_message(self._evaluation.parameters)
        plain_part(message).header.stamp = self._node.get_clock().now().to_msg()
        self._policies.publish(message)

    def _raise_if_hopeless(self, processes: list[ChildProcess]) -> None:
        """Raise RlError if no more episodes can be expected."""
        raise_if_ended(processes)
        if time.monotonic() - self._last_heard_s > _SILENCE_TIMEOUT_S:
            raise RlError(
                f'the robot did not move for {_SILENCE_TIMEOUT_S:g} s; its agent reports:'
                f' {self._agent_state}'
            )

    def _on_status(self, message: AgentStatus) -> None:
        """Keep the agent's state; waiting for a person does not count as silence."""
        if message.state.startswith(WAITING_FOR_PERSON):
            self._last_heard_s = time.monotonic()
            if not self._evaluation.real:
                self._confirmation.call_async(Trigger.Request())  # no person is needed
            elif message.state != self._agent_state:
                print(message.state, file=sys.stderr, flush=True)
        self._agent_state = message.state

    def _on_batch(self, data: bytes) -> None:
        """Keep the new transitions of a serialised batch and acknowledge them.

        A batch with a gap before it is dropped: the agent sends it again. Transitions of a robot
        of another kind are ignored because they are meant for its learner, and so is what no
        agent sends.
        """
        try:
            batch = decode(data)
        except ConfigurationError:
            return
        sender = batch.sender
        parameters = self._evaluation.parameters
        sizes = (self._spaces.sent_size, self._spaces.action_size)
        if (
            sender.fingerprint != parameters.fingerprint
            or (batch.observation_size, batch.action_size) != sizes
            or refusal_of(batch) is not None
        ):
            return
        acknowledged = self._acknowledged.get(sender.session, batch.oldest_sequence - 1)
        skip = acknowledged + 1 - batch.first_sequence
        if 0 <= skip < len(batch):
            self._rows.append(batch.transitions[skip:])
            acknowledged = batch.last_sequence
            self._last_heard_s = time.monotonic()
        self._acknowledged[sender.session] = acknowledged
        self._acks.publish(
            TransitionAck(robot=sender.robot, session=sender.session, sequence=acknowledged)
        )

    def _pop_episode(self, number: int) -> EvaluatedEpisode | None:
        """Remove the first complete episode from the rows; return it, or None if there is none."""
        taken: list[TransitionArrays] = []
        for index, rows in enumerate(self._rows):
            ends = np.flatnonzero(rows.terminated | rows.truncated)
            if not len(ends):
                taken.append(rows)
                continue
            end = int(ends[0]) + 1
            taken.append(rows[:end])
            self._rows = [rows[end:], *self._rows[index + 1 :]]
            observation, action, reward = (
                np.concatenate([getattr(part, name) for part in taken]).astype(np.float64)
                for name in ('observation', 'action', 'reward')
            )
            observation = observation[:, : self._spaces.vector_size]  # without images
            terminated = bool(rows.terminated[end - 1])
            succeeded = None
            if self._evaluation.robot.tells_success:
                succeeded = terminated and bool(reward[-1] > 0.0)
            seed = self._evaluation.seed
            return EvaluatedEpisode(
                seed, number, observation, action, reward, terminated, succeeded
            )
        return None

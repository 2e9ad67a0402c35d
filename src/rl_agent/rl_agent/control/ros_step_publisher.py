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

"""Publishes steps and episodes for people, plots and recorders."""

from array import array
from typing import Any

from rclpy.node import Node
from rl_agent.array_types import Float32Array
from rl_agent.environment.episodes import EpisodeResult
from rl_agent.environment.spaces import Spaces
from rl_agent.ros.ros_messages import float_array, ns_to_stamp
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
from rl_agent.ros.ros_topics import EPISODE, EPISODE_QOS, STEP, STEP_QOS
from rl_agent.transport.transition import Sender, Transition
from rl_msgs.msg import Episode, Step


class StepPublisher:
    """Publishes every step and every finished episode; an `AgentListener`.

    Attributes:
        last_return: return of the last finished episode; NaN before the first.
    """

    def __init__(self, node: Node, spaces: Spaces, sender: Sender) -> None:
        """Advertise the topics in the node's namespace."""
        self._node, self._spaces, self._sender = node, spaces, sender
        self._names = spaces.observation_names[: spaces.vector_size]  # images have their topics
        self._steps = node.create_publisher(Step, STEP, STEP_QOS)
        self._episodes = node.create_publisher(Episode, EPISODE, EPISODE_QOS)
        self.last_return = float('nan')

    def on_step(self, transition: Transition, wanted: Float32Array, info: dict[str, Any]) -> None:
        """Publish a step if there is a subscriber, see `AgentListener`."""
        if not self._steps.get_subscription_count():
            return
        message = Step(
            robot=self._sender.robot,
            episode=transition.episode,
            step=transition.step,
            policy_version=transition.policy_version,
            evaluation=transition.evaluation,
            observation_names=self._names,
            observation=float_array(transition.observation[: len(self._names)]),
            action_names=self._spaces.action_names,
            action_wanted=float_array(wanted),
            action_executed=float_array(transition.action),
            command=array('d', info['command'].tobytes()),
            reward=transition.reward,
            reward_names=list(info['reward_parts']),
            reward_parts=float_array(list(info['reward_parts'].values())),
            terminated=transition.terminated,
            truncated=transition.truncated,
            intervention=transition.intervention,
            word=info['word'],
        )
        message.header.stamp = ns_to_stamp(transition.stamp_ns)
        self._steps.publish(message)

    def on_episode(self, result: EpisodeResult) -> None:
        """Publish a finished episode, see `AgentListener`."""
        self.last_return = result.episode_return
        message = Episode(
            robot=self._sender.robot,
            session=self._sender.session,
            episode=result.episode,
            steps=result.steps,
            episode_return=result.episode_return,
            evaluation=result.evaluation,
            policy_version=result.policy_version,
            terminated=result.terminated,
            truncated=result.truncated,
            person_steps=result.person_steps,
            outcome=result.outcome,
        )
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._episodes.publish(message)

    def close(self) -> None:
        """Destroy the publishers."""
        self._node.destroy_publisher(self._steps)
        self._node.destroy_publisher(self._episodes)

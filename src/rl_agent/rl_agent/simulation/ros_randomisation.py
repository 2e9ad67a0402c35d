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

"""Publishes the random draw of each episode of a simulated robot, for records and plots."""

from builtin_interfaces.msg import Time
from rclpy.node import Node
from rl_agent.description.randomisation import Draw
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
from rl_agent.ros.ros_topics import RANDOMISATION, RANDOMISATION_QOS
from rl_agent.simulated_models.model import SimulatedModel
from rl_msgs.msg import Randomisation


class RandomisationPublisher:
    """Publishes the draws of a model; does nothing for a model that does not vary."""

    def __init__(self, node: Node, model: SimulatedModel) -> None:
        """Advertise the topic in the node's namespace, if the model varies."""
        self._model = model
        self._draws = None
        if hasattr(model, 'draw'):
            self._draws = node.create_publisher(Randomisation, RANDOMISATION, RANDOMISATION_QOS)

    def publish(self, episode: int, stamp: Time) -> None:
        """Publish the draw of the episode that begins; `episode` is the number of resets."""
        if self._draws is None:
            return
        draw: Draw = getattr(self._model, 'draw')  # noqa: B009  (models without one have no type)
        message = Randomisation(
            seed=draw.seed,
            episode=episode,
            names=list(draw.values),
            values=[float(value) for value in draw.values.values()],
        )
        message.header.stamp = stamp
        self._draws.publish(message)

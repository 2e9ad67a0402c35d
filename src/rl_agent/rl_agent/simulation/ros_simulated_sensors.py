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

"""The sensor topics of a simulated robot, with the types of its description."""

from array import array
from collections.abc import Callable, Mapping
from typing import Any

from builtin_interfaces.msg import Time
import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rl_agent.cameras.frame import PICTURES
from rl_agent.description.robot import RobotDescription
from rl_agent.errors import ConfigurationError
from rl_agent.message_fields.ros_field_paths import has_header
from rl_agent.message_fields.ros_field_writer import make_writer
from rl_agent.ros.ros_messages import import_message
from rl_agent.ros.ros_topics import sensor_offered_qos
from rl_agent.simulated_models.model import joint_states, SimulatedModel
from rl_agent.simulation.rendered_cameras import all_sensors, RenderedCameras

_JOINT_STATE = 'sensor_msgs/msg/JointState'
_IMAGE = 'sensor_msgs/msg/Image'


class SimulatedSensors:
    """Publishes the sensor values of a model."""

    def __init__(
        self,
        node: Node,
        description: RobotDescription,
        model: SimulatedModel,
        cameras: RenderedCameras | None = None,
    ) -> None:
        """Advertise the sensor topics of the description.

        Args:
            node: of the simulation.
            description: of the robot.
            model: has its sensors.
            cameras: of a MuJoCo model, if there are any.

        Raises:
            ConfigurationError: the model has no sensor for a topic.
        """
        self._model, self._cameras = model, cameras
        self._topics: dict[str, _Topic] = {}
        sensors = all_sensors(model, cameras)
        for topic, kind in description.topics.items():
            if topic not in sensors and kind != _JOINT_STATE:
                raise ConfigurationError(
                    f'robot {description.name!r}: observation topic {topic!r}: the model has no'
                    f' such sensor; accepted: {", ".join(sensors) or "none"}, and {_JOINT_STATE}'
                )
            frames = [item.frame for item in description.observation if item.topic == topic]
            qos = sensor_offered_qos(once=topic in description.once_topics)
            self._topics[topic] = _Topic(node, topic, kind, next(filter(None, frames), ''), qos)

    def publish(self, stamp: Time) -> None:
        """Publish the current sensor values.

        Topics without a header come first, because subscribers wait for a new stamp.
        """
        sensors = all_sensors(self._model, self._cameras)
        joints = joint_states(self._model)
        for topic in sorted(self._topics, key=lambda name: self._topics[name].stamped):
            self._topics[topic].write(sensors.get(topic, joints))
            self._topics[topic].publish(stamp)


class _Topic:
    """One topic with its message.

    Attributes:
        message: reused for every publication.
        stamped: whether the message has a header.
    """

    def __init__(self, node: Node, topic: str, kind: str, frame: str, qos: QoSProfile) -> None:
        """Advertise the topic."""
        self._kind = kind
        self.message: Any = import_message(kind)()
        self.stamped = has_header(kind)
        if self.stamped:
            self.message.header.frame_id = frame
        self._publisher = node.create_publisher(type(self.message), topic, qos)
        self._writers: dict[str, Callable[[NDArray[np.float64]], None]] = {}

    def write(self, values: Mapping[str, NDArray[Any]]) -> None:
        """Write numbers and names to their paths in the message."""
        for path, numbers in values.items():
            if numbers.dtype.kind == 'U':
                setattr(self.message, path, numbers.tolist())
                continue
            if self._kind == _IMAGE:
                self._write_picture(numbers)
                continue
            if path not in self._writers:
                self._writers[path] = make_writer(self.message, self._kind, [path])
            self._writers[path](numbers)

    def _write_picture(self, picture: NDArray[Any]) -> None:
        """Write a picture of a camera, (height, width, 1 or 3) uint8."""
        message = self.message
        message.height, message.width, channels = picture.shape
        message.encoding, message.step = PICTURES[channels], message.width * channels
        message.data = array('B', picture.tobytes())

    def publish(self, stamp: Time) -> None:
        """Publish the message."""
        if self.stamped:
            self.message.header.stamp = stamp
        self._publisher.publish(self.message)

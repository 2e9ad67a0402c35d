# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The sensor topics of a simulated robot, with the types that its description gives them."""

from array import array
from collections.abc import Callable
from typing import Any

from builtin_interfaces.msg import Time
import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rl_agent.description.robot import RobotDescription
from rl_agent.errors import ConfigurationError
from rl_agent.message_fields.ros_field_paths import has_header
from rl_agent.message_fields.ros_field_writer import make_writer
from rl_agent.ros.ros_messages import import_message
from rl_agent.ros.ros_topics import SENSOR_OFFERED_QOS
from rl_agent.simulated_models.model import sensors_of, SimulatedModel
from sensor_msgs.msg import JointState

_JOINT_STATE = 'sensor_msgs/msg/JointState'
Values = dict[str, NDArray[Any]]


class SimulatedSensors:
    """Publishes what a model senses."""

    def __init__(self, node: Node, description: RobotDescription, model: SimulatedModel) -> None:
        """Offer the topics of the description.

        Raises:
            ConfigurationError: the model does not sense what a topic is to tell.
        """
        self._model = model
        self._topics: dict[str, _Topic] = {}
        sensed = sensors_of(model)
        for topic, kind in description.topics.items():
            if topic not in sensed and kind != _JOINT_STATE:
                raise ConfigurationError(
                    f'robot {description.name!r}: observation topic {topic!r}: the model does not'
                    f' sense it; accepted: {", ".join(sensed) or "none"}, and {_JOINT_STATE}'
                )
            frames = [item.frame for item in description.observation if item.topic == topic]
            self._topics[topic] = _Topic(node, topic, kind, next(filter(None, frames), ''))

    def publish(self, stamp: Time) -> None:
        """Publish what the model senses now.

        Topics without a header come first: whoever waits for a new stamp has them then.
        """
        sensed = sensors_of(self._model)
        for topic in sorted(self._topics, key=lambda name: self._topics[name].stamped):
            if topic in sensed:
                self._topics[topic].write(dict(sensed[topic]))
            else:
                self._write_joints(self._topics[topic].message)
            self._topics[topic].publish(stamp)

    def _write_joints(self, message: JointState) -> None:
        """Write the joint states."""
        model = self._model
        message.name = list(model.joint_names)
        message.position = array('d', model.position.tobytes())
        message.velocity = array('d', model.velocity.tobytes())
        message.effort = array('d', model.effort.tobytes())


class _Topic:
    """One topic with its message.

    Attributes:
        message: filled anew each time.
        stamped: whether it has a header.
    """

    def __init__(self, node: Node, topic: str, kind: str, frame: str) -> None:
        """Advertise it."""
        self._kind = kind
        self.message: Any = import_message(kind)()
        self.stamped = has_header(kind)
        if self.stamped:
            self.message.header.frame_id = frame
        self._publisher = node.create_publisher(type(self.message), topic, SENSOR_OFFERED_QOS)
        self._writers: dict[str, Callable[[NDArray[np.float64]], None]] = {}

    def write(self, values: Values) -> None:
        """Write numbers, each to its path, and names."""
        for path, numbers in values.items():
            if numbers.dtype.kind == 'U':
                setattr(self.message, path, numbers.tolist())
                continue
            if path not in self._writers:
                self._writers[path] = make_writer(self.message, self._kind, [path])
            self._writers[path](numbers)

    def publish(self, stamp: Time) -> None:
        """Publish the message."""
        if self.stamped:
            self.message.header.stamp = stamp
        self._publisher.publish(self.message)

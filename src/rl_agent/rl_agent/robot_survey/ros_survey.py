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

"""Listens to everything that a running robot publishes, and to nothing else."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import partial
import time
from typing import Any

from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.utilities import try_shutdown
from rl_agent.description.image import CAMERA_TYPES
from rl_agent.errors import ConfigurationError
from rl_agent.message_fields.ros_field_paths import number_paths
from rl_agent.robot_interface.ros_command_listeners import is_onlooker
from rl_agent.robot_interface.ros_listening_node import listening_node
from rl_agent.robot_model.ros_robot_descriptions import offered_qos, RobotDescriptions
from rl_agent.robot_survey.command_topics import takes_commands
from rl_agent.robot_survey.ros_controllers import ask_controllers
from rl_agent.robot_survey.survey import Names, Part, Survey, Topic
from rl_agent.ros.ros_messages import import_message
from rl_agent.ros.ros_qos_mismatch import expected_mismatch
from rl_agent.ros.ros_spinning import serve
from rl_agent.ros.ros_topics import full_node_name

_DISCOVERY_TIMEOUT_S = 5.0
_LOOK_PERIOD_S = 0.25
_MOST_TOPICS, _MOST_PARTS = 200, 20
_UNNAMED = 'a node'  # whose name is not known yet
_SIMULATORS = ('simulated_robot', 'gazebo_robot', 'gazebo', 'ros_gz_bridge')
_PLAYERS = ('rosbag2_player',)
_RESETS = ('std_srvs/srv/Trigger', 'std_srvs/srv/Empty')
# what says nothing about a robot's state as numbers, or too much: pictures, clouds, maps
_IGNORED_PACKAGES = (
    'action_msgs',
    'diagnostic_msgs',
    'lifecycle_msgs',
    'map_msgs',
    'rcl_interfaces',
    'rl_msgs',
    'rosgraph_msgs',
    'shape_msgs',
    'stereo_msgs',
    'tf2_msgs',
    'visualization_msgs',
)
_IGNORED = (
    'nav_msgs/msg/OccupancyGrid',
    'nav_msgs/msg/Path',
    'sensor_msgs/msg/CameraInfo',
    'sensor_msgs/msg/PointCloud',
    'sensor_msgs/msg/PointCloud2',
    'std_msgs/msg/Empty',
    'std_msgs/msg/String',
)
_CAMERA = 'a camera: to let the policy see it, describe `image` as in docs/cameras.md'


class RobotSurvey:
    """A node that subscribes to what a robot publishes.

    It publishes nothing; it asks the nodes that listen to commands for their parameters.
    """

    def __init__(self, namespace: str, ros_args: list[str], patterns: Sequence[str] = ()) -> None:
        """Prepare to listen.

        Args:
            namespace: of the robot; empty: everything in this ROS domain.
            ros_args: of ROS.
            patterns: full names of topics, `*` for any letters; none: all topics.

        Raises:
            ConfigurationError: ROS refuses the namespace or the ROS arguments.
        """
        self._context = Context()
        self._node = listening_node('rl_describe', self._context, namespace, ros_args)
        self._namespace = self._node.get_namespace().rstrip('/')
        self._patterns = [
            item if item.startswith('/') else f'{self._namespace}/{item}' for item in patterns
        ]
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._descriptions = RobotDescriptions(self._node)
        self._topics: dict[str, Topic] = {}
        self._subscribed: set[str] = set()
        self._counts: dict[str, tuple[int, int]] = {}  # of publishers and subscribers

    def listen(self, seconds: float) -> Survey:
        """Listen, and return what was heard.

        The time begins when another node is found, or after `_DISCOVERY_TIMEOUT_S`.

        Raises:
            ConfigurationError: there are several robots, and the namespace chooses none.
        """
        serve(self._executor, _DISCOVERY_TIMEOUT_S, lambda: len(self._node.get_node_names()) > 1)
        began_s = time.monotonic()
        while (elapsed_s := time.monotonic() - began_s) < seconds:
            self._look()
            serve(self._executor, min(_LOOK_PERIOD_S, seconds - elapsed_s))
        self._look()
        others = self._descriptions.others()
        topics = [
            item
            for name, item in self._topics.items()
            if not name.startswith(tuple(f'{other}/' for other in others))
        ]
        commands = [item for item in topics if takes_commands(item)]
        nodes = [name for name, _ in self._node.get_node_names_and_namespaces()]
        urdf, note = self._descriptions.chosen()
        return Survey(
            topics=topics,
            urdf=urdf,
            urdf_note=note,
            controllers=ask_controllers(self._node, self._executor, commands),
            services=self._services(),
            simulators=tuple(sorted({name for name in nodes if name in _SIMULATORS})),
            is_replayed=any(name in _PLAYERS for name in nodes),
            has_clock=self._node.count_publishers('/clock') > 0,
            seconds=seconds,
            namespace=self._namespace.strip('/'),
        )

    def close(self) -> None:
        """Leave the ROS graph."""
        self._executor.shutdown()
        self._node.destroy_node()
        try_shutdown(context=self._context)

    def _look(self) -> None:
        """Subscribe to new topics, and note who publishes and subscribes."""
        self._descriptions.look()
        for name, kinds in self._node.get_topic_names_and_types():
            if self._is_wanted(name, kinds) and self._is_changed(name):
                self._note(name, kinds)

    def _is_changed(self, name: str) -> bool:
        """Return whether a topic may have other ends than noted; listing them takes long."""
        counts = (self._node.count_publishers(name), self._node.count_subscribers(name))
        topic = self._topics.get(name)
        ends = () if topic is None else (*topic.publishers, *topic.subscribers)
        is_known = topic is not None and _UNNAMED not in ends
        if is_known and self._counts.get(name) == counts:
            return False
        self._counts[name] = counts
        return True

    def _is_wanted(self, name: str, kinds: Sequence[str]) -> bool:
        """Return whether a topic may be part of the robot."""
        if not name.startswith(f'{self._namespace}/') or name.rpartition('/')[2][:1] == '_':
            return False
        if self._patterns and not any(fnmatchcase(name, item) for item in self._patterns):
            return False
        is_ignored = all(
            kind in _IGNORED or kind.partition('/')[0] in _IGNORED_PACKAGES for kind in kinds
        )
        return not is_ignored and (name in self._topics or len(self._topics) < _MOST_TOPICS)

    def _note(self, name: str, kinds: Sequence[str]) -> None:
        """Note a topic, and subscribe to it if it is new and somebody publishes it."""
        publishers = self._node.get_publishers_info_by_topic(name)
        subscribers = [
            item
            for item in self._node.get_subscriptions_info_by_topic(name)
            if item.node_name != self._node.get_name() and not is_onlooker(item)
        ]
        topic = self._topics.get(name)
        if topic is None:
            if not publishers and not subscribers:
                return
            # relative to the namespace, so that the file serves other robots of this kind
            short = name.removeprefix(f'{self._namespace}/')
            topic = self._topics[name] = Topic(short, kinds[0])
        if kinds[0] in CAMERA_TYPES:
            topic.note = _CAMERA
        elif len(kinds) > 1:
            topic.note = f'published as {" and ".join(kinds)}'
            topic.other_types = tuple(kinds[1:])
        topic.publishers, topic.subscribers = _names(publishers), _names(subscribers)
        if not topic.fields and not topic.note:
            self._find_fields(topic)
        if publishers and not topic.note and name not in self._subscribed:
            self._subscribed.add(name)
            self._subscribe(name, topic, offered_qos([item.qos_profile for item in publishers]))

    def _find_fields(self, topic: Topic) -> None:
        """Find the numbers in a topic's messages, unless its type is not installed here."""
        try:
            topic.fields = tuple(number_paths(topic.type))
        except ConfigurationError:
            package = topic.type.partition('/')[0]
            topic.note = f'its type is not installed here: install {package}'
        except Exception as error:  # a message package that is built for something else
            topic.note = f'its type cannot be used here: {error}'

    def _subscribe(self, name: str, topic: Topic, qos: QoSProfile) -> None:
        """Subscribe to a topic."""
        topic.is_kept = qos.durability == DurabilityPolicy.TRANSIENT_LOCAL
        kind = import_message(topic.type)
        add, events = partial(_add, topic), expected_mismatch()
        self._node.create_subscription(kind, name, add, qos, event_callbacks=events)

    def _services(self) -> list[tuple[str, str]]:
        """Return the services of the robot that may be a reset, with their types."""
        return [
            (name.removeprefix(f'{self._namespace}/'), kind)
            for name, kinds in self._node.get_service_names_and_types()
            for kind in kinds
            if kind in _RESETS
            and name.startswith(f'{self._namespace}/')
            and 'reset' in name.rpartition('/')[2].lower()
            and not name.endswith('/confirm_reset')  # an agent's own: it moves nothing
        ]


def _add(topic: Topic, message: Any) -> None:
    """Add a message to the part of its topic that names the same joints."""
    now_s = time.monotonic()
    names: Names = ()
    if topic.type == 'sensor_msgs/msg/JointState':
        names = tuple(message.name)
    part = topic.parts.get(names)
    if part is not None:
        part.newest, part.last_s = message, now_s
        part.count += 1
    elif len(topic.parts) < _MOST_PARTS:
        topic.parts[names] = Part(names, message, 1, now_s, now_s)


def _names(endpoints: Sequence[Any]) -> Names:
    """Return the names of nodes."""
    return tuple(sorted({full_node_name(item) or _UNNAMED for item in endpoints}))

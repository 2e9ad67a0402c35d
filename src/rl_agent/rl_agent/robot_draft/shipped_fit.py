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

"""How a shipped description fits what was heard, and where it differs.

It fits where its topics have their types, its joints and frames their names, and a node listens
to each of its commands. Topics that robots of many makers share, such as `odom` and `cmd_vel`, are
not enough: joints, a frame or a message type of the maker must agree as well.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rl_agent.description.action import ActionDescription
from rl_agent.description.observation import ObservationField
from rl_agent.description.robot import RobotDescription
from rl_agent.robot_draft.draft_entry import shown
from rl_agent.robot_survey.command_topics import TRAJECTORY
from rl_agent.robot_survey.survey import Survey, Topic

# Packages whose messages robots of many makers have.
_COMMON = frozenset(
    {
        'ackermann_msgs',
        'control_msgs',
        'geometry_msgs',
        'nav_msgs',
        'sensor_msgs',
        'std_msgs',
        'tf2_msgs',
        'trajectory_msgs',
    }
)
_FRAMES_OF_MANY = frozenset({None, 'base', 'base_link', 'map', 'odom', 'world'})
_INTERFACES = {'rad': 'position', 'rad/s': 'velocity', 'N m': 'effort'}
_MOST_NAMES = 8  # of joints in a text


@dataclass(frozen=True)
class Fit:
    """How a shipped description fits what was heard.

    Attributes:
        name: of the description.
        namespace: in which its topics are, within that of the survey; empty: that itself.
        prefix: of its joints and frames, in place of `{prefix}`.
        agreeing: how many of its topics have their types.
        is_marked: whether joints, a frame or a message type of the maker agree.
        is_of_maker: whether a message type that only the maker has was heard.
        missing: its sensor topics that no node publishes, as `topic (type)`.
        awaited: such topics whose message is published once, by a person or a camera.
        differences: what is not as described, one text each.
        size: number of its topics.
        interpolates: whether its commands are trajectories.
    """

    name: str
    namespace: str
    prefix: str
    agreeing: int
    is_marked: bool
    is_of_maker: bool
    missing: tuple[str, ...]
    awaited: tuple[str, ...]
    differences: tuple[str, ...]
    size: int
    interpolates: bool

    @property
    def is_usable(self) -> bool:
        """Whether a draft may begin with it: nothing is otherwise than described."""
        return self.is_marked and not self.differences

    @property
    def is_near(self) -> bool:
        """Whether it is worth to name where it differs."""
        return self.is_of_maker or (self.is_marked and 2 * self.agreeing >= self.size)


def compare(
    description: RobotDescription, survey: Survey, heard: Mapping[str, Topic], namespace: str
) -> Fit:
    """Return how a description fits what is in a namespace.

    Args:
        description: with the names of one robot.
        survey: what was heard.
        heard: name to topic, of the survey.
        namespace: within that of the survey.
    """
    differences: list[str] = []
    missing: list[str] = []
    awaited: list[str] = []
    agreeing, marks = 0, False
    for topic, kind in description.topics.items():
        given = heard.get(full_name(namespace, topic))
        if given is None or not given.publishers:
            known = awaited if topic in description.once_topics else missing
            known.append(f'{topic} ({kind})')
        elif given.type != kind or given.other_types:
            differences.append(f'{topic}: {_types(given)}; described {kind}')
        else:
            agreeing += 1
            fields = [item for item in description.observation if item.topic == topic]
            other = [text for item in fields for text in _other_names(given, item)]
            differences += other
            is_named = any(map(_named_joints, fields))
            is_framed = any(item.frame not in _FRAMES_OF_MANY for item in fields)
            marks |= bool(given.parts) and (is_named or is_framed) and not other
    for sent in description.sent:
        given = heard.get(full_name(namespace, sent.topic))
        if given is None or not given.subscribers:
            differences.append(f'{sent.topic}: no node listens to it; described {sent.type}')
        elif given.type != sent.type or given.other_types:
            differences.append(f'{sent.topic}: {_types(given)}; described {sent.type}')
        else:
            agreeing += 1
            if isinstance(sent, ActionDescription):
                differences += _other_controller(sent, given, survey)
    own = own_types(description.message_types) & {item.type for item in heard.values()}
    if differences:
        differences += [f'{item}: no node publishes it' for item in missing]
    return Fit(
        name=description.name,
        namespace=namespace,
        prefix='',
        agreeing=agreeing,
        is_marked=bool(own) or marks,
        is_of_maker=bool(own),
        missing=tuple(missing),
        awaited=tuple(awaited),
        differences=tuple(dict.fromkeys(differences)),
        size=len(description.topics) + len(description.sent) - len(awaited),
        interpolates=description.action.type == TRAJECTORY,
    )


def _other_names(given: Topic, item: ObservationField) -> Iterator[str]:
    """Yield which names of joints and frames in the messages are not as described."""
    joints = _named_joints(item)
    named = joints_in(given)
    if joints and given.parts and not any(set(joints) <= set(names) for names in named):
        names = ', '.join(map(shown, [*dict.fromkeys(sum(named, ()))][:_MOST_NAMES])) or 'none'
        yield f'{item.topic}: joints {names}; described {", ".join(joints)}'
    header = getattr(given.newest, 'header', None)
    if item.frame is not None and header is not None and header.frame_id != item.frame:
        yield f'{item.topic}: frame {shown(header.frame_id)}; described {shown(item.frame)}'


def _named_joints(item: ObservationField) -> Sequence[str]:
    """Return the joints of a field whose messages name them; none: their order is described."""
    return () if ':' in item.field else item.joints or ()


def _other_controller(sent: ActionDescription, given: Topic, survey: Survey) -> Iterator[str]:
    """Yield what the listener to a command says about itself that is not as described."""
    controller = survey.controllers.get(given.name)
    if controller is None:
        return
    joints, described = controller.joints, sent.joints or ()
    is_other = set(joints) != set(described) if sent.type == TRAJECTORY else joints != described
    if joints and described and is_other:
        yield (
            f'{sent.topic}: {given.subscribers[0]} commands {", ".join(map(shown, joints))};'
            f' described {", ".join(described)}'
        )
    interface = _INTERFACES.get(sent.unit)
    if controller.interface and interface and controller.interface != interface:
        yield f'{sent.topic}: takes {controller.interface}; described {interface}, {sent.unit}'


def joints_in(topic: Topic) -> list[tuple[str, ...]]:
    """Return the joints that the messages of a topic name, one tuple for each kind of message."""
    return [
        tuple(getattr(part.newest, 'joint_names', None) or part.names)
        for part in topic.parts.values()
    ]


def own_types(types: set[str]) -> set[str]:
    """Return the message types that only their maker has."""
    return {kind for kind in types if kind.partition('/')[0] not in _COMMON}


def full_name(namespace: str, topic: str) -> str:
    """Return a topic of a description as the survey names it."""
    return f'{namespace}/{topic}' if namespace else topic


def _types(topic: Topic) -> str:
    """Return the types of a topic, in words."""
    return ' and '.join([topic.type, *topic.other_types])

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

"""A robot's whole YAML file: topics, joints, units, bounds, task."""

from collections.abc import Mapping
import dataclasses
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator, TypeAdapter, ValidationInfo
from pydantic.dataclasses import dataclass
from rl_agent.configuration import build, find_file, read_yaml
from rl_agent.description.action import ActionDescription, CompanionDescription, SentDescription
from rl_agent.description.command import CommandDescription
from rl_agent.description.command_box import motion_mistakes
from rl_agent.description.field_types import Name, refuse_duplicates, STRICT
from rl_agent.description.image import image_mistakes, ImageDescription, RenderedCamera
from rl_agent.description.observation import ObservationField
from rl_agent.description.randomisation import RandomisationRanges
from rl_agent.description.reset import ResetDescription
from rl_agent.description.safety import SafetyDescription
from rl_agent.description.task import TaskDescription
from rl_agent.description.teaching.teleop import TeleopDescription
from rl_agent.description.teaching.words import WordsDescription
from rl_agent.errors import ConfigurationError
from rl_agent.name_prefix import fill_prefix
from rl_agent.tasks import find_task
from typing_extensions import Self


@dataclass(frozen=True, config=STRICT)
class SimulationDescription:
    """The model that simulates the robot; the agent never reads this section.

    Attributes:
        model: name of a module in `simulated_models/`, or `module:Class` of your own.
        parameters: keyword arguments of the model.
        randomisation: what varies from episode to episode.
        cameras: cameras of a MuJoCo model, by the topic of sensor_msgs/msg/Image that shows them.
    """

    model: str
    parameters: dict[str, bool | float | str] = dataclasses.field(default_factory=dict)
    randomisation: RandomisationRanges = RandomisationRanges()
    cameras: dict[str, RenderedCamera] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, config=STRICT, kw_only=True)
class RobotDescription:
    """Everything the agent knows about a robot.

    Attributes:
        name: name of this kind of robot.
        rate_hz: control steps per second of the robot's clock.
        episode_steps: number of steps after which an episode is truncated.
        observation: observation fields, in the order of the observation vector.
        action: the command.
        more_actions: commands on further topics, such as those of an arm on a mobile base. They
            are sent together with `action`; their numbers follow those of `action`, here and in
            every list of `safety` with one number per joint.
        companions: messages without numbers of the policy that are sent before each command, such
            as the control mode.
        task: reward and termination.
        reset: how an episode begins.
        simulation: model that `simulated_robot` runs, if there is one.
        safety: limits, filters and watchdogs.
        words: what a person or another node may say to end an episode or to pause.
        stack: number of frames in an observation, newest first.
        previous_actions: number of executed actions in an observation, newest first, after all
            other numbers; images come last.
        teleop: how a person's hand takes over from the policy; not part of what a policy learns.
    """

    name: Name
    rate_hz: Annotated[float, Field(gt=0, le=1000)]
    episode_steps: Annotated[int, Field(ge=1, le=1_000_000)]
    observation: Annotated[tuple[ObservationField, ...], Field(min_length=1)]
    action: ActionDescription
    more_actions: tuple[ActionDescription, ...] = ()
    companions: tuple[CompanionDescription, ...] = ()
    task: TaskDescription
    reset: ResetDescription
    simulation: SimulationDescription | None = None
    safety: SafetyDescription = SafetyDescription()
    words: WordsDescription | None = None
    stack: Annotated[int, Field(ge=1, le=64)] = 1
    previous_actions: Annotated[int, Field(ge=0, le=64)] = 0
    teleop: TeleopDescription | None = None

    # Checks of a key against others use only those others that are valid, so that one run reports
    # as many mistakes as possible.

    @field_validator('observation')
    @classmethod
    def _check_observation(
        cls, observation: tuple[ObservationField, ...]
    ) -> tuple[ObservationField, ...]:
        refuse_duplicates([item.name for item in observation])
        types = {item.topic: item.type for item in observation}
        for item in observation:
            if item.type != types[item.topic]:
                raise ValueError(
                    f'topic {item.topic!r} given as {item.type} and as {types[item.topic]};'
                    ' accepted: one type per topic'
                )
        once = {item.topic: item.once for item in observation}
        mixed = [item.topic for item in observation if item.once != once[item.topic]]
        if mixed:
            raise ValueError(
                f'topic {mixed[0]!r} given with and without once; accepted: the same for all'
                ' fields of a topic'
            )
        if all(once.values()):
            raise ValueError(
                'given fields with once only; accepted: also one that is published all the time'
            )
        if all(item.task_only for item in observation):
            raise ValueError(
                'given fields with task_only only; accepted: also one that the policy sees'
            )
        return observation

    @field_validator('more_actions', 'companions')
    @classmethod
    def _check_topics(
        cls, given: tuple[SentDescription, ...], info: ValidationInfo
    ) -> tuple[SentDescription, ...]:
        taken = [info.data['action']] if 'action' in info.data else []
        taken += info.data.get('more_actions', ())
        refuse_duplicates([item.topic for item in (*taken, *given)])
        return given

    @field_validator('task')
    @classmethod
    def _check_task(cls, task: TaskDescription, info: ValidationInfo) -> TaskDescription:
        names = [item.name for item in info.data.get('observation', ())]
        missing = sorted(set(find_task(task.name).fields) - set(names))
        if names and missing:
            raise ValueError(
                f'{task.name!r} also needs the observation fields {", ".join(missing)};'
                f' given {", ".join(names)}'
            )
        return task

    @field_validator('reset')
    @classmethod
    def _check_reset(cls, reset: ResetDescription, info: ValidationInfo) -> ResetDescription:
        command = _command_of(info.data)
        if reset.move_to_pose and 'observation' in info.data and command:
            _check_pose(reset, command, info.data['observation'])
        return reset

    @field_validator('safety')
    @classmethod
    def _check_safety(cls, safety: SafetyDescription, info: ValidationInfo) -> SafetyDescription:
        command = _command_of(info.data)
        if command and {'observation', 'rate_hz'} <= info.data.keys():
            mistakes = safety.mistakes(command, info.data['observation'], info.data['rate_hz'])
            if mistakes:
                raise ValueError('\n'.join(mistakes))
        return safety

    @field_validator('teleop')
    @classmethod
    def _check_teleop(
        cls, teleop: TeleopDescription | None, info: ValidationInfo
    ) -> TeleopDescription | None:
        command = _command_of(info.data)
        if teleop is not None and command:
            mistakes = teleop.mistakes(command)
            if teleop.topic in [item.topic for item in info.data.get('observation', ())]:
                mistakes.append(
                    f'topic: given {teleop.topic!r}, a sensor topic; accepted: another one'
                )
            if mistakes:
                raise ValueError('\n'.join(mistakes))
        return teleop

    @model_validator(mode='after')
    def _check_motions(self) -> Self:
        mistakes = motion_mistakes(self.command, self.reset, self.safety, self.observation)
        if self.simulation and self.more_actions:
            mistakes.append('more_actions: given with simulation; accepted: without it')
        mistakes += self._button_mistakes()
        mistakes += image_mistakes([item.image for item in self.seen_by_policy], self.stack)
        if mistakes:
            raise ValueError('\n'.join(mistakes))
        return self

    def _button_mistakes(self) -> list[str]:
        """Return what is wrong with the buttons of words."""
        if self.words is None or not self.words.buttons:
            return []
        if self.teleop is None or not self.teleop.has_buttons:
            return ['words: given a button; accepted: with teleop of type sensor_msgs/msg/Joy']
        taken = self.teleop.dead_man
        return [
            f'words.{word}.button: given {taken}, the teleop.dead_man; accepted: another one'
            for word, button in self.words.buttons.items()
            if button == taken
        ]

    @property
    def images(self) -> tuple[ImageDescription, ...]:
        """The images that the policy sees, one frame each, in the order of the observation."""
        return tuple(item.image for item in self.seen_by_policy if item.image)

    @property
    def command(self) -> CommandDescription:
        """The numbers of `action` and `more_actions`."""
        return CommandDescription((self.action, *self.more_actions))

    @property
    def sent(self) -> tuple[SentDescription, ...]:
        """All that is published with a command, in this order."""
        return (*self.companions, self.action, *self.more_actions)

    @property
    def seen_by_policy(self) -> tuple[ObservationField, ...]:
        """The observation fields that make up the observation vector."""
        return tuple(item for item in self.observation if not item.task_only)

    @property
    def topics(self) -> dict[str, str]:
        """Message type of each sensor topic."""
        return {item.topic: item.type for item in self.observation}

    @property
    def tells_success(self) -> bool:
        """Whether the task or a person says when an episode has succeeded, with a reward."""
        return self.words is not None or find_task(self.task.name).tells_success

    @property
    def message_types(self) -> set[str]:
        """All message types of its topics, `package/msg/Name`."""
        return {*self.topics.values(), *(item.type for item in self.sent)}

    @property
    def once_topics(self) -> frozenset[str]:
        """The sensor topics whose messages are published once, see `ObservationField.once`."""
        return frozenset(item.topic for item in self.observation if item.once)


def load_robot(
    name_or_path: str, context: Mapping[str, Any] | None = None, *, prefix: str = ''
) -> RobotDescription:
    """Return the description of a robot in `config/robots/`, or in another YAML file.

    Args:
        name_or_path: name such as `pendulum`, or a path that ends in .yaml or .yml.
        context: further checks, see `ros_robot_description`.
        prefix: of the names of one robot's joints and frames, see `fill_prefix`.

    Raises:
        ConfigurationError: no such robot, one line for each mistake in its file, or an unusable
            prefix.
    """
    path = find_file('robots', name_or_path)
    content = fill_prefix(read_yaml(path), prefix, str(path))
    return build(RobotDescription, content, str(path), context)


def only_action(description: RobotDescription, user: str) -> ActionDescription:
    """Return the action of a robot that has one command topic.

    Args:
        description: of the robot.
        user: what needs that, for the error.

    Raises:
        ConfigurationError: there are `more_actions`.
    """
    if description.more_actions:
        topics = ', '.join(item.topic for item in description.more_actions)
        raise ConfigurationError(
            f'robot {description.name!r}: more_actions: given {topics}; accepted: none with'
            f' {user}, which knows one command topic'
        )
    return description.action


def _command_of(given: Mapping[str, Any]) -> CommandDescription | None:
    """Return the command of the keys so far; None: one of them is invalid."""
    if not {'action', 'more_actions'} <= given.keys():
        return None
    return CommandDescription((given['action'], *given['more_actions']))


def _check_pose(
    reset: ResetDescription,
    command: CommandDescription,
    observation: tuple[ObservationField, ...],
) -> None:
    """Raise ValueError unless the robot can move to the pose and its arrival is measured."""
    pose = reset.move_to_pose
    assert pose is not None
    if pose.pose is None and command.default is None:
        raise ValueError('move_to_pose.pose: missing; accepted: a pose here, or action.default')
    measured = {
        item.name: [command.names[number] for number in command.measured_by(item).numbers]
        for item in observation
        if command.is_placed_by(item)
    }
    names = measured.get(pose.field, command.names)
    if pose.pose is not None and len(pose.pose) != len(names):
        raise ValueError(
            f'move_to_pose.pose: given {len(pose.pose)} values; accepted: one for each of'
            f' {", ".join(names)}'
        )
    if pose.field not in measured:
        raise ValueError(
            f'move_to_pose.field: given {pose.field!r}; accepted: an observation field with all'
            ' joints of the action, without transform and replace_nan'
            f' ({", ".join(measured) or "there is none"})'
        )


def description_as_json(description: RobotDescription) -> dict[str, Any]:
    """Return a robot's description as plain values, for `read_description`."""
    content: dict[str, Any] = TypeAdapter(RobotDescription).dump_python(description, mode='json')
    return content


def read_description(content: Mapping[str, Any], source: str) -> RobotDescription:
    """Return the description that `description_as_json` wrote.

    Raises:
        ConfigurationError: one line for each key that this version does not accept.
    """
    return build(RobotDescription, content, source)

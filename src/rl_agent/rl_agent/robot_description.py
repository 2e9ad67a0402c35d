# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What the agent knows of a robot, from one YAML file: topics, joints, units, bounds, task."""

from dataclasses import field
import math
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass
from rl_agent.configuration import find_file, load
from rl_agent.tasks import TASKS
from typing_extensions import Self

_STRICT = ConfigDict(extra='forbid', allow_inf_nan=False)

Name = Annotated[str, Field(pattern=r'^[A-Za-z][A-Za-z0-9_]*$')]
Topic = Annotated[str, Field(pattern=r'^[/~]?[A-Za-z_][A-Za-z0-9_/]*$')]
MessageType = Annotated[str, Field(pattern=r'^[a-z][a-z0-9_]*/msg/[A-Z][A-Za-z0-9]*$')]
FieldPath = Annotated[str, Field(pattern=r'^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$')]


@dataclass(frozen=True, config=_STRICT)
class ObservationField:
    """Some numbers of a message that become part of the observation.

    Attributes:
        name: what tasks and plots call it.
        topic: relative topics live in the robot's namespace.
        type: message type, `package/msg/Name`.
        field: attributes from the message to a number or a sequence, joined by dots.
        joints: for messages with a `name` list: which joints, in this order.
        transform: `sin` and `cos` make a wrapped angle continuous.
        unit: SI, for people and plots.
        bounds: lowest and highest value after `transform`, in `unit`.
    """

    name: Name
    topic: Topic
    type: MessageType
    field: FieldPath
    joints: Annotated[tuple[str, ...], Field(min_length=1)]
    transform: Literal['none', 'sin', 'cos'] = 'none'
    unit: str = ''
    bounds: tuple[float, float] | None = None

    @model_validator(mode='after')
    def _check(self) -> Self:
        if self.bounds is not None and not self.bounds[0] < self.bounds[1]:
            raise ValueError(f'bounds: given {list(self.bounds)}; accepted: low before high')
        _refuse_duplicates('joints', self.joints)
        return self

    @property
    def element_names(self) -> tuple[str, ...]:
        """One name for each number: the field's own, with the joint where there are several."""
        if len(self.joints) == 1:
            return (self.name,)
        return tuple(f'{self.name}/{joint}' for joint in self.joints)

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value; infinite where the description names none."""
        if self.transform != 'none':
            return (-1.0, 1.0)
        return self.bounds or (-math.inf, math.inf)


@dataclass(frozen=True, config=_STRICT)
class ActionDescription:
    """The command that the robot takes.

    Attributes:
        topic: command topic, relative to the robot's namespace.
        type: a message with the numbers in `data`, in the order of `joints`.
        joints: names, in the order of the command.
        unit: of `low` and `high`.
        low: command at action -1, one per joint.
        high: command at action +1, one per joint.
    """

    topic: Topic
    type: Literal['std_msgs/msg/Float64MultiArray']
    joints: Annotated[tuple[str, ...], Field(min_length=1)]
    unit: str
    low: tuple[float, ...]
    high: tuple[float, ...]

    @model_validator(mode='after')
    def _check(self) -> Self:
        _refuse_duplicates('joints', self.joints)
        for key, values in (('low', self.low), ('high', self.high)):
            if len(values) != len(self.joints):
                raise ValueError(
                    f'{key}: given {len(values)} values; accepted: one for each of the'
                    f' {len(self.joints)} joints'
                )
        for joint, low, high in zip(self.joints, self.low, self.high, strict=True):
            if not low < high:
                raise ValueError(
                    f'low, high of {joint}: given {low}, {high}; accepted: low before high'
                )
        return self


@dataclass(frozen=True, config=_STRICT)
class TaskDescription:
    """Reward and termination, by name, with the parameters that differ from the task's own.

    Attributes:
        name: one of `tasks.TASKS`.
        parameters: keyword arguments of the task.
    """

    name: str
    parameters: dict[str, float] = field(default_factory=dict)

    @model_validator(mode='after')
    def _check(self) -> Self:
        if self.name not in TASKS:
            raise ValueError(f'name: given {self.name!r}; accepted: {", ".join(sorted(TASKS))}')
        accepted = TASKS[self.name].parameter_names()
        for key in self.parameters:
            if key not in accepted:
                raise ValueError(
                    f'parameters.{key}: unknown parameter of {self.name!r};'
                    f' accepted: {", ".join(sorted(accepted)) or "none"}'
                )
        return self


@dataclass(frozen=True, config=_STRICT)
class ResetDescription:
    """How an episode begins.

    Attributes:
        service: std_srvs/srv/Trigger that brings the robot to a starting state.
        timeout_s: how long it may take.
    """

    service: Topic
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 10.0


@dataclass(frozen=True, config=_STRICT)
class SimulationDescription:
    """Which simulated model stands in for the robot; the agent never reads this.

    Attributes:
        model: one of the models of `simulated_robot`.
    """

    model: str


@dataclass(frozen=True, config=_STRICT)
class RobotDescription:
    """All that the agent knows of a robot.

    Attributes:
        name: of this kind of robot.
        rate_hz: control steps per second of the robot's clock.
        episode_steps: an episode is truncated after so many steps.
        observation: the fields, in the order of the observation vector.
        action: the command.
        task: reward and termination.
        reset: how an episode begins.
        simulation: the model that `simulated_robot` plays, if there is one.
    """

    name: Name
    rate_hz: Annotated[float, Field(gt=0, le=1000)]
    episode_steps: Annotated[int, Field(ge=1, le=1_000_000)]
    observation: Annotated[tuple[ObservationField, ...], Field(min_length=1)]
    action: ActionDescription
    task: TaskDescription
    reset: ResetDescription
    simulation: SimulationDescription | None = None

    @model_validator(mode='after')
    def _check(self) -> Self:
        names = [item.name for item in self.observation]
        _refuse_duplicates('observation names', names)
        missing = sorted(set(TASKS[self.task.name].fields) - set(names))
        if missing:
            raise ValueError(
                f'observation: the task {self.task.name!r} also needs {", ".join(missing)};'
                f' given {", ".join(names)}'
            )
        types = {item.topic: item.type for item in self.observation}
        for item in self.observation:
            if item.type != types[item.topic]:
                raise ValueError(
                    f'observation: topic {item.topic!r} given as {item.type} and as'
                    f' {types[item.topic]}; accepted: one type for a topic'
                )
        return self


def load_robot(name_or_path: str) -> RobotDescription:
    """Return the description named in `config/robots/`, or in a file of its own.

    Raises:
        ConfigurationError: no such robot, or one line for each mistake in its file.
    """
    return load(RobotDescription, find_file('robots', name_or_path))


def _refuse_duplicates(key: str, names: list[str] | tuple[str, ...]) -> None:
    """Raise ValueError where a name stands twice."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f'{key}: given twice: {", ".join(twice)}; accepted: each name once')

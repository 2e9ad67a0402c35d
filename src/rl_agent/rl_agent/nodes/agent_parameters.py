# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The ROS parameters of the agent."""

from typing import Annotated

from pydantic import ConfigDict, Field, field_validator, ValidationInfo
from pydantic.dataclasses import dataclass
from rl_agent.ros.common_parameters import Autostart, LIVE, RobotName
from rl_agent.system.folders import default_spool_folder


@dataclass(frozen=True, config=ConfigDict(extra='forbid'))
class AgentParameters:
    """ROS parameters of the agent."""

    robot: RobotName = ''
    robot_id: Annotated[
        str, Field(description='unique name in the fleet; empty: the namespace, or `robot`')
    ] = ''
    seed: Annotated[int, Field(ge=0, description='of the exploration noise')] = 0
    explore: Annotated[
        bool,
        Field(description='false: every episode is deterministic', json_schema_extra=LIVE),
    ] = True
    autostart: Autostart = True
    max_steps: Annotated[
        int,
        Field(
            ge=0,
            description='stop after so many control steps; 0: no limit',
            json_schema_extra=LIVE,
        ),
    ] = 0
    max_episodes: Annotated[
        int,
        Field(ge=0, description='tell each return, end after so many episodes; 0: no limit'),
    ] = 0
    max_steps_ahead: Annotated[
        int,
        Field(
            ge=0,
            description='simulation only: hold time back while the learner is so many'
            ' transitions behind; 0: never wait',
        ),
    ] = 0
    robot_timeout_s: Annotated[
        float, Field(gt=0, description='a robot that is silent for so long is an error')
    ] = 10.0
    send_period_s: Annotated[
        float, Field(ge=0.001, le=1.0, description='time between two batches of transitions')
    ] = 0.05
    spool_folder: Annotated[
        str,
        Field(
            description='keeps what is not acknowledged when the agent ends, for its next start;'
            ' empty: in memory only'
        ),
    ] = str(default_spool_folder())
    policy: Annotated[
        str, Field(description='policy file to begin with; empty: wait for the learner')
    ] = ''
    action_scale: Annotated[
        float,
        Field(
            gt=0,
            le=1.0,
            description='makes the action box smaller, about its default pose; from above 0 to 1',
        ),
    ] = 1.0
    slew_scale: Annotated[
        float,
        Field(
            gt=0,
            le=1.0,
            description='makes the slew limit of the description smaller; from above 0 to 1',
        ),
    ] = 1.0
    realtime_priority: Annotated[
        int,
        Field(
            ge=0,
            le=99,
            description='of the control thread under SCHED_FIFO, if permitted; 0: not wanted',
        ),
    ] = 60
    control_cpu: Annotated[
        int, Field(ge=-1, le=1023, description='processor of the control thread; -1: any')
    ] = -1
    keep_awake: Annotated[
        bool,
        Field(
            description='keep the processor of the control thread busy, so that it never has to'
            ' wake up: steadier, at the price of its power; only with control_cpu'
        ),
    ] = False

    @field_validator('keep_awake')
    @classmethod
    def _knows_its_processor(cls, value: bool, info: ValidationInfo) -> bool:
        """Refuse to keep awake nobody knows which processor."""
        if value and info.data.get('control_cpu', -1) < 0:
            raise ValueError(
                'given true without control_cpu; accepted: with control_cpu, a processor that'
                ' nothing else needs'
            )
        return value

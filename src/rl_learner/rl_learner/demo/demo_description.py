# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""What a demo trains, and when it has learned. Read from `config/demos/`."""

from dataclasses import field
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass
from rl_agent.configuration import find_file, load
from typing_extensions import Self


@dataclass(frozen=True, config=ConfigDict(extra='forbid', allow_inf_nan=False))
class DemoDescription:
    """A demo.

    Attributes:
        robot: name of its description.
        algorithm: name of the algorithm, unless the command line says otherwise.
        warmup: transitions before training.
        updates_to_data: critic updates for each transition, 0: the algorithm's own; not for an
            algorithm from the command line.
        max_steps: control steps of all robots together, evaluations included.
        target_return: the robot has learned when its evaluation's mean reaches this.
        highest_return: no episode can reach more; an evaluation that is lost is cut short.
        evaluation_episodes: deterministic episodes of one evaluation.
        max_steps_ahead: how far simulated time may run ahead of training, transitions.
        shown: elements of the observation that the display shows, label to name.
        film: whether the run ends with a film of the policy.
    """

    robot: str
    algorithm: str
    warmup: Annotated[int, Field(ge=1)]
    max_steps: Annotated[int, Field(ge=1)]
    target_return: float
    highest_return: float
    evaluation_episodes: Annotated[int, Field(ge=1)] = 10
    max_steps_ahead: Annotated[int, Field(ge=1)] = 64
    updates_to_data: Annotated[float, Field(ge=0, le=1000)] = 0.0
    shown: dict[str, str] = field(default_factory=dict)
    film: bool = False

    @model_validator(mode='after')
    def _check(self) -> Self:
        if self.highest_return < self.target_return:
            raise ValueError(
                f'highest_return: given {self.highest_return}; accepted: at least the'
                f' target_return, {self.target_return}'
            )
        return self


def load_demo(name_or_path: str) -> DemoDescription:
    """Return the demo of a robot.

    Raises:
        ConfigurationError: there is none, or one line for each mistake in its file.
    """
    return load(DemoDescription, find_file('demos', name_or_path))

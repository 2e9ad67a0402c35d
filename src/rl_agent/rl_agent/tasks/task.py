# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What a task is: reward and termination as a pure function of what was measured and done."""

import dataclasses
from dataclasses import dataclass
import math
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import FieldValues


@dataclass(frozen=True)
class Outcome:
    """What one step was worth.

    Attributes:
        parts: named parts that add up to the reward.
        terminated: the task really ended; a time limit is no concern of a task.
    """

    parts: dict[str, float]
    terminated: bool

    @property
    def reward(self) -> float:
        """Sum of the parts."""
        return math.fsum(self.parts.values())


class Task(Protocol):
    """A reward and a termination.

    Attributes:
        fields: observation fields that it needs, by name.
    """

    fields: ClassVar[tuple[str, ...]]

    def outcome(
        self, observation: FieldValues, command: NDArray[np.float64], next_observation: FieldValues
    ) -> Outcome:
        """Return reward parts and termination of one step.

        Args:
            observation: each field's values before the step.
            command: as executed, in the robot's units, (action,).
            next_observation: each field's values after the step.
        """
        ...

    @classmethod
    def parameter_names(cls) -> frozenset[str]:
        """Return the parameters that a description may set."""
        ...


class Parameters:
    """Parameters of a task are the fields of its dataclass."""

    @classmethod
    def parameter_names(cls) -> frozenset[str]:
        """Return the names of the dataclass fields."""
        return frozenset(item.name for item in dataclasses.fields(cls))  # type: ignore[arg-type]

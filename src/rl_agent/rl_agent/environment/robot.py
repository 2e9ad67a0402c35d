# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The robot boundary: what any robot, real or simulated, offers to the agent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Reading:
    """What the robot's sensors said at one time.

    Attributes:
        values: observation field to its numbers as in the message, (joint,) each.
        stamp_ns: the oldest stamp among them, in ns of the robot's clock.
        command: the last command that the robot was sent, (action,), where it may be another than
            the one asked for: a stop came between. None: it was that one, or there was none.
        is_fresh: false: some values are too old to act or to learn on.
    """

    values: Mapping[str, NDArray[np.float64]]
    stamp_ns: int
    command: NDArray[np.float64] | None = None
    is_fresh: bool = True


class Robot(Protocol):
    """A robot that moves by one control period at a time."""

    def reset(self, check: Callable[[Reading], None] = lambda reading: None) -> Reading:
        """Bring the robot to a starting state; return what it senses there.

        Args:
            check: called with what it senses before commands move it, and after each of them.

        Raises:
            RobotError: the robot does not answer.
            StoppedError: a stop came meanwhile.
        """
        ...

    def apply(self, command: NDArray[np.float64]) -> Reading:
        """Send a command, let one control period pass; return what the robot senses then.

        Args:
            command: in the robot's units, (action,).

        Raises:
            RobotError: the robot does not answer.
        """
        ...


@runtime_checkable
class SensingRobot(Protocol):
    """A robot that can be looked at while it stands still."""

    def sense(self) -> Mapping[str, NDArray[np.float64]] | None:
        """Return the newest values at once, (raw,) each; None where some are missing or bad."""
        ...

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

"""The robot interface: what every robot, real or simulated, offers to the agent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Reading:
    """The robot's sensor values at one time.

    Attributes:
        values: observation field to its values as in the message, (raw,) each.
        stamp_ns: the oldest of their stamps, ns of the robot's clock.
        command: the last command sent, (action,), if it may differ from the requested one, mostly
            because of a stop. None: the requested one was sent, or none was. In an episode's first
            reading: where the next command starts.
        is_fresh: False: some values are too old to act on or to learn from.
    """

    values: Mapping[str, NDArray[np.float64]]
    stamp_ns: int
    command: NDArray[np.float64] | None = None
    is_fresh: bool = True


class Robot(Protocol):
    """A robot that moves one control period at a time."""

    def reset(self, check: Callable[[Reading], None] = lambda reading: None) -> Reading:
        """Bring the robot to a starting state; return the reading there.

        Args:
            check: called with the reading before commands move the robot, and after each command.

        Raises:
            RobotError: the robot does not answer.
            StoppedError: a stop began meanwhile.
        """
        ...

    def apply(self, command: NDArray[np.float64]) -> Reading:
        """Send a command, let one control period pass; return the reading then.

        Args:
            command: in the robot's units, (action,).

        Raises:
            RobotError: the robot does not answer.
        """
        ...


@runtime_checkable
class SensingRobot(Protocol):
    """A robot whose sensors can be read without a command."""

    def sense(self) -> Mapping[str, NDArray[np.float64]] | None:
        """Return the newest values at once, (raw,) each; None if some are missing or bad."""
        ...

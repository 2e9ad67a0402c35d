# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The task of the control benchmark, with as much arithmetic as a walking robot's reward."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import FieldValues
from rl_agent.tasks.task import Outcome, Parameters


@dataclass(frozen=True)
class Upright(Parameters):
    """Rewards an upright body, slow joints and small commands; never terminates."""

    fields: ClassVar[tuple[str, ...]] = ('orientation', 'joint_velocity', 'angular_velocity')

    def outcome(
        self, observation: FieldValues, command: NDArray[np.float64], next_observation: FieldValues
    ) -> Outcome:
        """Return reward parts and termination of one step, see `Task.outcome`."""
        orientation, turning = (
            next_observation['orientation'],
            next_observation['angular_velocity'],
        )
        speed = next_observation['joint_velocity']
        parts = {
            'upright': 1.0 - 2.0 * float(orientation[0] ** 2 + orientation[1] ** 2),
            'turning': -0.05 * float(turning @ turning),
            'speed': -1e-3 * float(speed @ speed),
            'command': -1e-2 * float(command @ command),
        }
        return Outcome(parts, terminated=False)

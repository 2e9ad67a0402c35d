# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A task for robots that are only looked at: `name: looking:Look`."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import FieldValues
from rl_agent.tasks.task import Outcome, Parameters


@dataclass(frozen=True)
class Look(Parameters):
    """Nothing is worth anything, and nothing ends."""

    fields: ClassVar[tuple[str, ...]] = ()

    def outcome(
        self, observation: FieldValues, command: NDArray[np.float64], next_observation: FieldValues
    ) -> Outcome:
        """Return that nothing was reached."""
        return Outcome({}, terminated=False)

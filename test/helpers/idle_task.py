# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A task without reward or end: `name: idle_task:IdleTask`."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import FieldValues
from rl_agent.tasks.task import Outcome, Parameters


@dataclass(frozen=True)
class IdleTask(Parameters):
    """Gives no reward and never ends an episode."""

    fields: ClassVar[tuple[str, ...]] = ()

    def outcome(
        self, observation: FieldValues, command: NDArray[np.float64], next_observation: FieldValues
    ) -> Outcome:
        """Return an outcome without reward."""
        return Outcome({}, terminated=False)

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Between what the policy wants and what the robot does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rl_agent.errors import PolicyError

Vector = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SafeAction:
    """An action that may be executed.

    Attributes:
        action: within the action box, (action,) float32.
        changed: it is not what the policy wanted.
    """

    action: Vector
    changed: bool


class SafetyFilter:
    """Keeps actions in the box [-1, 1], whose corners are the description's command bounds."""

    def __init__(self, action_size: int) -> None:
        """Filter actions of `action_size` numbers."""
        self._shape = (action_size,)

    def filter(self, wanted: Vector) -> SafeAction:
        """Return what may be executed of a wanted action, (action,).

        Raises:
            PolicyError: a wrong shape or a number that is not finite; nothing must move then.
        """
        if wanted.shape != self._shape or not np.isfinite(wanted).all():
            raise PolicyError(
                f'action: given {wanted!r}; accepted: {self._shape[0]} finite numbers'
            )
        action = np.clip(wanted, -1.0, 1.0)
        return SafeAction(action, changed=bool((action != wanted).any()))

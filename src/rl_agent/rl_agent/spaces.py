# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The layout of observation and action vectors, and the way between action and command."""

from collections.abc import Callable, Mapping
import hashlib
import json

import numpy as np
from numpy.typing import NDArray
from rl_agent.robot_description import RobotDescription

_TRANSFORMS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    'none': np.asarray,
    'sin': np.sin,
    'cos': np.cos,
}


class Spaces:
    """Where each number of an observation or action comes from and goes to.

    Attributes:
        observation_names: one for each element of an observation, (observation,).
        action_names: one for each element of an action, (action,).
        observation_low: lowest values, -inf where unknown, (observation,) float32.
        observation_high: highest values, (observation,) float32.
        fingerprint: equal for two robots just if a policy for one fits the other.
    """

    def __init__(self, description: RobotDescription) -> None:
        """Lay out the vectors of a robot."""
        self._fields = description.observation
        limits = [item.limits for item in self._fields for _ in item.joints]
        self.observation_names = tuple(
            name for item in self._fields for name in item.element_names
        )
        self.action_names = description.action.joints
        self.observation_low = np.array([low for low, _ in limits], np.float32)
        self.observation_high = np.array([high for _, high in limits], np.float32)
        self._low = np.array(description.action.low)
        self._span = (np.array(description.action.high) - self._low) / 2
        self.fingerprint = _fingerprint(description)

    @property
    def observation_size(self) -> int:
        """Length of an observation."""
        return len(self.observation_names)

    @property
    def action_size(self) -> int:
        """Length of an action."""
        return len(self.action_names)

    def values(self, raw: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
        """Return each field's values, transformed, from what its message said.

        Args:
            raw: field name to numbers, (joint,) each, as in the message.
        """
        return {item.name: _TRANSFORMS[item.transform](raw[item.name]) for item in self._fields}

    def observation(self, values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float32]:
        """Return the observation vector, (observation,) float32, from each field's values."""
        return np.concatenate([values[item.name] for item in self._fields]).astype(np.float32)

    def command(self, action: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the command, (action,) in the robot's units, for an action in [-1, 1]."""
        return np.asarray(self._low + (action.astype(np.float64) + 1.0) * self._span)


def _fingerprint(description: RobotDescription) -> str:
    """Return 16 hexadecimal digits over all that gives a vector's numbers their meaning."""
    action = description.action
    meaning = {
        'rate_hz': description.rate_hz,
        'observation': [
            [item.name, list(item.joints), item.transform, item.unit]
            for item in description.observation
        ],
        'action': [list(action.joints), action.unit, list(action.low), list(action.high)],
    }
    text = json.dumps(meaning, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]

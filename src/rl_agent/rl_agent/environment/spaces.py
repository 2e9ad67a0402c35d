# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The layout of observation and action vectors."""

from collections.abc import Mapping
import hashlib
import json

import numpy as np
from numpy.typing import NDArray
from rl_agent.description.observation import ObservationField
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.observation_history import ObservationHistory
from rl_agent.environment.transforms import changes, transform


class Spaces:
    """Where each number of an observation or action comes from and goes to.

    A frame is what the fields say at one time. An observation is one frame or several, the newest
    first, then the previous actions, the newest first: `velocity`, `velocity@-1` one step before.

    Attributes:
        frame_names: one for each element of a frame, (frame,).
        observation_names: one for each element of an observation, (observation,).
        action_names: one for each element of an action, (action,).
        observation_low: lowest values, -inf where unknown, (observation,) float32.
        observation_high: highest values, (observation,) float32.
        fingerprint: equal for two robots just if a policy for one fits the other.
    """

    def __init__(self, description: RobotDescription) -> None:
        """Lay out the vectors of a robot."""
        self._fields = description.observation
        self._transformed = [item for item in self._fields if changes(item)]
        self._stack, self._previous = description.stack, description.previous_actions
        self.action_names = description.action.names
        self.frame_names = tuple(name for item in self._fields for name in item.element_names)
        self.observation_names = (
            *_with_age(self.frame_names, self._stack),
            *_with_age([f'previous_action/{name}' for name in self.action_names], self._previous),
        )
        limits = [item.limits for item in self._fields for _ in item.element_names]
        limits = limits * self._stack + [(-1.0, 1.0)] * (self._previous * self.action_size)
        self.observation_low = np.array([low for low, _ in limits], np.float32)
        self.observation_high = np.array([high for _, high in limits], np.float32)
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
            raw: field name to numbers, (raw,) each, as in the message.
        """
        values = {item.name: raw[item.name] for item in self._fields}
        if self._transformed:
            with np.errstate(invalid='ignore'):
                for item in self._transformed:
                    values[item.name] = transform(item, values[item.name])
        return values

    def frame(self, values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float32]:
        """Return a frame, (frame,) float32, from each field's values."""
        parts = [values[item.name] for item in self._fields]
        return np.concatenate(parts, dtype=np.float32, casting='same_kind')

    def history(self) -> ObservationHistory:
        """Return what makes observations of frames."""
        return ObservationHistory(
            len(self.frame_names), self.action_size, self._stack, self._previous
        )


def _with_age(names: tuple[str, ...] | list[str], count: int) -> list[str]:
    """Return the names so many times, each but the first time with its age in steps."""
    return [f'{name}@-{age}' if age else name for age in range(count) for name in names]


def _fingerprint(description: RobotDescription) -> str:
    """Return 16 hexadecimal digits over all that gives a vector's numbers their meaning.

    Topics do not count: they say where the numbers are to be had on one robot.
    """
    action = description.action
    meaning = {
        'rate_hz': description.rate_hz,
        'observation': [_meaning(item) for item in description.observation],
        'stack': [description.stack, description.previous_actions],
        'action': [
            [action.type, action.list_path, *action.names],
            action.unit,
            list(action.low),
            list(action.high),
        ],
    }
    text = json.dumps(meaning, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _meaning(item: ObservationField) -> list[object]:
    """Return what gives a field's numbers their meaning."""
    adapted = [item.clip and item.bounds, item.replace_nan]
    return [
        [item.name, *item.element_names, item.joints],
        [item.type, item.field, item.frame],
        [item.transform, item.unit, *adapted],
    ]

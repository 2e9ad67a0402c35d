# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""What a robot's newest steps were worth, and what it sensed meanwhile, as means."""

from collections import deque
from collections.abc import Mapping

import numpy as np
from rl_msgs.msg import Step

_STEPS = 200


class StepMeans:
    """Means over a robot's last two hundred steps.

    Attributes:
        rewards: part of the reward to its mean.
        senses: label to the mean of an element of the observation.
    """

    def __init__(self, shown: Mapping[str, str]) -> None:
        """Watch some elements of the observation, label to name."""
        self._shown = shown
        self._parts: deque[list[float]] = deque(maxlen=_STEPS)
        self._sensed: deque[list[float]] = deque(maxlen=_STEPS)
        self.rewards: dict[str, float] = {}
        self.senses: dict[str, float] = {}

    def add(self, message: Step) -> None:
        """Take a step into account; one without an element that is shown leaves that out."""
        self._parts.append(list(message.reward_parts))
        self.rewards = _means(list(message.reward_names), self._parts)
        names = list(message.observation_names)
        shown = {label: name for label, name in self._shown.items() if name in names}
        self._sensed.append([message.observation[names.index(name)] for name in shown.values()])
        self.senses = _means(list(shown), self._sensed)


def _means(names: list[str], rows: deque[list[float]]) -> dict[str, float]:
    """Return the mean of each column."""
    return dict(zip(names, np.mean(np.array(rows), axis=0).tolist(), strict=True))

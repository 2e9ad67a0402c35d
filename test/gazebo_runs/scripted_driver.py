# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Drives the differential-drive robot to a goal by rule: towards it, around what is in the way."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

_AVOID_M = 0.55  # beams shorter than this push the robot aside
_TURN = 2.0  # rad/s for each rad
_FASTEST = np.array([0.22, 2.0])  # of the description


def drive(observation: NDArray[Any], goal: tuple[float, float]) -> NDArray[np.float32]:
    """Return an action in [-1, 1].

    Args:
        observation: of config/robots/diff_drive.yaml, in its units.
        goal: m.
    """
    scan, position, (cosine, sine) = observation[:24], observation[24:26], observation[26:28]
    to_goal = np.asarray(goal) - position
    yaw = math.atan2(sine, cosine)
    bearing = math.atan2(to_goal[1], to_goal[0]) - yaw
    pull = np.array([math.cos(bearing), math.sin(bearing)])
    angles = np.arange(24) * math.radians(15.0)
    ahead = np.cos(angles) > 0.0
    nearness = np.clip(_AVOID_M - scan, 0.0, None) * ahead / _AVOID_M
    push = -np.array([nearness @ np.cos(angles), nearness @ np.sin(angles)])
    around = np.array([-push[1], push[0]])  # left around what is straight ahead
    wish = pull + push + 0.7 * around
    turn = math.atan2(wish[1], wish[0])
    speed = _FASTEST[0] * max(0.0, math.cos(turn))
    command = np.array([speed, np.clip(_TURN * turn, -2.0, 2.0)])
    low, high = np.array([-0.1, -2.0]), np.array([0.22, 2.0])
    return np.asarray(2.0 * (command - low) / (high - low) - 1.0, np.float32)

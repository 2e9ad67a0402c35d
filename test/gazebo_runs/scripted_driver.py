# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A scripted driver for the differential-drive robot: to the goal, around obstacles."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_agent.description.action_scale import ActionScale
from rl_agent.description.robot import load_robot

_AVOID_M = 0.55  # beams shorter than this push the robot aside
_TURN_GAIN = 2.0  # rad/s per rad
_ACTION = load_robot('diff_drive').action


def drive(observation: NDArray[Any], goal: tuple[float, float]) -> NDArray[np.float32]:
    """Return an action in [-1, 1].

    Args:
        observation: observation of config/robots/diff_drive.yaml, in its units.
        goal: x and y, m.
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
    around = np.array([-push[1], push[0]])  # to the left around obstacles straight ahead
    direction = pull + push + 0.7 * around
    turn = math.atan2(direction[1], direction[0])
    speed = _ACTION.high[0] * max(0.0, math.cos(turn))
    return ActionScale(_ACTION.low, _ACTION.high).action(np.array([speed, _TURN_GAIN * turn]))

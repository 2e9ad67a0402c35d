# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The commands that bring the robot to a stop."""

import numpy as np
from rl_agent.array_types import Command
from rl_agent.description.action import ActionDescription
from rl_agent.description.safety import POSITION_UNITS, ReactionDescription


class StopMotion:
    """One stop: a linear ramp from the last command to the command at rest."""

    def __init__(self, start: Command, target: Command, ramp_s: float) -> None:
        """Ramp from `start` to `target`, (action,) each, in `ramp_s`; 0: at once."""
        self._start, self._target, self.ramp_s = start, target, ramp_s

    def command(self, elapsed_s: float) -> Command:
        """Return the command, (action,), at a time after the stop began."""
        elapsed_s = max(elapsed_s, 0.0)
        if elapsed_s >= self.ramp_s:
            return self._target
        fraction = elapsed_s / self.ramp_s
        motion: Command = self._start + fraction * (self._target - self._start)
        return motion


class StopPlanner:
    """Plans stops for one robot."""

    def __init__(self, action: ActionDescription) -> None:
        """Plan for these commands; where 0 is out of bounds, the nearest bound replaces it."""
        self._is_position = action.unit in POSITION_UNITS
        self._zero = np.clip(np.zeros(len(action.low)), action.low, action.high)
        self._default = None if action.default is None else np.array(action.default, np.float64)

    def plan(
        self, reaction: ReactionDescription, last: Command | None, pose: Command | None
    ) -> StopMotion | None:
        """Return the motion to a stop; None if no position to hold is known.

        Args:
            reaction: as described.
            last: the last command sent, (action,); None: none was sent.
            pose: the newest measured pose, (action,); None: not measured.
        """
        if reaction.reaction == 'zero':
            return StopMotion(self._zero, self._zero, 0.0)
        start = pose if last is None else last
        rest = (pose if pose is not None else start) if self._is_position else self._zero
        if start is None and not self._is_position:
            start = self._zero  # no command was sent: the robot is at rest
        if start is None or rest is None:
            return None
        target = {'hold': start, 'damped_stop': rest, 'default_pose': self._default}
        goal = target[reaction.reaction]
        return None if goal is None else StopMotion(start, goal, reaction.ramp_s)

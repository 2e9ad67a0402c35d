# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Checks a robot's readings and stops it when they exceed its limits."""

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_checks import all_finite
from rl_agent.description.robot import RobotDescription
from rl_agent.description.safety import find_pose
from rl_agent.environment.robot import Reading, Robot, SensingRobot
from rl_agent.safety.limits import Limits, Trip
from rl_agent.safety.safety_state import SafetyState, Stop

POLICY_NOT_FINITE = 'policy_not_finite'


class SafetyMonitor:
    """Checks the limits of one robot and begins stops, all of them latched."""

    def __init__(self, robot: Robot, description: RobotDescription, state: SafetyState) -> None:
        """Monitor a robot.

        Args:
            robot: read before a re-arm, to find out whether the cause persists.
            description: of the robot, with its limits.
            state: receives the stops.
        """
        self._robot, self._state = robot, state
        self._safety = description.safety
        self._reaction = description.safety.trip or description.safety.stop
        names = {
            item.name: item.joints
            or [str(index) for index in item.indices or range(item.raw_size)]
            for item in description.observation
        }
        self._limits = Limits(description.safety.limits, description.safety.tilt, names)
        self._pose = find_pose(description.safety, description.action, description.observation)

    def find_trip(self, reading: Reading) -> Trip | None:
        """Return the first limit that a reading exceeds."""
        return self._limits.check(reading.values)

    def check(self, reading: Reading) -> None:
        """Stop the robot if a reading exceeds a limit."""
        trip = self.find_trip(reading)
        if trip is not None:
            self._state.begin(
                Stop(f'limit/{trip.name}', trip.text, self._reaction, True, self._persisting_cause)
            )

    def stop_for_policy(self, text: str) -> None:
        """Stop the robot because of an action that cannot be executed."""
        self._state.begin(Stop(POLICY_NOT_FINITE, text, self._reaction, True, lambda: None))

    def pose(self, reading: Reading) -> NDArray[np.float64] | None:
        """Return the command that keeps the robot where it is, (action,); None: unknown."""
        if self._pose is None:
            return reading.command
        field, indices = self._pose
        pose = reading.values[field][indices]
        return pose if all_finite(pose) else reading.command

    def _persisting_cause(self) -> str | None:
        """Return the limit exceeded now; None: no limit, or the robot cannot be read."""
        if not isinstance(self._robot, SensingRobot):
            return None
        values = self._robot.sense()
        if values is None:
            return 'the sensors are silent, or their messages do not fit'
        trip = self._limits.check(values)
        return None if trip is None else trip.text

# Copyright 2026 The rl_agent authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Checks a robot's readings and stops it when they exceed its limits."""

from rl_agent.array_checks import all_finite
from rl_agent.array_types import Command, FieldValues
from rl_agent.description.robot import RobotDescription
from rl_agent.environment.robot import Reading, Robot, SensingRobot
from rl_agent.safety.command_bounds import bounds_of
from rl_agent.safety.limits import Limits, Trip
from rl_agent.safety.safety_state import SafetyState, Stop

POLICY_NOT_FINITE, POSE_BEYOND_BOX = 'policy_not_finite', 'pose_beyond_box'
_SILENT = 'the sensors are silent, or their messages do not fit'


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
        self._bounds = bounds_of(description)

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

    def check_start(self, reading: Reading) -> None:
        """Stop the robot if commands are about to start at a pose that none of them may reach."""
        text = self._beyond_box(reading.values)
        if text is not None:
            self._state.begin(
                Stop(POSE_BEYOND_BOX, text, self._reaction, True, self._persisting_pose)
            )

    def stop_for_policy(self, text: str) -> None:
        """Stop the robot because of an action that cannot be executed."""
        self._state.begin(Stop(POLICY_NOT_FINITE, text, self._reaction, True, lambda: None))

    def start(self, reading: Reading) -> Command | None:
        """Return where an episode's commands start, (action,), by its first reading.

        That is where the robot's own side starts them, else the measured pose; None: unknown.
        """
        if reading.command is not None:
            return reading.command
        pose = self._bounds.measured_pose(reading.values)
        return pose if pose is None or all_finite(pose) else None

    def _beyond_box(self, values: FieldValues) -> str | None:
        """Return how the measured pose is beyond the command box; None: it is not."""
        pose = self._bounds.measured_pose(values)
        return None if pose is None else self._bounds.pose_beyond_box(pose)

    def _persisting_pose(self) -> str | None:
        """Return how the pose is beyond the box now; None: it is not, or it cannot be read."""
        if not isinstance(self._robot, SensingRobot):
            return None
        values = self._robot.sense()
        return _SILENT if values is None else self._beyond_box(values)

    def _persisting_cause(self) -> str | None:
        """Return the limit exceeded now; None: no limit, or the robot cannot be read."""
        if not isinstance(self._robot, SensingRobot):
            return None
        values = self._robot.sense()
        if values is None:
            return _SILENT
        trip = self._limits.check(values)
        return None if trip is None else trip.text

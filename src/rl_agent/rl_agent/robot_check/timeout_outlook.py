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

"""What the described time limits, and the bounds of the first pose, could trip on."""

from collections.abc import Mapping

from rl_agent.description.observation import ObservationField
from rl_agent.description.robot import RobotDescription
from rl_agent.robot_check.control_ages import ControlAges
from rl_agent.robot_check.field_watch import FieldWatch
from rl_agent.robot_check.limit_outlook import LimitOutlook, Verdict
from rl_agent.safety.command_bounds import bounds_of


def timeout_outlooks(
    description: RobotDescription,
    watches: Mapping[str, FieldWatch],
    ages: Mapping[str, ControlAges | None],
    *,
    is_lockstep: bool,
    stop_publishers: int,
) -> list[LimitOutlook]:
    """Return the outlook of the sensor watchdog for each field, and of the heartbeat.

    Args:
        description: of the robot.
        watches: of each observation field.
        ages: of each field at the control rate.
        is_lockstep: the robot is simulated, so ages say nothing.
        stop_publishers: how many nodes publish the emergency stop.
    """
    watchdog_s = description.safety.sensor_watchdog.max_age_s
    found = [
        LimitOutlook('sensor_too_old', name, *_of_age(watch, ages[name], watchdog_s, is_lockstep))
        for name, watch in watches.items()
    ]
    heartbeat_s = description.safety.emergency_stop.heartbeat_s
    if heartbeat_s is not None:
        words = f'longest silence {heartbeat_s:g} s; publishers: {stop_publishers}'
        found.append(
            LimitOutlook('heartbeat', 'emergency_stop', 'unsure', words)
            if stop_publishers
            else LimitOutlook(
                'heartbeat', 'emergency_stop', 'now', f'{words}: the robot waits for the first'
            )
        )
    return found


def pose_outlooks(
    description: RobotDescription, watches: Mapping[str, FieldWatch]
) -> list[LimitOutlook]:
    """Return whether an episode could begin at the measured pose; nothing: it is not measured."""
    bounds = bounds_of(description)
    raw = {item.field: watches[item.field].raw for item in bounds.pose}
    known = {name: values for name, values in raw.items() if values is not None}
    names = ', '.join(raw)
    pose = bounds.measured_pose(known) if len(known) == len(raw) else None
    if pose is None:
        unknown = [LimitOutlook('pose_beyond_box', names, 'no', 'the pose is not known')]
        return unknown if raw else []
    beyond = bounds.pose_beyond_box(pose)
    if beyond is not None:
        return [LimitOutlook('pose_beyond_box', names, 'now', f'no episode would begin: {beyond}')]
    return [LimitOutlook('pose_beyond_box', names, 'yes', 'the pose is within the command box')]


def max_age_s(field: ObservationField, watchdog_s: float) -> float:
    """Return the age from which the sensor watchdog reacts to a field."""
    return field.max_age_s or watchdog_s


def _of_age(
    watch: FieldWatch, ages: ControlAges | None, watchdog_s: float, is_lockstep: bool
) -> tuple[Verdict, str]:
    """Return whether the age of a field could trip the sensor watchdog, and why."""
    if watch.field.once:
        return 'no', 'published once: its age does not matter'
    accepted_s = max_age_s(watch.field, watchdog_s)
    if watch.raw is None:
        return 'now', f'no message that fits; accepted: {accepted_s:g} s'
    if is_lockstep or ages is None:
        return 'unsure', f'simulated, may wait for commands; accepted: {accepted_s:g} s'
    words = f'worst age {ages.worst_s:.3f} s of {accepted_s:g} s'
    return ('now' if ages.worst_s > accepted_s else 'yes'), words

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

"""What was found about one observation field."""

import math

from rl_agent.description.field_types import Bounds
from rl_agent.description.robot import RobotDescription
from rl_agent.errors import ConfigurationError
from rl_agent.message_fields.ros_field_paths import leaves
from rl_agent.message_fields.ros_frames import framed_path
from rl_agent.robot_check.check_report import Endpoint, FieldReport, ImageReport, Quality
from rl_agent.robot_check.control_ages import ControlAges
from rl_agent.robot_check.field_watch import FieldWatch
from rl_agent.robot_check.limit_outlook import raw_names
from rl_agent.robot_model.ros_robot_descriptions import RobotDescriptions
from rl_agent.robot_model.urdf import read_urdf

_BITS = {'int8': 7, 'int16': 15, 'int32': 31, 'uint8': 8, 'uint16': 16, 'uint32': 32}


def field_report(
    watch: FieldWatch,
    publishers: tuple[Endpoint, ...],
    requested: Quality,
    now_s: float,
    ages: ControlAges | None,
) -> FieldReport:
    """Return the report about a field at a time of `time.monotonic`."""
    field = watch.field
    low, high = (None if math.isinf(bound) else bound for bound in field.limits)
    return FieldReport(
        row=watch.row,
        type=field.type,
        unit=field.unit,
        publishers=publishers,
        requested=requested,
        messages=watch.count,
        rate_hz=None if field.once else watch.rate_hz,
        age_s=now_s - watch.received_s[-1] if watch.received_s else None,
        ages=ages,
        raw_names=raw_names(watch),
        raw=None if watch.raw is None else watch.raw.tolist(),
        names=field.element_names,
        values=None if watch.values is None else watch.values.tolist(),
        bounds=(low, high),
        task_only=field.task_only,
        image=ImageReport(*field.image.shape, watch.pixels) if field.image else None,
    )


def type_bounds(description: RobotDescription) -> dict[str, Bounds]:
    """Return between which numbers each field of whole numbers lies by its message type."""
    found = {}
    for field in description.observation:
        framed = framed_path(field.type, field.field)
        kinds = {leaf.kind for _, leaf in leaves(framed.kind, framed.path)}
        if kinds == {'boolean'}:
            found[field.name] = (0.0, 1.0)
        elif len(kinds) == 1 and (kind := kinds.pop()) in _BITS:
            highest = 2.0 ** _BITS[kind]
            found[field.name] = (0.0 if kind[0] == 'u' else -highest, highest - 1.0)
    return found


def end_stops(descriptions: RobotDescriptions) -> dict[str, Bounds]:
    """Return joint to its range in the URDF, if the robot publishes one that can be used."""
    try:
        text, _ = descriptions.chosen()
        urdf = read_urdf(text or '')
    except ConfigurationError:  # none, or one of several robots
        return {}
    return {joint.name: joint.position for joint in urdf.joints if joint.position is not None}

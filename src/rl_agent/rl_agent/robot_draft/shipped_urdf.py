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

"""Where a shipped description does not fit the URDF: models of a maker may differ in nothing else.

A UR10e has the topics and the joints of a UR5e, but other limits.
"""

from collections.abc import Iterator

from rl_agent.description.field_types import per_joint
from rl_agent.description.robot import RobotDescription
from rl_agent.errors import ConfigurationError
from rl_agent.robot_draft.draft_entry import shown
from rl_agent.robot_model.urdf import read_urdf, Urdf, UrdfJoint

_POSITIONS = ('rad', 'm')  # units of commands that are positions


def urdf_of(text: str | None) -> Urdf | None:
    """Return a URDF; None: there is none, or none that can be used."""
    try:
        return read_urdf(text) if text else None
    except ConfigurationError:
        return None


def urdf_differences(description: RobotDescription, urdf: Urdf) -> Iterator[str]:
    """Yield what the URDF says of the commanded joints that is not as described.

    Args:
        description: with the names of one robot.
        urdf: of the robot that was heard.
    """
    slews = description.safety.slew_per_s
    place = 0
    for action in description.command.actions:
        count = len(action.names)
        part = slice(place, place + count)
        place += count
        if not action.joints or action.unit not in _POSITIONS:
            continue
        all_slews = per_joint(slews, [0.0] * len(description.command.names))
        defaults = action.default or [None] * count
        for name, default, slew in zip(action.joints, defaults, all_slews[part], strict=True):
            joint = urdf.joint(name)
            if joint is None:
                yield f'URDF: no joint {shown(name)} that moves'
            else:
                yield from _beyond(joint, default, slew)


def _beyond(joint: UrdfJoint, default: float | None, slew: float) -> Iterator[str]:
    """Yield which described numbers are beyond the limits of a joint."""
    name = shown(joint.name)
    if default is not None and joint.position is not None:
        low, high = joint.position
        if not low <= default <= high:
            yield f'URDF: {name} moves from {low:g} to {high:g}; described default {default:g}'
    if joint.velocity is not None and slew > joint.velocity:
        yield f'URDF: {name} reaches {joint.velocity:g} per s; described slew_per_s {slew:g}'

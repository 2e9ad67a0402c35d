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

"""Numbers that a message itself declares unknown, such as an orientation that no sensor measures.

A driver without orientation sends 0, 0, 0, 1, which looks like standing upright.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from rl_agent.description.field_types import expand_path
from rl_agent.message_fields.ros_field_paths import make_getter, parse_path, resolve

_IMU, _FIX = 'sensor_msgs/msg/Imu', 'sensor_msgs/msg/NavSatFix'
# message type and field: path beside the field, which is -1 where the field is unknown
_MARKS = {
    **{
        (_IMU, name): f'{name}_covariance[0]'
        for name in ('orientation', 'angular_velocity', 'linear_acceleration')
    },
    **{(_FIX, name): 'status.status' for name in ('latitude', 'longitude', 'altitude')},
}
_UNKNOWN = -1.0


class UnknownMark(NamedTuple):
    """A number that says whether a field is unknown.

    Attributes:
        field: path of the field.
        path: path of the number.
        get: returns the number in a message.
    """

    field: str
    path: str
    get: Callable[[Any], float]

    def is_set(self, message: Any) -> bool:
        """Return whether the field is unknown in a message."""
        return self.get(message) == _UNKNOWN


def unknown_marks(type_name: str, path: str) -> list[UnknownMark]:
    """Return what tells whether the numbers at a path are unknown; empty where nothing does.

    Raises:
        ConfigurationError: the message type is not installed, or has no such path.
    """
    found = []
    for single in expand_path(path):
        parts = single.split('.')
        for number, step in enumerate(parse_path(single)):
            above = '.'.join(parts[:number])
            mark = _MARKS.get((resolve(type_name, above).kind, step.name))
            if mark is not None:
                mark, field = (f'{above}.{name}'.lstrip('.') for name in (mark, step.name))
                found.append(UnknownMark(field, mark, make_getter(mark)))
    return found

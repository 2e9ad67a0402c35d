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

"""ROS parameters as fields of plain dataclasses, which also define the launch arguments.

Plain dataclasses, because the Python of `ros2 launch` may lack pydantic. In the nodes, pydantic
takes description and bounds from the metadata of the fields and checks the values.
"""

from dataclasses import field
from typing import Any, TypeVar

T = TypeVar('T')


def parameter(
    default: T,
    description: str,
    *,
    live: bool = False,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
) -> T:
    """Return a dataclass field for a ROS parameter.

    Args:
        default: the default value.
        description: for `ros2 param describe`, `--show-args` and docs/parameters.md.
        live: it may change while the node runs; other parameters are read-only.
        ge: smallest value.
        gt: the value must be greater than this.
        le: largest value.
    """
    given = {'ge': ge, 'gt': gt, 'le': le}
    bounds = {name: bound for name, bound in given.items() if bound is not None}
    metadata: dict[str, Any] = {'description': description, 'live': live, **bounds}
    return field(default=default, metadata=metadata)


def robot_parameter() -> str:
    """Return the field `robot`."""
    return parameter('', 'name of a robot description, or the path of its YAML file')


def autostart_parameter() -> bool:
    """Return the field `autostart`."""
    return parameter(True, 'go to `active` without waiting for a lifecycle manager')

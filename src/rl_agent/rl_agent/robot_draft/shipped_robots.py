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

"""The shipped descriptions of robots that speak as the one that was heard."""

from collections.abc import Iterable

from rl_agent.configuration import config_folder
from rl_agent.description.robot import load_robot
from rl_agent.errors import ConfigurationError

# Packages whose messages robots of many makers have.
_COMMON = frozenset(
    {
        'ackermann_msgs',
        'control_msgs',
        'geometry_msgs',
        'nav_msgs',
        'sensor_msgs',
        'std_msgs',
        'tf2_msgs',
        'trajectory_msgs',
    }
)


def described_already(heard: Iterable[str]) -> list[str]:
    """Return the names of the shipped descriptions with messages that only their maker has.

    Args:
        heard: message types of the robot's topics.
    """
    own = {kind for kind in heard if kind.partition('/')[0] not in _COMMON}
    return [
        path.stem
        for path in sorted((config_folder() / 'robots').glob('*.yaml'))
        if own & _types_of(str(path))
    ]


def _types_of(path: str) -> set[str]:
    """Return the message types of a description; none if it cannot be read."""
    try:
        return load_robot(path).message_types
    except ConfigurationError:  # of a workspace that was changed
        return set()

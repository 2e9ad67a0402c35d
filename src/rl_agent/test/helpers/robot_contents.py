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

"""A robot description as read from YAML, for tests that change it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

Content = dict[str, Any]

# two joints, fields with different transforms, one field without bounds
ARM: Content = {
    'name': 'arm',
    'rate_hz': 50,
    'episode_steps': 100,
    'observation': [
        {
            'name': name,
            'topic': 'joint_states',
            'type': 'sensor_msgs/msg/JointState',
            'field': field,
            'joints': ['shoulder'],
            **more,
        }
        for name, field, more in (
            ('cos_angle', 'position', {'transform': 'cos'}),
            ('sin_angle', 'position', {'transform': 'sin'}),
            ('velocity', 'velocity', {'unit': 'rad/s', 'bounds': [-8, 8]}),
        )
    ]
    + [
        {
            'name': 'effort',
            'topic': 'joint_states',
            'type': 'sensor_msgs/msg/JointState',
            'field': 'effort',
            'joints': ['shoulder', 'elbow'],
            'unit': 'N m',
        }
    ],
    'action': {
        'topic': 'commands',
        'type': 'std_msgs/msg/Float64MultiArray',
        'joints': ['shoulder', 'elbow'],
        'unit': 'N m',
        'low': [-2, 0],
        'high': [2, 10],
    },
    'task': {'name': 'swing_up'},
    'reset': {'service': 'reset'},
}

SCAN: Content = {
    'name': 'scan',
    'topic': 'scan',
    'type': 'sensor_msgs/msg/LaserScan',
    'field': 'ranges',
}


def change(*path: str | int, value: Any) -> Callable[[Content], None]:
    """Return a function that sets one value in a description."""

    def apply(content: Content) -> None:
        place: Any = content
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return apply


def remove(key: str) -> Callable[[Content], None]:
    """Return a function that removes one key of a description."""

    def apply(content: Content) -> None:
        del content[key]

    return apply


def write(folder: Path, content: Content) -> str:
    path = folder / 'arm.yaml'
    path.write_text(yaml.safe_dump(content), encoding='utf-8')
    return str(path)

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

"""The placeholder `{prefix}` in names of joints and frames, which differ from robot to robot.

It is filled before anything else reads the description. Without a prefix it is empty, which gives
names that a whole fleet shares: the policy, the fingerprint and the learner know these only.
"""

from collections.abc import Callable, Mapping
import re
from typing import Any

from rl_agent.errors import ConfigurationError

PLACEHOLDER = '{prefix}'
_PREFIX = re.compile(r'[A-Za-z0-9_/.-]{0,100}')


def fill_prefix(content: Mapping[str, Any], prefix: str, source: str) -> dict[str, Any]:
    """Return the content of a description with the placeholder filled.

    Args:
        content: of the YAML file, not checked yet.
        prefix: of one robot; empty for what is common to all.
        source: file that the content comes from, for errors.

    Raises:
        ConfigurationError: the prefix is no part of a name, the description has no placeholder for
            it, or another one.
    """
    if not _PREFIX.fullmatch(prefix):
        raise ConfigurationError(
            f'prefix: given {prefix!r}; accepted: up to 100 letters, digits and _ / . -'
        )
    found = False

    def fill(text: Any, where: str) -> Any:
        nonlocal found
        if not isinstance(text, str):
            return text
        found = found or PLACEHOLDER in text
        filled = text.replace(PLACEHOLDER, prefix)
        if '{' in filled or '}' in filled:
            raise ConfigurationError(
                f'{source}: {where}: given {text!r}; accepted: {PLACEHOLDER} as the only'
                ' placeholder'
            )
        return filled

    filled = dict(content)
    observation, action = content.get('observation'), content.get('action')
    teleop = content.get('teleop')
    if isinstance(observation, list):
        filled['observation'] = [
            _fill_names(item, f'observation.{number}', fill)
            for number, item in enumerate(observation)
        ]
    if isinstance(action, dict):
        filled['action'] = _fill_names(action, 'action', fill)
    if isinstance(teleop, dict) and isinstance(teleop.get('axes'), dict):
        filled['teleop'] = {**teleop, 'axes': _fill_axes(teleop['axes'], fill)}
    if prefix and not found:
        raise ConfigurationError(
            f'prefix: given {prefix!r}; accepted: none, as no joint and no frame in {source} has'
            f' {PLACEHOLDER}'
        )
    return filled


def _fill_names(section: Any, where: str, fill: Callable[[Any, str], Any]) -> Any:
    """Return a section with the names of its joints and frames filled; anything else as it is."""
    if not isinstance(section, dict):
        return section
    filled = dict(section)
    for key in ('frame', 'child_frame'):
        if key in section:
            filled[key] = fill(section[key], f'{where}.{key}')
    joints, constants = section.get('joints'), section.get('constants')
    if isinstance(joints, list):
        filled['joints'] = [
            fill(joint, f'{where}.joints.{number}') for number, joint in enumerate(joints)
        ]
    if isinstance(constants, dict):
        filled['constants'] = {
            key: fill(value, f'{where}.constants.{key}') for key, value in constants.items()
        }
    return filled


def _fill_axes(axes: Any, fill: Callable[[Any, str], Any]) -> Any:
    """Return the axes of a hand with the names of their joints filled."""
    filled = {}
    for name, item in axes.items():
        if isinstance(item, dict) and 'joint' in item:
            item = {**item, 'joint': fill(item['joint'], f'teleop.axes.{name}.joint')}
        filled[fill(name, f'teleop.axes.{name}')] = item
    return filled

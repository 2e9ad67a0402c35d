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

"""The mistakes in an action that its message type alone shows."""

import math

import numpy as np
from rl_agent.description.action import SentDescription
from rl_agent.description.field_types import expand_path
from rl_agent.errors import ConfigurationError
from rl_agent.message_fields.ros_command_hook import find_hook
from rl_agent.message_fields.ros_constants import constant_mistakes
from rl_agent.message_fields.ros_field_paths import (
    FieldType,
    has_header,
    leaves,
    names_list,
    resolve,
    TYPECODES,
)
from rl_agent.ros.ros_messages import import_message


def static_mistakes(action: SentDescription) -> list[str]:
    """Return the action's mistakes that its message type alone shows, one text each."""
    try:
        import_message(action.type)
    except ConfigurationError as error:
        return [f'type: {error}']
    mistakes = _path_mistakes(action)
    if action.frame and not mistakes and not has_header(action.type):
        mistakes.append(f'frame: given {action.frame!r}; accepted: none, there is no header')
    mistakes += constant_mistakes(action.type, action.constants, _taken(action))
    if action.finish is not None:
        try:
            find_hook(action.finish)
        except ConfigurationError as error:
            mistakes.append(f'finish: {error}')
    return mistakes


def _taken(action: SentDescription) -> dict[str, str]:
    """Return what is filled without constants: path to what fills it, in words."""
    taken = {single: 'the command' for path in action.paths for single in expand_path(path)}
    names = names_list(action.type)
    if action.joints and names:
        taken[names] = 'filled with the joints'
    if action.frame:
        taken['header.frame_id'] = 'filled with the frame'
    return taken


def _path_mistakes(action: SentDescription) -> list[str]:
    """Return the mistakes in the paths of the numbers, and in their bounds."""
    mistakes = []
    paths = {f'fields.{number}': path for number, path in enumerate(action.fields or ())}
    if action.list_path:
        paths = {'field': action.list_path}
    for number, (key, path) in enumerate(paths.items()):
        try:
            place = _place(action.type, path)
        except ConfigurationError as error:
            mistakes.append(f'{key}: {error}')
            continue
        if not place.is_number or place.is_list != bool(action.joints):
            wanted = 'a list of numbers' if action.joints else 'one number'
            mistakes.append(f'{key}: given {path!r} ({place.kind}); accepted: {wanted}')
        elif action.joints and place.size not in (None, len(action.joints)):
            mistakes.append(f'joints: given {len(action.joints)}; accepted: {place.size}')
        else:
            which = slice(None) if action.joints else slice(number, number + 1)
            mistakes += _bounds_beyond_type(action, which, place.kind)
    return mistakes


def _place(type_name: str, path: str) -> FieldType:
    """Return the type at a path; a slice of numbers is a list of them.

    Raises:
        ConfigurationError: there is no such path, or its slice does not lead to numbers.
    """
    if ':' not in path:
        return resolve(type_name, path)
    found = leaves(type_name, path)
    kinds = {field for _, field in found}
    if len(kinds) == 1 and not found[0][1].is_list:
        return FieldType(found[0][1].kind, is_list=True, size=len(found))
    return FieldType(', '.join(path for path, _ in found[:3]))


def _bounds_beyond_type(action: SentDescription, which: slice, kind: str) -> list[str]:
    """Return the bounds that the number type cannot hold, one text each."""
    code = TYPECODES[kind]
    if not code or code in 'fd':
        return []
    lowest, highest = np.iinfo(code).min, np.iinfo(code).max
    rows = zip(action.low[which], action.high[which], strict=True)
    mistakes = [
        f'low, high: given {low:g}, {high:g}; accepted: with a whole number in between, as {kind}'
        for low, high in rows
        if math.ceil(low) > math.floor(high)
    ]
    return mistakes + [
        f'{key}: given {bound:g}; accepted: {lowest} to {highest}, as {kind}'
        for key, bounds in (('low', action.low), ('high', action.high))
        for bound in bounds[which]
        if not lowest <= bound <= highest
    ]

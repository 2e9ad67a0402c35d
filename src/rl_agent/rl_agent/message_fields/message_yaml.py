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

"""A message as plain values and as YAML, as `ros2 topic pub` takes it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import yaml

_WIDTH = 99  # characters of a line


def message_values(message: Any) -> dict[str, Any]:
    """Return the fields that differ from those of a new message, as plain values.

    Messages in a list all show the same fields: those in which one of them differs. What is left
    out has the default of the message type, mostly 0 or empty, when the values are written into a
    new message.
    """
    return _without_defaults([message])[0]


def message_yaml(values: Mapping[str, Any]) -> str:
    """Return values of `message_values` as YAML, `{}` if there are none."""
    text: str = yaml.safe_dump(
        dict(values),
        default_flow_style=None,  # lists and messages of numbers in one line
        sort_keys=False,
        allow_unicode=True,
        width=_WIDTH,
    )
    return text.rstrip('\n')


def _without_defaults(messages: Sequence[Any]) -> list[dict[str, Any]]:
    """Return messages of one type as values, without the fields that none of them changes."""
    new = type(messages[0])()
    found: list[dict[str, Any]] = [{} for _ in messages]
    for name, kind in new.get_fields_and_field_types().items():
        values = [getattr(message, name) for message in messages]
        default = getattr(new, name)
        if all(_is_equal(value, default) for value in values):
            continue
        for place, value in zip(found, _plain(values, kind), strict=True):
            place[name] = value
    return found


def _plain(values: Sequence[Any], kind: str) -> list[Any]:
    """Return the values of one field in several messages as plain values."""
    if hasattr(values[0], 'get_fields_and_field_types'):
        return list(_without_defaults(values))
    is_float32 = kind.startswith(('float', 'sequence<float'))
    return [_plain_value(value, is_float32=is_float32) for value in values]


def _plain_value(value: Any, *, is_float32: bool) -> Any:
    """Return the value of a primitive field or of a list."""
    if isinstance(value, str | bytes | bool) or not hasattr(value, '__len__'):
        if is_float32:  # in as many digits as a float32 has
            return float(str(np.float32(value)))
        return value
    items = value.tolist() if hasattr(value, 'tolist') else list(value)
    if items and hasattr(items[0], 'get_fields_and_field_types'):
        return _without_defaults(items)
    return [_plain_value(item, is_float32=is_float32) for item in items]


def _is_equal(value: Any, default: Any) -> bool:
    """Return whether a field has its default."""
    if isinstance(default, np.ndarray):
        return bool(np.array_equal(value, default))
    return bool(value == default)

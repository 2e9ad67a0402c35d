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

"""Helpers for messages: types, stamps and arrays. rclpy copies `array.array` fast."""

from array import array
import importlib
from typing import Any

from builtin_interfaces.msg import Time
import numpy as np
from rl_agent.configuration import hint
from rl_agent.errors import ConfigurationError

_NANOSECONDS = 1_000_000_000


def import_message(type_name: str) -> type[Any]:
    """Return the class of a message type, `package/msg/Name`.

    Raises:
        ConfigurationError: the package is not installed or has no such message.
    """
    package, _, name = type_name.split('/')
    try:
        module = importlib.import_module(f'{package}.msg')
    except ImportError as error:
        raise ConfigurationError(
            f'given {type_name!r}; accepted: the type of an installed message ({error})'
        ) from error
    if not hasattr(module, name):
        names = [item for item in vars(module) if item[0].isupper()]
        raise ConfigurationError(
            f'given {type_name!r}{hint(name, names)}; accepted: a message of {package}'
        )
    message: type[Any] = getattr(module, name)
    return message


def stamp_to_ns(stamp: Time) -> int:
    """Return a ROS stamp in nanoseconds."""
    return int(stamp.sec) * _NANOSECONDS + int(stamp.nanosec)


def ns_to_stamp(nanoseconds: int) -> Time:
    """Return nanoseconds as a ROS stamp."""
    return Time(sec=nanoseconds // _NANOSECONDS, nanosec=nanoseconds % _NANOSECONDS)


def float_array(values: Any) -> 'array[float]':
    """Return numbers as an array that a float32[] field accepts without conversion."""
    return array('f', np.ascontiguousarray(values, np.float32).tobytes())

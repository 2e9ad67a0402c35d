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

"""A function of the user's that completes each command before it is sent, for a checksum."""

from collections.abc import Callable, Sequence
from typing import Any

from rclpy.serialization import deserialize_message, serialize_message
from rl_agent.errors import ConfigurationError, RobotError
from rl_agent.message_fields.ros_field_paths import leaves, make_getter
from rl_agent.plugins import import_attribute
from rl_agent.ros.ros_messages import import_message


def find_hook(name: str) -> Callable[[Any], Any]:
    """Return the function with a name, `module:function`.

    Raises:
        ConfigurationError: it cannot be imported, or is no function.
    """
    try:
        found = import_attribute(name)
    except Exception as error:  # importing the module runs any code of the user's
        raise ConfigurationError(
            f'given {name!r}: {type(error).__name__}: {error}; accepted: module:function of a'
            ' module that can be imported here'
        ) from error
    if not callable(found):
        raise ConfigurationError(f'given {name!r}: not a function; accepted: module:function')
    function: Callable[[Any], Any] = found
    return function


class CommandHook:
    """Calls a function with complete messages; any thread may call it.

    Each message is a new one, so that nothing of one command is left in the next.
    """

    def __init__(self, name: str, type_name: str, paths: Sequence[str]) -> None:
        """Import the function.

        Args:
            name: `module:function`.
            type_name: message type, `package/msg/Name`.
            paths: paths of the command's numbers, which the function must not change.

        Raises:
            ConfigurationError: there is no such function.
        """
        self._name, self._function = name, find_hook(name)
        self._kind = import_message(type_name)
        found = [leaf for path in paths for leaf, _ in leaves(type_name, path)]
        self._getters = [make_getter(path) for path in found]

    def __call__(self, data: bytes) -> bytes:
        """Return a serialised message as the function completes it.

        Raises:
            RobotError: the function fails, changes the command or returns another message.
        """
        message = deserialize_message(data, self._kind)
        before = self._numbers(message)
        try:
            answer = self._function(message)
            finished = serialize_message(message)
        except Exception as error:  # the function is the user's, and so is what it may raise
            raise self._error(f'{type(error).__name__}: {error}') from error
        if answer is not None and answer is not message:
            raise self._error(f'returned {type(answer).__name__}')
        if self._numbers(message) != before:
            raise self._error('changed the numbers of the command')
        return bytes(finished)

    def try_out(self, data: bytes) -> None:
        """Call the function with a message that is not sent.

        Raises:
            ConfigurationError: it fails.
        """
        try:
            self(data)
        except RobotError as error:
            raise ConfigurationError(str(error)) from error

    def _numbers(self, message: Any) -> list[Any]:
        """Return the numbers of the command."""
        values = [get(message) for get in self._getters]
        return [list(value) if hasattr(value, '__len__') else value for value in values]

    def _error(self, given: str) -> RobotError:
        """Return an error about the function."""
        return RobotError(
            f'action.finish: {self._name}: {given}; accepted: a function that completes the'
            ' message it gets, beside the numbers of the command'
        )

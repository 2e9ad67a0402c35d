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

"""Finds classes by the names in configuration files, without a list of them."""

import importlib
import pkgutil
from typing import Any

from rl_agent.configuration import hint
from rl_agent.errors import ConfigurationError


def find_class(package: str, name: str, exclude: tuple[str, ...] = ()) -> type[Any]:
    """Return the class with a name.

    `swing_up` is the class `SwingUp` in the module `swing_up` of the package; `module:Class` is a
    class in any module, for example `my_robots.tasks:StackBricks`.

    Args:
        package: where classes without a module are.
        name: `swing_up` or `module:Class`.
        exclude: modules of the package that define no such class.

    Raises:
        ConfigurationError: there is no such class; the text lists the names.
    """
    names = names_in(package, exclude)
    module_name, _, class_name = name.partition(':')
    if not class_name:
        if name not in names:
            raise ConfigurationError(
                f'given {name!r}{hint(name, names)}; accepted: {", ".join(names)}, or'
                ' module:Class of your own'
            )
        module_name = f'{package}.{name}'
        class_name = ''.join(word.capitalize() for word in name.split('_'))
    try:
        found: type[Any] = import_attribute(f'{module_name}:{class_name}')
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(
            f'given {name!r}: {error}; accepted: {", ".join(names)}, or module:Class of a module'
            ' that can be imported here'
        ) from error
    return found


def import_attribute(name: str) -> Any:
    """Return what has a name, `module:name`; importing raises what the module raises."""
    module, _, attribute = name.partition(':')
    return getattr(importlib.import_module(module), attribute)


def names_in(package: str, exclude: tuple[str, ...] = ()) -> list[str]:
    """Return the names of the modules in a package."""
    path = importlib.import_module(package).__path__
    return sorted(item.name for item in pkgutil.iter_modules(path) if item.name not in exclude)

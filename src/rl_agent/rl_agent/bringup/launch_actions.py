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

"""Actions of `launch_ros` made from node specifications; for launch files only.

`launch` comes with a ROS installation and is not on PyPI. It is imported only inside functions, so
that this module can be imported and tested anywhere.
"""

from collections.abc import Sequence
import os
import sys
from typing import Any

from rl_agent.bringup.interpreters import Interpreter
from rl_agent.bringup.launch_arguments import (
    check_files,
    is_started_by,
    LaunchArgument,
    refuse_unknown,
)
from rl_agent.bringup.launch_group import Group, Starter
from rl_agent.bringup.node_specs import NodeSpec, ParameterValue


def declare(arguments: Sequence[LaunchArgument]) -> list[Any]:
    """Return the actions that declare the arguments of a launch file."""
    from launch.actions import DeclareLaunchArgument

    return [
        DeclareLaunchArgument(
            item.name,
            description=item.description,
            default_value=item.default_text,
            choices=list(item.choices) or None,
        )
        for item in arguments
    ]


def values(arguments: Sequence[LaunchArgument], context: Any) -> dict[str, Any]:
    """Return the value of each argument.

    Args:
        arguments: all arguments of the launch file.
        context: of the launch.

    Raises:
        ConfigurationError: a value has the wrong type, an argument is unknown, or there is no
            robot, algorithm or file of a given name.
    """
    file = context.get_locals_as_dict().get('current_launch_file_path')
    # a launch file that includes this one may have other arguments
    if file and is_started_by(sys.argv, file):
        refuse_unknown(arguments, context.argv)
    typed = context.launch_configurations
    given = {item.name: item.value(typed[item.name]) for item in arguments}
    check_files(given)
    return given


def parameters(
    arguments: Sequence[LaunchArgument], given: dict[str, Any]
) -> dict[str, ParameterValue]:
    """Return the values of some of the arguments, as parameters of a node.

    With a `params_file`, only those that differ from their defaults: the others are the file's.
    """
    in_file = bool(given.get('params_file'))
    return {
        item.name: given[item.name]
        for item in arguments
        if not (in_file and given[item.name] == item.default)
    }


def environment_of(context: Any) -> dict[str, str]:
    """Return the environment variables of the processes that this launch file starts."""
    return dict(getattr(context, 'environment', os.environ))


def start(specs: Sequence[NodeSpec], interpreter: Interpreter, group: Group) -> list[Any]:
    """Return the actions that start nodes.

    Args:
        specs: the nodes.
        interpreter: runs them.
        group: of the launch file.
    """
    return [
        Starter(
            spec,
            interpreter,
            group,
            # a restarted robot would not continue where it was, so a person restarts it all
            0 if spec.executable == 'simulated_robot' else group.restarts,
        ).action()
        for spec in specs
    ]

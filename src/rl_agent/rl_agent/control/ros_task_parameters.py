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

"""The parameters of the task as ROS parameters, which may change while the robot learns."""

import dataclasses

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.errors import ConfigurationError

_PREFIX = 'task.'


class TaskParameters:
    """Parameters such as `task.target_velocity`; a value that the task refuses changes nothing."""

    def __init__(self, node: Node, env: RobotEnv) -> None:
        """Declare a parameter for each number of the task."""
        self._node, self._env = node, env
        values = {
            item.name: getattr(env.task, item.name)
            for item in dataclasses.fields(env.task)  # type: ignore[arg-type]
        }
        self._names = [name for name, value in values.items() if isinstance(value, float)]
        for name in self._names:
            # dynamic typing, so that `1` is accepted for a float
            descriptor = ParameterDescriptor(
                description=f'{name} of the task; applies from the next step on',
                dynamic_typing=True,
            )
            node.declare_parameter(_PREFIX + name, values[name], descriptor)
        node.add_on_set_parameters_callback(self._on_set)

    def close(self) -> None:
        """Undeclare the parameters."""
        self._node.remove_on_set_parameters_callback(self._on_set)
        for name in self._names:
            self._node.undeclare_parameter(_PREFIX + name)

    def _on_set(self, parameters: list[Parameter]) -> SetParametersResult:
        """Change the task, unless it refuses the values."""
        changes = {
            item.name.removeprefix(_PREFIX): item.value
            for item in parameters
            if item.name.startswith(_PREFIX)
        }
        try:
            for name, value in changes.items():
                if isinstance(value, bool) or not isinstance(value, int | float):
                    raise ConfigurationError(f'{name}: given {value!r}; accepted: a number')
            if changes:
                self._env.change_task({name: float(value) for name, value in changes.items()})
        except ConfigurationError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

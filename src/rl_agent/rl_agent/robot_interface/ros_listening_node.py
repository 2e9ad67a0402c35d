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

"""The node of a tool that only listens."""

import rclpy
from rclpy.context import Context
from rclpy.exceptions import InvalidNamespaceException
from rclpy.node import Node
from rclpy.validate_namespace import validate_namespace
from rl_agent.errors import ConfigurationError
from rl_agent.ros.ros_node_main import ros_init_error


def listening_node(name: str, context: Context, namespace: str, ros_args: list[str]) -> Node:
    """Initialise a context and return a node in it.

    Raises:
        ConfigurationError: ROS refuses the arguments or the namespace.
    """
    try:
        validate_namespace(f'/{namespace}')
    except InvalidNamespaceException as error:
        message = str(error).partition(':\n')[0]
        raise ConfigurationError(
            f'--namespace: given {namespace!r}; accepted: a name such as robot_1 ({message})'
        ) from error
    try:
        rclpy.init(args=ros_args, context=context)
    except Exception as error:  # rclpy's C extension raises types of its own
        what, reason = ros_init_error(error)
        raise ConfigurationError(f'{what}: {reason}') from error
    return Node(name, context=context, namespace=namespace)

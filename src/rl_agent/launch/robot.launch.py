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

"""The agent of one robot: `ros2 launch rl_agent robot.launch.py robot:=NAME`."""

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import OpaqueFunction
from rl_agent.bringup.interpreters import robot_interpreter
from rl_agent.bringup.launch_actions import declare, environment_of, parameters, start, values
from rl_agent.bringup.launch_arguments import AGENT, ROBOT_LAUNCH
from rl_agent.bringup.launch_group import Group
from rl_agent.bringup.node_specs import agent


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, and the action that starts the nodes."""
    return LaunchDescription([*declare(ROBOT_LAUNCH), OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Return the agent."""
    given = values(ROBOT_LAUNCH, context)
    spec = agent(given['robot'], given['namespace'].strip('/'), **parameters(AGENT, given))
    python = robot_interpreter(given['python'], environment_of(context))
    return start([spec], python, Group.of(context, given))

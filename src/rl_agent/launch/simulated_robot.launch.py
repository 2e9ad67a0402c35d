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

"""A simulated robot in real time: `ros2 launch rl_agent simulated_robot.launch.py robot:=NAME`.

It has the topics of the real robot, for `robot.launch.py` and any other node.
"""

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import OpaqueFunction
from rl_agent.bringup.interpreters import robot_interpreter
from rl_agent.bringup.launch_actions import declare, environment_of, start, values
from rl_agent.bringup.launch_arguments import SIMULATED_ROBOT_LAUNCH
from rl_agent.bringup.launch_group import Group
from rl_agent.bringup.node_specs import simulated_robot


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, and the action that starts the node."""
    return LaunchDescription([*declare(SIMULATED_ROBOT_LAUNCH), OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Return the simulated robot."""
    given = values(SIMULATED_ROBOT_LAUNCH, context)
    spec = simulated_robot(
        given['robot'],
        given['namespace'].strip('/'),
        real_time=given['real_time'],
        seed=given['seed'],
    )
    python = robot_interpreter(given['python'], environment_of(context))
    return start([spec], python, Group.of(context, {**given, 'restarts': 0}))

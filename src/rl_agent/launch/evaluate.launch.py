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

"""Evaluates a policy: `ros2 launch rl_agent evaluate.launch.py robot:=NAME policy:=FILE`.

The launch ends with the last episode. `rl_evaluate` also draws pictures and gives intervals.
"""

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import OpaqueFunction
from rl_agent.bringup.interpreters import robot_interpreter
from rl_agent.bringup.launch_actions import declare, environment_of, parameters, start, values
from rl_agent.bringup.launch_arguments import EVALUATION_AGENT, EVALUATION_LAUNCH
from rl_agent.bringup.launch_group import Group
from rl_agent.bringup.node_specs import evaluation_nodes
from rl_agent.errors import ConfigurationError


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, and the action that starts the nodes."""
    return LaunchDescription([*declare(EVALUATION_LAUNCH), OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Return the agent, after the simulated robot if one is wanted."""
    given = values(EVALUATION_LAUNCH, context)
    if given['max_episodes'] < 1:
        raise ConfigurationError(
            f'max_episodes: given {given["max_episodes"]}; accepted: at least 1'
        )
    specs = evaluation_nodes(
        given['robot'],
        given['namespace'].strip('/'),
        simulated=given['simulated'],
        seed=given['seed'],
        **parameters(EVALUATION_AGENT, given),
    )
    # an evaluation that was interrupted has no result, so nothing is restarted
    python = robot_interpreter(given['python'], environment_of(context))
    return start(specs, python, Group.of(context, {**given, 'restarts': 0}))

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

"""A person drives episodes: `ros2 launch rl_agent demonstrate.launch.py robot:=NAME`.

With `run_folder:=RUN` they are stored on this machine, else by the same launch file on the learner
machine, with `agent:=false run_folder:=RUN`. A learner with that run folder learns from them.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import OpaqueFunction
from rl_agent.bringup.interpreters import robot_interpreter
from rl_agent.bringup.launch_actions import declare, environment_of, parameters, start, values
from rl_agent.bringup.launch_arguments import DEMONSTRATION_AGENT, DEMONSTRATION_LAUNCH
from rl_agent.bringup.launch_group import Group
from rl_agent.bringup.node_specs import demonstration_agent, demonstration_bridge
from rl_agent.errors import ConfigurationError


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, and the action that starts the nodes."""
    return LaunchDescription([*declare(DEMONSTRATION_LAUNCH), OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Return the agent, and the bridge if this machine stores."""
    given = values(DEMONSTRATION_LAUNCH, context)
    environment = environment_of(context)
    # an agent that was interrupted would begin to count its episodes again
    group = Group.of(context, {**given, 'restarts': 0})
    actions: list[LaunchDescriptionEntity] = []
    if given['run_folder']:
        bridge = demonstration_bridge(
            given['robot'],
            str(Path(given['run_folder']).expanduser().absolute()),
            fleet_key=given['fleet_key'],
        )
        actions += start([bridge], _learner_python(given, environment), group)
    elif not given['agent']:
        raise ConfigurationError('run_folder: missing; accepted: a folder, with agent:=false')
    if given['agent']:
        spec = demonstration_agent(
            given['robot'],
            given['namespace'].strip('/'),
            **parameters(DEMONSTRATION_AGENT, given),
        )
        actions += start([spec], robot_interpreter(given['python'], environment), group)
    return actions


def _learner_python(given: dict[str, Any], environment: dict[str, str]) -> str:
    """Return the interpreter of the bridge.

    Raises:
        ConfigurationError: rl_learner is not installed.
    """
    if not find_spec('rl_learner'):
        raise ConfigurationError(
            f'run_folder: given {given["run_folder"]} without rl_learner; accepted: an empty one,'
            ' and this launch file with agent:=false on the learner machine'
        )
    from rl_learner.bringup.interpreters import learner_interpreter

    return learner_interpreter(given['python'], environment, __file__)

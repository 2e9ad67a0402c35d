# Copyright 2026 The rl_learner authors
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

"""Simulated robots, their agents and the learner: `ros2 launch rl_learner simulation.launch.py`.

Nodes and parameters are those of `make demo`, except for `updates_to_data`, which is the
algorithm's own.
"""

from pathlib import Path

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import OpaqueFunction
from rl_agent.bringup.interpreters import robot_interpreter
from rl_agent.bringup.launch_actions import declare, environment_of, parameters, start, values
from rl_agent.bringup.launch_group import Group
from rl_agent.errors import ConfigurationError
from rl_learner.bringup.interpreters import learner_interpreter
from rl_learner.bringup.launch_arguments import BRIDGE, LEARNER, SIMULATION_LAUNCH
from rl_learner.bringup.node_specs import simulation_nodes
from rl_learner.run.folder import refuse_to_resume


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, and the action that starts the nodes."""
    return LaunchDescription([*declare(SIMULATION_LAUNCH), OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Return all nodes, each on a Python that has its modules."""
    given = values(SIMULATION_LAUNCH, context)
    if given['robots'] < 1:
        raise ConfigurationError(f'robots: given {given["robots"]}; accepted: at least 1')
    if not given['resume']:
        refuse_to_resume(Path(given['run_folder']))
    environment = environment_of(context)
    learner_python = learner_interpreter(given['python'], environment, __file__)
    robot_python = robot_interpreter(given['robot_python'], environment)
    specs = simulation_nodes(
        given['robot'],
        given['algorithm'],
        given['replay_port'],
        robots=given['robots'],
        seed=given['seed'],
        max_steps=given['max_steps'],
        end_after_max_steps=True,
        max_steps_ahead=given['max_steps_ahead'],
        trusted_keys=given['trusted_keys'],
        **parameters((*LEARNER, *BRIDGE), given),
    )
    group = Group.of(context, given)
    pythons = {'rl_learner': learner_python, 'rl_agent': robot_python}
    return [
        action
        for package, python in pythons.items()
        for action in start([spec for spec in specs if spec.package == package], python, group)
    ]

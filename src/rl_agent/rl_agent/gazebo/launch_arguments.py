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

"""The arguments of gazebo.launch.py."""

import dataclasses

from rl_agent.bringup.launch_arguments import (
    AGENT,
    ENDS,
    LaunchArgument,
    parameter_arguments,
    PYTHON,
    ROBOT,
)
from rl_agent.bringup.node_specs import ParameterValue, SIMULATION_STARTS_WITHIN_S
from rl_agent.bringup.robot_parameters import GazeboRobotParameters

# Gazebo has its own clock; another simulation must not find this one's spool.
_AGENT_DEFAULTS: dict[str, ParameterValue] = {
    'use_sim_time': True,
    'robot_timeout_s': SIMULATION_STARTS_WITHIN_S,
    'spool_folder': '',
}

GAZEBO_AGENT = tuple(
    dataclasses.replace(item, default=_AGENT_DEFAULTS.get(item.name, item.default))
    for item in AGENT
)

_ROBOT_NODE = {item.name: item for item in parameter_arguments(GazeboRobotParameters)}

WORLD = (
    LaunchArgument('world', 'SDF file; empty: the world of the robot in config/worlds', ''),
    LaunchArgument(
        'model', 'model folder in GZ_SIM_RESOURCE_PATH; empty: the name of the robot', ''
    ),
    LaunchArgument('bridge', 'YAML file of ros_gz_bridge; empty: the file of the robot', ''),
    LaunchArgument('x', 'shift of a model that is added to the world, from its own pose, m', 0.0),
    LaunchArgument('y', 'see x, m', 0.0),
    LaunchArgument('z', 'see x, m', 0.0),
    LaunchArgument('yaw', 'rotation of the added model, rad', 0.0),
    LaunchArgument('headless', 'true: no window', False),
    _ROBOT_NODE['lockstep'],
    LaunchArgument(
        'real_time_factor', 'simulated seconds per second, at most; 0: as fast as possible', 1.0
    ),
    _ROBOT_NODE['settle_s'],
    _ROBOT_NODE['shake_s'],
    dataclasses.replace(_ROBOT_NODE['timeout_s'], default=SIMULATION_STARTS_WITHIN_S),
)

GAZEBO_LAUNCH = (
    dataclasses.replace(ROBOT, default='pendulum'),
    *WORLD,
    *GAZEBO_AGENT,
    LaunchArgument('learner', 'start replay bridge and learner, too', True),
    dataclasses.replace(PYTHON, name='robot_python'),
    *ENDS,
)

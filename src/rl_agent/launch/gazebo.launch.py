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

"""A robot in Gazebo Harmonic, its agent and the learner: `ros2 launch rl_agent gazebo.launch.py`.

It needs ros_gz_sim and ros_gz_bridge of ROS 2 Jazzy. docs/gazebo.md explains it step by step.
"""

from importlib.util import find_spec
import os
from pathlib import Path
import shlex
import tempfile
from typing import Any

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import (
    AppendEnvironmentVariable,
    IncludeLaunchDescription,
    OpaqueFunction,
    Shutdown,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare
from rl_agent.bringup.interpreters import robot_interpreter
from rl_agent.bringup.launch_actions import declare, environment_of, parameters, start, values
from rl_agent.bringup.launch_group import Group
from rl_agent.bringup.node_specs import agent, gazebo_robot
from rl_agent.errors import ConfigurationError
from rl_agent.gazebo.installation import check_gazebo, HARMONIC
from rl_agent.gazebo.launch_arguments import GAZEBO_AGENT, GAZEBO_LAUNCH
from rl_agent.gazebo.model_file import FOLDERS_VARIABLE, model_folders, ModelFile, read_model
from rl_agent.gazebo.world_file import (
    check_sensors,
    read_world,
    world_files,
    WorldFile,
    write_world,
)

CONTROL = 'ros_gz_interfaces/srv/ControlWorld@gz.msgs.WorldControl@gz.msgs.Boolean'


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, and the action that starts the nodes."""
    return LaunchDescription([*declare(_arguments()), OpaqueFunction(function=_start)])


def _arguments() -> list[Any]:
    """Return the arguments, with those of the learner if it is installed."""
    arguments = list(GAZEBO_LAUNCH)
    if find_spec('rl_learner'):
        from rl_learner.bringup.launch_arguments import LEARNER_LAUNCH

        known = {item.name for item in arguments}
        arguments += [item for item in LEARNER_LAUNCH if item.name not in known]
    return arguments


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Return Gazebo, its bridge, and the nodes of this project."""
    given = values(_arguments(), context)
    environment = environment_of(context)
    check_gazebo(environment)
    files = world_files(given, __file__)
    world = read_world(files.world)
    model = read_model(files.model, model_folders(environment, files.models), world.models)
    check_sensors(world, model)
    robot_python = robot_interpreter(given['robot_python'], environment)
    group = Group.of(context, given)
    specs = [
        gazebo_robot(
            given['robot'],
            world.name,
            lockstep=given['lockstep'],
            bridge=str(files.bridge),
            step_s=world.step_s,
            settle_s=given['settle_s'],
            shake_s=given['shake_s'],
            seed=given['seed'],
            timeout_s=given['timeout_s'],
        ),
        agent(given['robot'], '', **parameters(GAZEBO_AGENT, given)),
    ]
    return [
        AppendEnvironmentVariable(FOLDERS_VARIABLE, str(files.models)),
        _gazebo(world, model, given),
        _bridge(world, files.bridge),
        *(_learner(given, environment, group) if given['learner'] else []),
        *start(specs, robot_python, group),
    ]


def _gazebo(world: WorldFile, model: ModelFile, given: dict[str, Any]) -> LaunchDescriptionEntity:
    """Return Gazebo with a copy of the world; in lockstep it starts paused."""
    folder = Path(tempfile.mkdtemp(prefix='rl_gazebo_'))
    pose = model.moved(given['x'], given['y'], given['z'], given['yaw'])
    copy = write_world(
        world, folder / world.path.name, given['real_time_factor'], model.name, pose
    )
    words = [shlex.quote(str(copy))]  # ros_gz_sim passes them to a shell
    words += [] if given['lockstep'] else ['-r']
    words += ['-s', '--headless-rendering'] if given['headless'] else []
    return IncludeLaunchDescription(
        PythonLaunchDescriptionSource(
            [FindPackageShare('ros_gz_sim'), os.sep, 'launch', os.sep, 'gz_sim.launch.py']
        ),
        launch_arguments={
            'gz_args': ' '.join(words),
            'gz_version': str(HARMONIC),
            'on_exit_shutdown': 'true',
        }.items(),
    )


def _bridge(world: WorldFile, file: Path) -> LaunchDescriptionEntity:
    """Return the bridge of topics and of the world-control service."""
    return Node(
        package='ros_gz_bridge',
        executable='parameter_bridge',
        parameters=[{'config_file': str(file)}],
        arguments=[f'/world/{world.name}/control@{CONTROL}'],
        output='screen',
        on_exit=[Shutdown(reason='ros_gz_bridge has ended')],
    )


def _learner(
    given: dict[str, Any], environment: dict[str, str], group: Group
) -> list[LaunchDescriptionEntity]:
    """Return the nodes of learner.launch.py."""
    if not find_spec('rl_learner'):
        raise ConfigurationError(
            'learner: given true, but rl_learner is not installed; accepted: learner:=false, and'
            ' learner.launch.py on the learner machine'
        )
    from rl_learner.bringup.launch_actions import start_learner

    return start_learner(given, environment, __file__, group)

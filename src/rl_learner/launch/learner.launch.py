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

"""Replay bridge, learner and recorder: `ros2 launch rl_learner learner.launch.py robot:=NAME`."""

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import OpaqueFunction
from rl_agent.bringup.launch_actions import declare, environment_of, values
from rl_agent.bringup.launch_group import Group
from rl_learner.bringup.launch_actions import start_learner
from rl_learner.bringup.launch_arguments import LEARNER_LAUNCH


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, and the action that starts the nodes."""
    return LaunchDescription([*declare(LEARNER_LAUNCH), OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Return bridge, learner and recorder, on a Python that has Reverb."""
    given = values(LEARNER_LAUNCH, context)
    group = Group.of(context, given)
    return start_learner(given, environment_of(context), __file__, group)

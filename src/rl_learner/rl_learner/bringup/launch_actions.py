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

"""Actions of `launch_ros` that start the nodes of the learner machine; for launch files only."""

from collections.abc import Mapping
import os
from pathlib import Path
from typing import Any

from rl_agent.bringup.launch_actions import parameters, start
from rl_agent.bringup.launch_group import Group
from rl_learner.bringup.interpreters import learner_interpreter
from rl_learner.bringup.launch_arguments import BRIDGE, LEARNER
from rl_learner.bringup.node_specs import learner_nodes, recorder
from rl_learner.run.folder import refuse_to_resume


def start_learner(
    given: dict[str, Any],
    environment: Mapping[str, str],
    near: str | os.PathLike[str],
    group: Group,
) -> list[Any]:
    """Return the actions that start bridge, learner and recorder, on the Python that has Reverb.

    Args:
        given: values of `LEARNER_LAUNCH`.
        environment: the variables of this process.
        near: a file of the workspace, or of its install folder.
        group: of the launch file.

    Raises:
        ConfigurationError: there is no such Python, or the run folder should not be resumed.
    """
    if not given['resume']:
        refuse_to_resume(Path(given['run_folder']))
    robot, algorithm = given['robot'], given['algorithm']
    others: dict[str, Any] = {**parameters((*LEARNER, *BRIDGE), given)}
    specs = learner_nodes(robot, algorithm, given['replay_port'], seed=given['seed'], **others)
    recording = recorder(robot, algorithm, run_folder=given['run_folder'])
    python = learner_interpreter(given['python'], environment, near)
    return start([*specs, recording], python, group)

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

"""The executables of `ros2 run rl_agent NAME`; each explains what this Python lacks.

By default, `ros2 run` takes the Python of apt, which lacks some of the libraries.
"""

from dataclasses import dataclass
from importlib import import_module
import os
import sys
from typing import Any

from rl_agent.bringup.interpreters import missing, ROBOT_FIX, ROBOT_NEEDS, ROBOT_PYTHON
from rl_agent.bringup.node_process import leave_on_interrupt
from rl_agent.errors import WRONG_CONFIGURATION


@dataclass(frozen=True)
class Command:
    """An executable of this package.

    Attributes:
        module: its `main` is run.
    """

    module: str

    def __call__(self) -> Any:
        """Run it; if a library is missing, print one line that names it and the remedy."""
        if self.module.endswith('_node'):
            leave_on_interrupt()
        try:
            return import_module(self.module).main()
        except ImportError:
            lacks = missing(sys.executable, os.environ, ROBOT_NEEDS)
            if not lacks:
                raise
        print(
            f'error: {sys.executable} lacks {", ".join(lacks)}; what helps: {ROBOT_FIX}, and then'
            f' {ROBOT_PYTHON} -m {self.module}',
            file=sys.stderr,
        )
        return WRONG_CONFIGURATION


agent = Command('rl_agent.nodes.agent_node')
check_robot = Command('rl_agent.robot_check.check_robot')
gazebo_robot = Command('rl_agent.nodes.gazebo_robot_node')
keyboard_hand = Command('rl_agent.nodes.keyboard_hand_node')
scripted_person = Command('rl_agent.nodes.scripted_person_node')
markers = Command('rl_agent.nodes.markers_node')
rl_describe = Command('rl_agent.robot_draft.rl_describe')
rl_health = Command('rl_agent.health.rl_health')
rl_keys = Command('rl_agent.security.rl_keys')
simulated_fleet = Command('rl_agent.nodes.simulated_fleet_node')
simulated_robot = Command('rl_agent.nodes.simulated_robot_node')

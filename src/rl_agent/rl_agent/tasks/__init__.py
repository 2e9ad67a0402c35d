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

"""Rewards and terminations, found by the name in a robot's description.

The task `stack_bricks` is the class `StackBricks` in a module `stack_bricks.py` of this folder; it
is registered nowhere else. A task outside this package is named `module:Class`; its module must be
importable on the robot and on the learner machine. A task is a frozen dataclass; a description may
set its fields:

    @dataclass(frozen=True)
    class StackBricks(Parameters):
        fields: ClassVar[tuple[str, ...]] = ('height',)   # required observation fields
        wanted_m: float = 0.1

        def outcome(self, observation, command, next_observation) -> Outcome:
            height = float(next_observation['height'][0])
            return Outcome({'height': height}, terminated=height >= self.wanted_m)
"""

from rl_agent.plugins import find_class
from rl_agent.tasks.task import Task


def find_task(name: str) -> type[Task]:
    """Return the class of a task.

    Raises:
        ConfigurationError: there is no such task.
    """
    return find_class(__name__, name, exclude=('task',))

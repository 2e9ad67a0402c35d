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

"""A demo of any Gymnasium task, which plays the robot."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from rl_agent.gymnasium_tasks.task_robot import make_task_robot, ROBOT_YAML, TaskRobot
from rl_learner.demo.demo_description import DemoDescription
import yaml

# in the run's folder, so that the run is resumed as it began
DEMO_YAML, ALGORITHM_YAML = 'demo.yaml', 'algorithm.yaml'
_ALGORITHM = 'default'
_MAX_STEPS = 50_000


@dataclass(frozen=True)
class TaskDemo:
    """A task's robot, and what its demo trains.

    Attributes:
        robot: that the task plays.
        description: of the demo; its `robot` is a file beside it.
    """

    robot: TaskRobot
    description: DemoDescription

    def write(self, folder: Path) -> DemoDescription:
        """Write both descriptions into a folder; return the demo's, with the robot's path."""
        demo: dict[str, Any] = TypeAdapter(DemoDescription).dump_python(self.description)
        (folder / DEMO_YAML).write_text(yaml.safe_dump(demo, sort_keys=False), encoding='utf-8')
        return replace(self.description, robot=str(self.robot.write(folder)))


def describe_demo(task: str, *, episode_steps: int = 0, target: float | None = None) -> TaskDemo:
    """Make a task and describe its demo.

    Args:
        task: its id.
        episode_steps: steps after which episodes are truncated; 0: as registered.
        target: mean return that counts as learned; None: the threshold of the task's maker, if
            there is one.

    Raises:
        ConfigurationError: there is no such task, or its observations or actions cannot be used.
        TaskError: the task raises, or answers wrongly.
    """
    robot = make_task_robot(task, episode_steps)
    wanted = robot.reward_threshold if target is None else target
    description = DemoDescription(
        robot=ROBOT_YAML,
        algorithm=_ALGORITHM,
        max_steps=_MAX_STEPS,
        target_return=None if wanted is None else float(wanted),
        film=True,
    )
    return TaskDemo(robot, description)

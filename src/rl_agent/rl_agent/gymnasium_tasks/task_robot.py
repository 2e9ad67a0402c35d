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

"""The description of the robot that a Gymnasium task plays."""

from dataclasses import dataclass
from pathlib import Path
import re
from typing import Any

from rl_agent.configuration import build
from rl_agent.description.robot import RobotDescription
from rl_agent.gymnasium_tasks.gymnasium_task import GymnasiumTask
import yaml

ROBOT_YAML = 'robot.yaml'  # in the folder of a run
TOPIC, MESSAGE = 'task_state', 'rl_msgs/msg/TaskState'
IMAGE_FIELD = 'image_'  # and its number: beside those of the message, which has no images


@dataclass(frozen=True)
class TaskRobot:
    """The robot that a task plays.

    Attributes:
        description: of the robot.
        content: the same as in its YAML file.
        reward_threshold: see `GymnasiumTask`.
        limit_notice: see `GymnasiumTask`.
        blank_images: names of the images that showed nothing when it was tried.
    """

    description: RobotDescription
    content: dict[str, Any]
    reward_threshold: float | None
    limit_notice: str
    blank_images: tuple[str, ...] = ()

    @property
    def image_notice(self) -> str:
        """What is odd about its images, in one line; empty: nothing."""
        if not self.blank_images:
            return ''
        return (
            f'{self.description.name}: all pixels of {", ".join(self.blank_images)} are the same'
            ' when an episode begins: if it stays so, nothing can be learned from that; seen.png'
            ' of rl_evaluate shows what a policy sees'
        )

    def write(self, folder: Path) -> Path:
        """Write the description into a folder; return its file."""
        file = folder / ROBOT_YAML
        file.write_text(yaml.safe_dump(self.content, sort_keys=False), encoding='utf-8')
        return file


def make_task_robot(
    task: str, episode_steps: int = 0, image_size: int = 0, stack: int = 1
) -> TaskRobot:
    """Make a task and try it; return the robot that it plays.

    Args:
        task: its id.
        episode_steps: steps after which episodes are truncated; 0: as registered.
        image_size: rows and columns to which larger images shrink; 0: they do not.
        stack: frames in an observation.

    Raises:
        ConfigurationError: there is no such task, or its observations or actions cannot be used.
        TaskError: the task raises, or answers wrongly.
    """
    made = GymnasiumTask(task, episode_steps, image_size=image_size)
    try:
        blank = made.try_out()
    finally:
        made.close()
    content = describe_task(made, episode_steps, image_size, stack)
    description = build(RobotDescription, content, f'task {task!r}')
    return TaskRobot(description, content, made.reward_threshold, made.limit_notice, blank)


def describe_task(
    task: GymnasiumTask, episode_steps: int = 0, image_size: int = 0, stack: int = 1
) -> dict[str, Any]:
    """Return the content of a robot's YAML file.

    The policy sees what it would see in Gymnasium, of the newest `stack` steps, and nothing else:
    reward and end travel beside the observation.

    Args:
        task: the task.
        episode_steps: as the task was made with.
        image_size: as the task was made with.
        stack: frames in an observation.
    """

    def field(name: str, **other: Any) -> dict[str, Any]:
        return {'name': name, 'topic': TOPIC, 'type': MESSAGE, 'field': name, **other}

    numbers = [field('observation', size=task.parts.vector_size)] if task.parts.vector_size else []
    images = [
        {
            **field(part.name, field=f'{IMAGE_FIELD}{number}'),
            'image': dict(zip(('height', 'width', 'channels'), part.image.shape, strict=True)),
        }
        for number, part in enumerate(task.parts.images)
    ]
    options = {'episode_steps': episode_steps, 'image_size': image_size}
    given: dict[str, Any] = {key: value for key, value in options.items() if value}
    return {
        'name': robot_name(task.name),
        'rate_hz': task.rate_hz,
        'episode_steps': task.episode_steps,
        **({'stack': stack} if stack > 1 else {}),
        'observation': [
            *numbers,
            *images,
            field('reward', task_only=True),
            field('terminated', task_only=True),
            field('truncated', task_only=True),
        ],
        'action': {
            'topic': 'command',
            'type': 'std_msgs/msg/Float64MultiArray',
            'joints': list(action_names(task.action_size)),
            'unit': 'as in the task',
            'low': task.low.tolist(),
            'high': task.high.tolist(),
        },
        'task': {'name': 'topic_reward'},
        'reset': {'service': 'reset'},
        'simulation': {
            'model': 'gymnasium_robot',
            'parameters': {'task': task.name, **given},
        },
    }


def robot_name(task: str) -> str:
    """Return the id of a task as the name of a robot."""
    plain = re.sub(r'[^A-Za-z0-9]+', '_', task.rpartition(':')[2]).strip('_')
    return plain if plain[:1].isalpha() else f'task_{plain}'


def action_names(size: int) -> tuple[str, ...]:
    """Return a name for each number of an action."""
    return tuple(f'action_{number}' for number in range(size))

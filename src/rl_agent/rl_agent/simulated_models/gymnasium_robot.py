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

"""A Gymnasium task that plays a robot: its state on a topic, its actions as commands."""

import numpy as np
from rl_agent.array_types import Float64Array, Frame
from rl_agent.gymnasium_tasks.gymnasium_task import GymnasiumTask, TaskStep
from rl_agent.gymnasium_tasks.task_robot import action_names, IMAGE_FIELD, TOPIC
from rl_agent.simulated_models.model import SensorValues


class GymnasiumRobot:
    """Any Gymnasium task; see `gymnasium_tasks.task_robot` for its description."""

    def __init__(
        self,
        task: str = 'Pendulum-v1',
        episode_steps: float = 0.0,
        film: bool = False,
        image_size: float = 0.0,
    ) -> None:
        """Make the task.

        Args:
            task: its id.
            episode_steps: steps after which its episodes are truncated; 0: as registered.
            film: it can draw frames.
            image_size: rows and columns to which its larger images shrink; 0: they do not.

        Raises:
            ConfigurationError: there is no such task, or its observations or actions cannot be
                used.
        """
        self.task = GymnasiumTask(
            task, round(episode_steps), film=film, image_size=round(image_size)
        )
        self.joint_names = action_names(self.task.action_size)
        self.position: Float64Array = np.zeros(self.task.action_size)
        self.velocity: Float64Array = np.zeros(self.task.action_size)
        self.effort: Float64Array = np.zeros(self.task.action_size)
        self._state = TaskStep(np.zeros(self.task.observation_size), 0.0, False, False)

    def reset(self, rng: np.random.Generator) -> None:
        """Begin an episode.

        Raises:
            TaskError: the task raises, or answers wrongly.
        """
        observation = self.task.reset(int(rng.integers(2**31)))
        self._state = TaskStep(observation, 0.0, False, False)

    def step(self, command: Float64Array, period_s: float) -> None:
        """Execute an action, (action,); after the end of an episode the state stays as it is.

        Raises:
            TaskError: the task raises, or answers wrongly.
        """
        del period_s  # the task has its own
        if self._state.terminated or self._state.truncated:
            return
        self.effort = command
        self._state = self.task.step(np.clip(command, self.task.low, self.task.high))

    def sensors(self) -> SensorValues:
        """Return the state: observation, images, reward and end."""
        state, parts = self._state, self.task.parts
        sizes = [parts.vector_size, *(part.image.size for part in parts.images)]
        numbers, *images = np.split(state.observation, np.cumsum(sizes)[:-1])
        return {
            TOPIC: {
                'observation': numbers,
                **{f'{IMAGE_FIELD}{number}': image for number, image in enumerate(images)},
                'reward': np.array([state.reward]),
                'terminated': np.array([float(state.terminated)]),
                'truncated': np.array([float(state.truncated)]),
            }
        }

    def frame(self) -> Frame:
        """Return a picture, (height, width, 3), if the task can draw."""
        return self.task.frame()

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

"""Evaluates a policy on a Gymnasium task."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from rl_agent.array_types import Float32Array, Float64Array, Frame
from rl_agent.description.action_scale import ActionScale
from rl_agent.description.image import ImageDescription, stacked
from rl_agent.environment.observation_history import ObservationHistory
from rl_agent.errors import ConfigurationError
from rl_agent.gymnasium_tasks.gymnasium_task import GymnasiumTask
from rl_agent.policy.parameters import PolicyParameters
from rl_agent.policy.policy import Policy
from rl_learner.evaluation.evaluation import EvaluatedEpisode
from rl_learner.evaluation.film import render_without_display, TASK_FILM_MAX_S
from rl_learner.evaluation.seen_images import SeenImages


class TaskEvaluation:
    """Runs episodes of a task; use it as a context manager.

    Attributes:
        frames_per_s: frame rate at which a film of the task plays in real time.
        limit_notice: see `GymnasiumTask`.
        seen: images of the first episode.
    """

    def __init__(
        self,
        task: str,
        parameters: PolicyParameters,
        *,
        film: bool,
        episode_steps: int = 0,
        image_size: int = 0,
        stack: int = 1,
    ) -> None:
        """Make the task and check that the policy fits it.

        Args:
            task: id of a registered task, such as `Pendulum-v1`.
            parameters: the policy; its actions are scaled to the task's bounds.
            film: the task must be able to draw frames.
            episode_steps: steps after which episodes are truncated; 0: as registered.
            image_size: rows and columns to which larger images shrink; 0: they do not.
            stack: frames in an observation.

        Raises:
            ConfigurationError: the task does not exist, cannot draw, or has other sizes than the
                policy.
        """
        if film:
            render_without_display()
        self._task = GymnasiumTask(task, episode_steps, film=film, image_size=image_size)
        self._parameters = parameters
        frames = [part.image for part in self._task.parts.images]
        sizes = (self._task.observation_size, self._task.action_size)
        self._history = ObservationHistory(*sizes, stack, 0, frames)
        images = [stacked(image, stack) for image in frames]
        self._vector_size = stack * self._task.parts.vector_size
        self._check_sizes(images)
        self.seen = SeenImages(images)
        self._has_seen = False
        self.frames_per_s = self._task.frames_per_s
        self.limit_notice = self._task.limit_notice
        if film:
            self._task.reset(seed=0)
            self._task.frame()

    def __enter__(self) -> 'TaskEvaluation':
        """Return the evaluation."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the task."""
        self._task.close()

    def episodes(
        self,
        count: int,
        seed: int,
        *,
        explore: bool,
        on_frame: Callable[[Frame], None] | None = None,
    ) -> Iterator[EvaluatedEpisode]:
        """Yield episodes as they end.

        Args:
            count: number of episodes.
            seed: seed of the starting states and of the exploration.
            explore: act as in training.
            on_frame: called with each frame of the first episode.

        Raises:
            TaskError: the task raises, or answers wrongly.
        """
        policy, rng = Policy(self._parameters), np.random.default_rng(seed)
        for number in range(count):
            start = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
            watch = on_frame if number == 0 else None
            yield self._episode(policy, rng, start, (seed, number + 1), explore, watch)

    def _episode(
        self,
        policy: Policy,
        rng: np.random.Generator,
        start: int,
        name: tuple[int, int],
        explore: bool,
        on_frame: Callable[[Frame], None] | None,
    ) -> EvaluatedEpisode:
        """Run one episode."""
        scale = ActionScale(self._task.low, self._task.high)
        observation = self._history.begin(self._task.reset(start).astype(np.float32))
        policy.reset(rng)
        observations: list[Float32Array] = []
        actions: list[Float64Array] = []
        rewards: list[float] = []
        add_seen, self._has_seen = not self._has_seen, True
        terminated, truncated, succeeded = False, False, None
        while not (terminated or truncated):
            if on_frame and len(rewards) < TASK_FILM_MAX_S * self.frames_per_s:
                on_frame(self._task.frame())
            if add_seen:
                self.seen.add(observation)
            action = policy.act(observation, rng, deterministic=not explore)
            step = self._task.step(scale.command(action))
            observations.append(observation[: self._vector_size])  # without images
            actions.append(action.astype(np.float64))
            rewards.append(step.reward)
            observation = self._history.advance(action, step.observation.astype(np.float32))
            terminated, truncated = step.terminated, step.truncated
            succeeded = step.succeeded
        return EvaluatedEpisode(
            *name,
            np.array(observations, np.float64),
            np.array(actions),
            np.array(rewards),
            terminated,
            succeeded,
        )

    def _check_sizes(self, seen_images: Sequence[ImageDescription]) -> None:
        """Raise ConfigurationError if the policy does not fit the task."""
        shape = self._parameters.architecture
        given = (shape.observation_size, shape.action_size)
        size = self._vector_size + sum(image.size for image in seen_images)
        accepted = (size, self._task.action_size)
        if given != accepted:
            raise ConfigurationError(
                f'policy: {given[0]} observations and {given[1]} actions; accepted: {accepted[0]}'
                f' and {accepted[1]}, those of {self._task.name}'
            )
        images = tuple(image.shape for image in seen_images)
        seen = shape.encoder.images if shape.encoder else ()
        if seen != images:
            raise ConfigurationError(
                f'policy: images {seen}; accepted: {images}, height, width and channels of those'
                f' of {self._task.name}'
            )

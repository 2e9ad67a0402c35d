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

from collections.abc import Callable, Iterator
import contextlib
from typing import Any

import gymnasium
from gymnasium.spaces import Box
import numpy as np
from rl_agent.array_types import Frame
from rl_agent.description.action_scale import ActionScale
from rl_agent.errors import ConfigurationError
from rl_agent.policy.parameters import PolicyParameters
from rl_agent.policy.policy import Policy
from rl_learner.evaluation.evaluation import EvaluatedEpisode
from rl_learner.evaluation.film import render_without_display, TASK_FILM_MAX_S


class TaskEvaluation:
    """Runs episodes of a task; use it as a context manager.

    Attributes:
        frames_per_s: frame rate at which a film of the task plays in real time.
    """

    def __init__(self, task: str, parameters: PolicyParameters, *, film: bool) -> None:
        """Make the task and check that the policy fits it.

        Args:
            task: id of a registered task, such as `Pendulum-v1`.
            parameters: the policy; its actions are scaled to the task's bounds.
            film: the task must be able to render frames.

        Raises:
            ConfigurationError: the task does not exist, cannot be rendered, or has other sizes
                than the policy.
        """
        if film:
            render_without_display()
        self._task, self._parameters = task, parameters
        try:
            env = gymnasium.make(task, render_mode='rgb_array' if film else None)
        except Exception as error:  # third-party tasks may raise anything
            raise ConfigurationError(
                f'--task: given {task!r}: {_one_line(error)}; accepted: a registered Gymnasium'
                ' task'
            ) from error
        self._env = env
        self._check_sizes()
        self.frames_per_s = float(env.metadata.get('render_fps') or 30.0)
        if film:
            self._check_rendering()

    def __enter__(self) -> 'TaskEvaluation':
        """Return the evaluation."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the task."""
        # the episodes are done, so a failing window system is harmless
        with contextlib.suppress(Exception):
            self._env.close()

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
        space: Any = self._env.action_space
        scale = ActionScale(space.low.ravel(), space.high.ravel())
        observation, _ = self._env.reset(seed=start)
        policy.reset(rng)
        observations: list[Any] = []
        actions: list[Any] = []
        rewards: list[float] = []
        terminated = truncated = False
        while not (terminated or truncated):
            if on_frame and len(rewards) < TASK_FILM_MAX_S * self.frames_per_s:
                on_frame(self._frame())
            seen = np.asarray(observation, np.float32).ravel()
            action = policy.act(seen, rng, deterministic=not explore)
            command = scale.command(action)
            observation, reward, terminated, truncated, _ = self._env.step(
                command.astype(space.dtype).reshape(space.shape)
            )
            observations.append(seen)
            actions.append(action)
            rewards.append(float(reward))
        return EvaluatedEpisode(
            *name,
            np.array(observations, np.float64),
            np.array(actions, np.float64),
            np.array(rewards),
            bool(terminated),
        )

    def _check_sizes(self) -> None:
        """Raise ConfigurationError if the policy does not fit the task."""
        seen, acted = self._env.observation_space, self._env.action_space
        if not (isinstance(seen, Box) and isinstance(acted, Box) and acted.is_bounded()):
            raise ConfigurationError(
                f'--task: given {self._task!r} with {seen} and {acted}; accepted: tasks whose'
                ' observations and actions are boxes, with bounded actions'
            )
        shape = self._parameters.architecture
        given = (shape.observation_size, shape.action_size)
        accepted = (int(np.prod(seen.shape)), int(np.prod(acted.shape)))
        if given != accepted:
            raise ConfigurationError(
                f'policy: {given[0]} observations and {given[1]} actions; accepted: {accepted[0]}'
                f' and {accepted[1]}, those of {self._task}'
            )

    def _check_rendering(self) -> None:
        """Raise ConfigurationError if the task cannot be rendered."""
        try:
            self._env.reset(seed=0)
            self._frame()
        except Exception as error:  # rendering fails in many ways
            raise ConfigurationError(
                f'--film: {self._task} cannot be rendered: {_one_line(error)}; accepted: without'
                ' --film, or with what is missing installed. Without a display MuJoCo needs'
                ' libegl1 and libgl1-mesa-dri'
            ) from error

    def _frame(self) -> Frame:
        """Return a rendered frame, (height, width, 3)."""
        return np.asarray(self._env.render(), np.uint8)


def _one_line(error: Exception) -> str:
    """Return an error's text in one line, or its type if it has no text."""
    return ' '.join(str(error).split()) or type(error).__name__

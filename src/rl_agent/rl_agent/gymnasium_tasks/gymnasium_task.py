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

"""A Gymnasium task whose observations and actions are plain vectors, checked at every step."""

import contextlib
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from rl_agent.array_types import Float64Array, Frame
from rl_agent.errors import ConfigurationError, TaskError
from rl_agent.gymnasium_tasks.make_env import (
    action_bounds,
    make_env,
    one_line,
)
from rl_agent.gymnasium_tasks.observation_parts import ObservationParts

UNLIMITED_EPISODE_STEPS = 1000  # of a task without a limit of its own
_SLOWEST_HZ, _FASTEST_HZ = 0.1, 1000.0
_DEFAULT_HZ = 20.0


@dataclass(frozen=True, eq=False)
class TaskStep:
    """What a task answers to an action.

    Attributes:
        observation: (observation,).
        reward: of the step.
        terminated: the task ended.
        truncated: the episode ended for another reason, mostly a time limit.
        succeeded: whether the episode is a success so far; None: the task does not tell. It is
            `info['is_success']` of this step (Gymnasium-Robotics, panda-gym), or that any step had
            `info['success']` (Meta-World, ManiSkill).
    """

    observation: Float64Array
    reward: float
    terminated: bool
    truncated: bool
    succeeded: bool | None = None


class GymnasiumTask:
    """A task of any maker.

    Attributes:
        name: its id.
        parts: of its observations.
        observation_size: how many numbers an observation has, those of packed images included.
        low: lowest actions, (action,).
        high: highest actions, (action,).
        episode_steps: steps of the longest episode.
        has_limit: the task itself ends its episodes; else they are truncated after
            `UNLIMITED_EPISODE_STEPS`.
        rate_hz: steps per second of the task's time; a guess where the task does not tell it.
        frames_per_s: frame rate at which its film plays in real time.
        reward_threshold: return at which its maker regards it as solved, or None.
    """

    def __init__(
        self, name: str, episode_steps: int = 0, *, film: bool = False, image_size: int = 0
    ) -> None:
        """Make a task.

        Args:
            name: see `make_env.make_env`.
            episode_steps: steps after which episodes are truncated; 0: as registered.
            film: the task can draw frames.
            image_size: rows and columns to which larger images shrink; 0: they do not.

        Raises:
            ConfigurationError: there is no such task, or its observations or actions cannot be
                used.
        """
        self.name = name
        self._env = make_env(name, episode_steps, film=film)
        spec = self._env.spec
        registered = spec.max_episode_steps if spec else None
        self.has_limit = bool(registered)
        self.episode_steps = registered or UNLIMITED_EPISODE_STEPS
        self.reward_threshold = spec.reward_threshold if spec else None
        self._space = self._env.observation_space
        self.parts = ObservationParts(name, self._space, image_size)
        self.observation_size = self.parts.size
        self.low, self.high = action_bounds(name, self._env.action_space)
        self._action: Any = self._env.action_space
        self._is_whole = np.issubdtype(self._action.dtype, np.integer)
        self.rate_hz = _rate_hz(self._env)
        fps = self._env.metadata.get('render_fps')
        self.frames_per_s = float(fps) if fps else 30.0
        self._episode, self._step = 0, 0
        self._has_succeeded: bool | None = None

    @property
    def action_size(self) -> int:
        """How many numbers an action has."""
        return len(self.low)

    @property
    def limit_notice(self) -> str:
        """Where its episodes end although it has no limit, in one line; empty: it has one."""
        if self.has_limit:
            return ''
        return (
            f'{self.name} is registered without a time limit: episodes are truncated after'
            f' {self.episode_steps} steps at the latest; another number: --episode-steps'
        )

    def reset(self, seed: int | None = None) -> Float64Array:
        """Begin an episode; return its first observation, (observation,).

        Raises:
            TaskError: the task raises, or answers wrongly.
        """
        if self._step or not self._episode:  # a reset after a reset begins the same episode
            self._episode += 1
        self._step, self._has_succeeded = 0, None
        try:
            answer = self._env.reset(seed=seed)
        except Exception as error:  # the code of others may raise anything
            self._fail(f'reset raised {one_line(error)}', 'a task whose reset works', error)
        if not isinstance(answer, tuple) or len(answer) != 2:
            self._fail(
                f'reset returned {_count(answer)}',
                'observation and info, as since Gymnasium 0.26',
            )
        return self._flat(answer[0])

    def step(self, command: Float64Array) -> TaskStep:
        """Execute a command, (action,), between `low` and `high`; whole numbers are rounded.

        Raises:
            TaskError: the task raises, or answers wrongly.
        """
        self._step += 1
        if self._is_whole:
            command = np.rint(command)
        action = command.astype(self._action.dtype).reshape(self._action.shape)
        try:
            answer = self._env.step(action)
        except Exception as error:  # see reset
            self._fail(f'step raised {one_line(error)}', 'a task whose step works', error)
        if not isinstance(answer, tuple) or len(answer) != 5:
            self._fail(
                f'step returned {_count(answer)}',
                'observation, reward, terminated, truncated and info, as since Gymnasium 0.26',
            )
        observation, reward, terminated, truncated, info = answer
        is_late = not self.has_limit and self._step >= self.episode_steps
        return TaskStep(
            self._flat(observation),
            self._reward(reward),
            bool(terminated),
            bool(truncated) or is_late,
            self._success(info),
        )

    def frame(self) -> Frame:
        """Return a picture of the task's state, (height, width, 3).

        Raises:
            ConfigurationError: the task cannot draw.
        """
        try:
            frame = np.asarray(self._env.render(), np.uint8)
        except Exception as error:  # drawing fails in many ways
            raise ConfigurationError(
                f'task {self.name!r} cannot draw frames: {one_line(error)}; accepted: without a'
                ' film, or with what is missing installed. Without a display MuJoCo needs libegl1'
                ' and libgl1-mesa-dri'
            ) from error
        if frame.ndim != 3 or frame.shape[2] != 3:
            raise ConfigurationError(
                f'task {self.name!r} cannot draw frames: given an array of {frame.shape};'
                ' accepted: (height, width, 3), or without a film'
            )
        return frame

    def try_out(self, seed: int = 0) -> tuple[str, ...]:
        """Begin an episode and take one step, so that a fault shows before anything else starts.

        Returns:
            Names of the images that have the same value everywhere, such as those of a black
            camera.

        Raises:
            TaskError: the task raises, or answers wrongly.
        """
        first = self.reset(seed)
        second = self.step(0.5 * (self.low + self.high)).observation
        blank = zip(self.parts.blank(first), self.parts.blank(second), strict=True)
        names = [part.name for part in self.parts.images]
        return tuple(name for name, both in zip(names, blank, strict=True) if all(both))

    def close(self) -> None:
        """Close the task; a window system that fails now is harmless."""
        with contextlib.suppress(Exception):
            self._env.close()

    def _success(self, info: Any) -> bool | None:
        """Return whether the episode is a success so far, see `TaskStep`."""
        if (success := _told(info, 'success')) is not None:
            self._has_succeeded = success or bool(self._has_succeeded)
        told = _told(info, 'is_success')
        return self._has_succeeded if told is None else told

    def _flat(self, observation: Any) -> Float64Array:
        """Return an observation as one vector, (observation,)."""
        try:
            flat = self.parts.flat(observation)
        except Exception as error:  # parts are missing, or neither numbers nor images
            self._fail(
                f'the observation does not fit {self._space}: {one_line(error)}',
                'observations of that space',
                error,
            )
        if len(flat) != self.observation_size:
            self._fail(
                f'{len(flat)} observations', f'{self.observation_size}, as in {self._space}'
            )
        if not np.isfinite(flat).all():
            bad = int(np.flatnonzero(~np.isfinite(flat))[0])
            self._fail(f'observation {bad} is {flat[bad]}', 'finite numbers')
        return flat

    def _reward(self, reward: Any) -> float:
        """Return a reward as a finite number."""
        try:
            number = float(reward)
        except (TypeError, ValueError) as error:
            self._fail(f'the reward is {str(reward)[:60]!r}', 'one finite number', error)
        if not np.isfinite(number):
            self._fail(f'the reward is {number}', 'one finite number')
        return number

    def _fail(self, given: str, accepted: str, error: Exception | None = None) -> NoReturn:
        """Raise TaskError with the place in the task."""
        where = f'step {self._step}' if self._step else 'reset'
        where = f'{where} of episode {self._episode}'
        raise TaskError(f'task {self.name!r}, {where}: {given}; accepted: {accepted}') from error


def _count(answer: object) -> str:
    """Return what a method returned, in words."""
    return f'{len(answer)} values' if isinstance(answer, tuple) else type(answer).__name__


def _rate_hz(env: Any) -> float:
    """Return the steps per second of a task's time; a task may tell it in one of two ways."""
    with contextlib.suppress(Exception):
        period_s = float(env.unwrapped.dt)
        if 1.0 / _FASTEST_HZ <= period_s <= 1.0 / _SLOWEST_HZ:
            return 1.0 / period_s
    with contextlib.suppress(Exception):
        rate_hz = float(env.metadata['render_fps'])
        if _SLOWEST_HZ <= rate_hz <= _FASTEST_HZ:
            return rate_hz
    return _DEFAULT_HZ


def _told(info: Any, key: str) -> bool | None:
    """Return a truth value of `info`, also an array or tensor of one; None: it is not there."""
    try:
        told = np.asarray(info[key], np.float64)
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    return bool(told.item() > 0.5) if told.size == 1 and np.isfinite(told).all() else None

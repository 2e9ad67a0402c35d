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

"""Makes Gymnasium tasks by their id; whatever goes wrong becomes one error."""

import contextlib
import importlib
from typing import Any
import warnings

import gymnasium
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Space, Tuple
from gymnasium.spaces.utils import flatten_space
import numpy as np
from rl_agent.array_types import Float64Array
from rl_agent.description.field_types import MAX_ELEMENTS
from rl_agent.errors import ConfigurationError

# The package that registers the tasks of a namespace, and how it is installed.
_REGISTERED_BY = {'dm_control': ('shimmy', "'shimmy[dm-control]'")}
_WIDEST_ACTION = 1e30  # a bound beyond this is none
_LEAST_IMAGE = 3 * 32 * 32  # numbers of whole kind in an image


def make_env(task: str, episode_steps: int = 0, *, film: bool = False) -> gymnasium.Env[Any, Any]:
    """Return a new Gymnasium task.

    Args:
        task: id of a registered task, such as `Pendulum-v1`, `dm_control/walker-walk-v0`, or
            `module:ID` for one that `module` registers when it is imported.
        episode_steps: number of steps after which an episode is truncated; 0: as registered.
        film: the task can draw frames.

    Raises:
        ConfigurationError: the task does not exist, needs something that is missing, or cannot
            draw frames.
    """
    options: dict[str, Any] = {'render_mode': 'rgb_array'} if film else {}
    if episode_steps:
        options['max_episode_steps'] = episode_steps
    try:
        _register(task)
        return gymnasium.make(task, disable_env_checker=True, **options)
    except ConfigurationError:
        raise
    except Exception as error:  # the code of others may raise anything
        if _lacks_a_package(error, task):
            raise ConfigurationError(
                f'task {task!r}: {one_line(error)}; accepted: with that package in .venv'
            ) from error
        if film and _exists(task):
            raise ConfigurationError(
                f'task {task!r} cannot draw frames: {one_line(error)}; accepted: without a film'
            ) from error
        raise ConfigurationError(
            f'task {task!r}: {one_line(error)}; accepted: the id of a registered Gymnasium task,'
            ' or module:ID for a task that a module of your own registers'
        ) from error


def _lacks_a_package(error: Exception, task: str) -> bool:
    """Whether a task exists, but not everything that it needs."""
    if isinstance(error, gymnasium.error.DependencyNotInstalled):
        return True
    return isinstance(error, ModuleNotFoundError) and _exists(task)


def one_line(error: Exception) -> str:
    """Return an error's text in one line, or its type if it has no text."""
    text = ' '.join(str(error).split())
    if isinstance(error, gymnasium.error.Error | ImportError) and text:
        return text.rstrip('.')
    return f'{type(error).__name__}: {text}' if text else type(error).__name__


def flat_observation_space(task: str, space: Space[Any]) -> Box:
    """Return the space of a task's observations as one vector, (observation,).

    The parts of a Dict are in the order of their names; a whole number among n becomes n numbers
    of 0 and 1 (Gymnasium's `flatten_space`).

    Raises:
        ConfigurationError: there are images in a part of it, too many numbers, or no numbers.
    """
    if any(map(is_image, _parts(space))):
        raise ConfigurationError(
            f'task {task!r}: observations: given {space}; accepted: images as the whole'
            ' observation or as parts of one Dict, not deeper'
        )
    flat: Space[Any] = space
    with contextlib.suppress(NotImplementedError):
        flat = flatten_space(space)
    if not isinstance(flat, Box) or not 1 <= int(np.prod(flat.shape)) <= MAX_ELEMENTS:
        raise ConfigurationError(
            f'task {task!r}: observations: given {space}; accepted: Box, Discrete, MultiBinary,'
            f' MultiDiscrete, and Dict or Tuple of them, up to {MAX_ELEMENTS} numbers; images as'
            ' uint8'
        )
    return flat


def action_bounds(task: str, space: Space[Any]) -> tuple[Float64Array, Float64Array]:
    """Return the lowest and the highest action of a task, (action,) each.

    Raises:
        ConfigurationError: the actions are no numbers between bounds.
    """
    if isinstance(space, Discrete | MultiDiscrete | MultiBinary):
        raise ConfigurationError(
            f'task {task!r}: actions: given {space}; accepted: Box: soft actor-critic needs'
            ' continuous actions. For discrete ones take DQN or QR-DQN of Stable-Baselines3'
            ' (docs/stable_baselines3.md)'
        )
    if not isinstance(space, Box):
        raise ConfigurationError(
            f'task {task!r}: actions: given {space}; accepted: Box, with bounds'
        )
    low, high = (np.asarray(bound, np.float64).ravel() for bound in (space.low, space.high))
    if not 1 <= len(low) <= MAX_ELEMENTS:
        raise ConfigurationError(
            f'task {task!r}: actions: given {space}; accepted: 1 to {MAX_ELEMENTS} numbers'
        )
    if max(np.abs(low).max(), np.abs(high).max()) > _WIDEST_ACTION:
        raise ConfigurationError(
            f'task {task!r}: actions: given {space}; accepted: Box with bounds, to which actions'
            ' from -1 to 1 are scaled; register the task with an action_space that has some'
        )
    if not (low < high).all():
        raise ConfigurationError(
            f'task {task!r}: actions: given {space}; accepted: low below high for each number'
        )
    return low, high


def _register(task: str) -> None:
    """Import the package that registers a task, if it is known.

    Raises:
        ConfigurationError: it is not installed.
    """
    namespace = task.rpartition(':')[2].partition('/')[0]
    if '/' not in task or namespace not in _REGISTERED_BY:
        return
    module, package = _REGISTERED_BY[namespace]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of a window system that nobody needs
            importlib.import_module(module)
            importlib.import_module(namespace)
    except ImportError as error:
        raise ConfigurationError(
            f'task {task!r}: {one_line(error)}; accepted: after .venv/bin/pip install {package}'
        ) from error


def _exists(task: str) -> bool:
    """Return whether a task is registered."""
    with contextlib.suppress(Exception):
        gymnasium.spec(task.rpartition(':')[2])
        return True
    return False


def _parts(space: Space[Any]) -> list[Space[Any]]:
    """Return the spaces in a Dict or Tuple, in any depth; else the space itself."""
    if isinstance(space, Dict):
        return [part for inner in space.values() for part in _parts(inner)]
    if isinstance(space, Tuple):
        return [part for inner in space for part in _parts(inner)]
    return [space]


def is_image(space: Space[Any]) -> bool:
    """Return whether a space holds pictures."""
    if not isinstance(space, Box):
        return False
    is_whole = np.issubdtype(space.dtype, np.integer)
    return is_whole and len(space.shape) >= 2 and int(np.prod(space.shape)) >= _LEAST_IMAGE

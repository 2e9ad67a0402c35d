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

"""A policy with its robot for export, and the check that an exported file computes the same."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_agent.array_types import Float32Array
from rl_agent.bounded_files import parse_json, parse_json_object
from rl_agent.description.action_scale import ActionScale
from rl_agent.description.image import HIGHEST_NUMBER
from rl_agent.description.robot import description_as_json, read_description, RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import PolicyError
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters, split_parameters
from rl_agent.policy.policy import Policy

TOLERANCE = 1e-5
# names of the metadata in exported files
POLICY_KEY = 'rl_policy'
ROBOT_KEY = 'rl_robot'
_CHECKED_OBSERVATIONS = 500


@dataclass(frozen=True)
class PolicyWithRobot:
    """A policy and the robot that it was trained for.

    Attributes:
        parameters: of the policy.
        robot: None if unknown; a policy for a Gymnasium task has none.
    """

    parameters: PolicyParameters
    robot: RobotDescription | None = None

    @property
    def bounds(self) -> tuple[Float32Array, Float32Array]:
        """Commands at actions -1 and 1, (action,) each; -1 and 1 for an unknown robot."""
        if self.robot is None:
            ones = np.ones(self.parameters.architecture.action_size, np.float32)
            return -ones, ones
        command = self.robot.command
        return np.array(command.low, np.float32), np.array(command.high, np.float32)

    @property
    def command_map(self) -> tuple[Float32Array, Float32Array]:
        """Factor and offset, (action,) each: `command = action * factor + offset`."""
        low, high = self.bounds
        return (high - low) / 2.0, (high + low) / 2.0

    def metadata(self) -> dict[str, str]:
        """Return everything except the arrays as texts, which `from_metadata` reads."""
        parameters = self.parameters
        header = {
            'architecture': parameters.architecture.as_dict(),
            'version': parameters.version,
            'updates': parameters.updates,
            'fingerprint': parameters.fingerprint,
            'learner_session': parameters.learner_session,
        }
        robot = None if self.robot is None else description_as_json(self.robot)
        return {POLICY_KEY: json.dumps(header), ROBOT_KEY: json.dumps(robot), **self._plain()}

    def _plain(self) -> dict[str, str]:
        """Return what a program without a JSON reader needs: lists, one item a line."""
        low, high = self.bounds
        found: dict[str, Iterable[object]] = {'command_low': low, 'command_high': high}
        if self.robot is not None:
            spaces = Spaces(self.robot)
            found |= {
                'observation_names': spaces.observation_names[: spaces.vector_size],
                'action_names': spaces.action_names,
                'rate_hz': [self.robot.rate_hz],
            }
        return {f'rl_{name}': '\n'.join(map(str, items)) for name, items in found.items()}


def mean_policy(policy: PolicyWithRobot) -> PolicyWithRobot:
    """Return the policy without exploration, for deployment."""
    parameters = policy.parameters
    architecture = replace(
        parameters.architecture, distribution='deterministic', exploration_noise=0.0
    )
    blocks = split_parameters(parameters.architecture, parameters.parameters)
    kept = np.concatenate([blocks[name].ravel() for name, _ in architecture.blocks])
    deterministic = replace(
        parameters, architecture=architecture, parameters=kept, uniform_exploration=False
    )
    return PolicyWithRobot(deterministic, policy.robot)


def from_metadata(
    metadata: dict[str, str], arrays: dict[str, NDArray[Any]], source: str
) -> PolicyWithRobot:
    """Return the policy in an exported file.

    Args:
        metadata: from `PolicyWithRobot.metadata`.
        arrays: blocks of the architecture by name, and observation statistics.
        source: name of the file, for errors.

    Raises:
        PolicyError: metadata or arrays are missing or damaged.
    """
    try:
        header = parse_json_object(metadata[POLICY_KEY], POLICY_KEY)
        robot = parse_json(metadata[ROBOT_KEY], ROBOT_KEY)
        content = header.pop('architecture')
        architecture = PolicyArchitecture(**content)
        numbers = [np.asarray(arrays[name]).ravel() for name, _ in architecture.blocks]
        parameters = PolicyParameters(
            architecture,
            np.concatenate(numbers).astype(np.float32),
            _optional(arrays, 'observation_mean'),
            _optional(arrays, 'observation_std'),
            **header,
        )
    except PolicyError as error:
        raise PolicyError(f'{source}: {error}') from error
    except Exception as error:  # metadata and arrays of a foreign file can fail in many ways
        raise PolicyError(
            f'{source}: cannot be read as a policy: {type(error).__name__}: {error};'
            ' accepted: a file that rl_export wrote'
        ) from error
    description = None if robot is None else read_description(robot, f'{source}: robot')
    return PolicyWithRobot(parameters, description)


def _optional(arrays: dict[str, NDArray[Any]], name: str) -> Float32Array:
    """Return an array as a vector; empty if it is missing."""
    return np.asarray(arrays.get(name, ()), np.float32).ravel()


def check_export(
    policy: PolicyWithRobot,
    compute: Callable[[Float32Array], tuple[Float32Array, Float32Array]],
    what: str,
) -> float:
    """Return the largest difference between an export and the live policy.

    Observations are drawn from the policy's observation statistics, if it has any, and clipped to
    the robot's bounds.

    Args:
        policy: the live policy, with its exploration.
        compute: the export, from (batch, observation) to action and command, (batch, action) each.
        what: name of the export, for errors.

    Raises:
        PolicyError: export and policy differ by more than `TOLERANCE`.
    """
    observations = _observations(policy)
    live, rng = Policy(policy.parameters), np.random.default_rng(0)
    actions = np.stack([live.act(row, rng, deterministic=True) for row in observations])
    low, high = policy.bounds
    commands = ActionScale(low, high).command(actions)
    given_actions, given_commands = compute(observations)
    span = np.abs(np.concatenate([low, high])).max()
    worst = max(
        float(np.abs(given_actions - actions).max()),
        float(np.abs(given_commands - commands).max() / max(1.0, float(span))),
    )
    if not worst <= TOLERANCE:
        raise PolicyError(
            f'{what}: differs from the live policy by {worst:.3g}; accepted: at most'
            f' {TOLERANCE:g}. The file is not written'
        )
    return worst


def _observations(policy: PolicyWithRobot) -> Float32Array:
    """Return random observations for the check, (batch, observation)."""
    rng, parameters = np.random.default_rng(1), policy.parameters
    noise = rng.standard_normal((_CHECKED_OBSERVATIONS, parameters.architecture.observation_size))
    if parameters.observation_mean.size:
        noise = parameters.observation_mean + 2.0 * noise * parameters.observation_std
    if policy.robot is not None:
        spaces = Spaces(policy.robot)
        noise = np.clip(noise, spaces.observation_low, spaces.observation_high)
    observations = noise.astype(np.float32)
    images = observations[:, parameters.architecture.vector_size :]
    images[:] = rng.integers(0, HIGHEST_NUMBER, images.shape, endpoint=True)
    return observations

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

"""Policies as NumPy files, which agents run without a learner, and back."""

import json
from pathlib import Path
import tempfile
import zipfile

import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.bounded_files import MOST_BYTES, parse_json
from rl_agent.description.action_scale import ActionScale
from rl_agent.description.robot import description_as_json, read_description
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import PolicyError
from rl_agent.policy.policy import Policy
from rl_agent.policy.policy_file import load_policy, read_array, save_policy
from rl_learner.export.policy_with_robot import PolicyWithRobot

_MOST_ROBOT_BYTES = 4 * MOST_BYTES  # NumPy stores four bytes for a character


def encode(policy: PolicyWithRobot) -> bytes:
    """Return an .npz file with the whole policy, including exploration, its robot and bounds."""
    low, high = policy.bounds
    extras = {'command_low': low, 'command_high': high}
    if policy.robot is not None:
        spaces = Spaces(policy.robot)
        extras['robot'] = np.array(json.dumps(description_as_json(policy.robot)))
        numbers = slice(spaces.vector_size)  # without images
        extras['observation_low'] = spaces.observation_low[numbers]
        extras['observation_high'] = spaces.observation_high[numbers]
        extras['observation_names'] = np.array(spaces.observation_names[numbers], np.str_)
        extras['action_names'] = np.array(spaces.action_names)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'policy.npz'
        save_policy(path, policy.parameters, extras)
        return path.read_bytes()


def decode(path: Path) -> PolicyWithRobot:
    """Return the policy in a file, with its robot if the file has it.

    Raises:
        PolicyError: the file is damaged or holds no policy.
    """
    parameters = load_policy(path)
    try:
        with zipfile.ZipFile(path) as archive:
            has_robot = 'robot.npy' in archive.namelist()
            text = str(read_array(archive, 'robot', _MOST_ROBOT_BYTES)) if has_robot else 'null'
        content = parse_json(text, 'robot')
    except Exception as error:  # a damaged archive can fail in many ways
        raise PolicyError(f'{path}: robot: cannot be read: {str(error)[:300]}') from error
    robot = None if content is None else read_description(content, f'{path}: robot')
    return PolicyWithRobot(parameters, robot)


def compute(content: bytes, observations: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Return actions and commands, (batch, action) each, as computed from a file.

    Args:
        content: of the file.
        observations: (batch, observation).
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'policy.npz'
        path.write_bytes(content)
        policy, rng = Policy(decode(path).parameters), np.random.default_rng(0)
        with np.load(path, allow_pickle=False) as archive:
            scale = ActionScale(archive['command_low'], archive['command_high'])
    actions = np.stack([policy.act(row, rng, deterministic=True) for row in observations])
    return actions, scale.command(actions).astype(np.float32)

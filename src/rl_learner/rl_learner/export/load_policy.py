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

"""Loads a policy from a run's folder, a checkpoint or an exported file."""

from dataclasses import replace
import logging
from pathlib import Path
from typing import Any

from rl_agent.description.robot import load_robot, RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError, TrainingError
from rl_agent.policy.policy import Policy
from rl_learner.actor_critic.state_checks import count, part
from rl_learner.export import numpy_file, onnx_file, sb3_file, torchscript_file
from rl_learner.export.policy_with_robot import PolicyWithRobot
from rl_learner.run.folder import CHECKPOINTS, POLICY_FILE
from rl_learner.run.manifest import read_run, RUN_FILE, RunManifest
from rl_learner.training import checkpoint_file
from rl_learner.training.checkpoint import Checkpoints
from rl_learner.training.update import Update

_LOGGER = logging.getLogger(__name__)
_ACCEPTED = (
    'the folder of a run, a checkpoint (checkpoints/*.pt in such a folder), or a policy as .npz,'
    ' .onnx or TorchScript .pt, or .zip of Stable-Baselines3'
)


def load_source(path: Path, robot: str = '') -> PolicyWithRobot:
    """Return a checked policy, with its robot if that is known.

    Args:
        path: a run's folder, a checkpoint or a policy file.
        robot: name or file of a description that the policy must fit; empty: the policy's own.

    Raises:
        ConfigurationError: there is no policy, or it is for another robot.
        PolicyError: a policy file is damaged.
        TrainingError: a checkpoint is damaged.
    """
    policy = _load(path)
    if robot:
        policy = _fit_to_robot(policy, load_robot(robot), path)
    elif policy.robot is not None:
        policy = _fit_to_robot(policy, policy.robot, path)
    Policy(policy.parameters)  # checks the parameters
    return policy


def _load(path: Path) -> PolicyWithRobot:
    """Return the policy at a path."""
    if path.is_dir():
        return _load_from_run(path)
    if not path.is_file():
        raise ConfigurationError(f'policy: given {path}: no such file; accepted: {_ACCEPTED}')
    if path.suffix == '.onnx':
        return onnx_file.decode(path)
    if path.suffix == '.zip':
        return sb3_file.decode(path)
    if path.suffix == '.npz':
        policy = numpy_file.decode(path)
        return policy if policy.robot else _with_robot_of_run(policy, path.parent)
    if path.suffix == '.pt' and torchscript_file.is_torchscript(path):
        return torchscript_file.decode(path)
    if path.suffix == '.pt' and path.parent.name == CHECKPOINTS:
        return _load_from_checkpoint(path.parent.parent, path)
    if path.suffix == '.pt':
        raise ConfigurationError(
            f'policy: given {path}: not a TorchScript file or damaged, and not in the'
            f' {CHECKPOINTS}/ of a run; accepted: {_ACCEPTED}'
        )
    raise ConfigurationError(f'policy: given {path}; accepted: {_ACCEPTED}')


def _load_from_run(folder: Path) -> PolicyWithRobot:
    """Return a run's policy; without a policy file, that of the newest checkpoint."""
    if (folder / POLICY_FILE).is_file():
        return _with_robot_of_run(numpy_file.decode(folder / POLICY_FILE), folder)
    read_run(folder)
    if not (folder / CHECKPOINTS).is_dir():
        raise ConfigurationError(
            f'policy: given {folder}: a run without {POLICY_FILE} and {CHECKPOINTS}/, because its'
            ' learner did not begin training; accepted: a run with one of them'
        )
    return _load_from_checkpoint(folder, None)


def load_critics(folder: Path) -> Update:
    """Return the networks of a run in its newest undamaged checkpoint.

    Raises:
        ConfigurationError: the folder is not one of a run with checkpoints.
        TrainingError: the checkpoint is damaged.
    """
    if not (folder / CHECKPOINTS).is_dir():
        raise ConfigurationError(
            f'--saliency: given with {folder}; accepted: with the folder of a run that has'
            f' {CHECKPOINTS}/, where its critics are'
        )
    return _load_networks(folder, None)[0]


def _load_from_checkpoint(folder: Path, path: Path | None) -> PolicyWithRobot:
    """Return the policy in a checkpoint of a run, by default in the newest undamaged one."""
    update, version, run = _load_networks(folder, path)
    parameters = replace(update.policy(version), fingerprint=Spaces(run.robot).fingerprint)
    return PolicyWithRobot(parameters, run.robot)


def _load_networks(folder: Path, path: Path | None) -> tuple[Update, int, RunManifest]:
    """Return networks and version in a checkpoint of a run, and the run."""
    run = read_run(folder)
    spaces = Spaces(run.robot)
    sizes = (spaces.sent_size, spaces.action_size, spaces.sent_images)
    update = Update(run.algorithm, *sizes, stack=spaces.stack, seed=0)
    state = Checkpoints(folder / CHECKPOINTS).load() if path is None else _read_checkpoint(path)
    if state is None:
        raise ConfigurationError(f'policy: given {folder}: {CHECKPOINTS}/ is empty')
    update.load_state_dict(part(state, 'update'))
    return update, count(state, 'policy_version'), run


def _read_checkpoint(path: Path) -> dict[str, Any]:
    """Return the state in a checkpoint.

    Raises:
        TrainingError: the checkpoint is damaged.
    """
    try:
        return checkpoint_file.read(path)
    except TrainingError as error:
        raise TrainingError(
            f'{path}: damaged or incomplete: {error}; accepted: another checkpoint'
        ) from error


def _with_robot_of_run(policy: PolicyWithRobot, folder: Path) -> PolicyWithRobot:
    """Return a policy with the robot of the run in a folder, if the folder is a run."""
    if not (folder / RUN_FILE).is_file():
        return policy
    return PolicyWithRobot(policy.parameters, read_run(folder).robot)


def _fit_to_robot(policy: PolicyWithRobot, robot: RobotDescription, path: Path) -> PolicyWithRobot:
    """Return the policy with a robot and its fingerprint.

    Raises:
        ConfigurationError: the policy is for another robot.
    """
    spaces, parameters = Spaces(robot), policy.parameters
    given = (parameters.architecture.observation_size, parameters.architecture.action_size)
    accepted = (spaces.observation_size, spaces.action_size)
    if given != accepted:
        raise ConfigurationError(
            f'policy: given {path} with {given[0]} observations and {given[1]} actions; accepted:'
            f' {accepted[0]} and {accepted[1]}, as for the robot {robot.name!r}'
        )
    if parameters.fingerprint not in ('', spaces.fingerprint):
        raise ConfigurationError(
            f'policy: given {path} with fingerprint {parameters.fingerprint}; accepted:'
            f' {spaces.fingerprint}, that of the robot {robot.name!r}: names, units, bounds and'
            ' rate must be the same as in training'
        )
    if not parameters.fingerprint:
        _LOGGER.info('%s has no fingerprint; its sizes fit %s', path, robot.name)
    return PolicyWithRobot(replace(parameters, fingerprint=spaces.fingerprint), robot)

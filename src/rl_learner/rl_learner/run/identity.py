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

"""The properties of a run that never change, in a file of its folder."""

import contextlib
import dataclasses
from dataclasses import dataclass
import json
import os
from pathlib import Path
import tempfile

from rl_agent.bounded_files import read_json_object
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError
from rl_learner.actor_critic.algorithm import Algorithm

IDENTITY_FILE = 'replay.json'


@dataclass(frozen=True)
class RunIdentity:
    """Robot and replay layout of a run.

    Attributes:
        fingerprint: of the robot's observation and action layout.
        observation_size: length of an observation.
        action_size: length of an action.
        n_step: rewards summed in one row of replay.
    """

    fingerprint: str
    observation_size: int
    action_size: int
    n_step: int

    @classmethod
    def of(cls, spaces: Spaces, algorithm: Algorithm) -> 'RunIdentity':
        """Return the identity of a run that trains a robot with an algorithm."""
        return cls(
            spaces.fingerprint, spaces.observation_size, spaces.action_size, algorithm.n_step
        )


def claim_run(folder: Path, identity: RunIdentity) -> None:
    """Write a run's identity into its folder, or check the one that is there.

    Learner and bridge both call this; the second must agree with the first.

    Raises:
        ConfigurationError: the run has another robot or algorithm, or the file cannot be written.
    """
    path = folder / IDENTITY_FILE
    try:
        if not path.exists():
            _write(path, identity)
        given = read_json_object(path)
    except (OSError, ConfigurationError) as error:
        raise ConfigurationError(f'run folder: given {folder}: {error}') from error
    accepted = dataclasses.asdict(identity)
    wrong = [
        f'{name}: given {value}; accepted: {given.get(name)}'
        for name, value in accepted.items()
        if given.get(name) != value
    ]
    if wrong:
        raise ConfigurationError(
            f'{path}: the run has another robot or algorithm: {", ".join(wrong)}; or'
            ' another run_folder'
        )


def check_robot(folder: Path, spaces: Spaces) -> None:
    """Check that a run is of this kind of robot, if it has an identity.

    Raises:
        ConfigurationError: it is of another kind, or its identity cannot be read.
    """
    path = folder / IDENTITY_FILE
    if not path.exists():
        return
    try:
        accepted = read_json_object(path)['fingerprint']
    except (ConfigurationError, KeyError) as error:
        raise ConfigurationError(f'{path}: damaged: {error}') from error
    if accepted != spaces.fingerprint:
        raise ConfigurationError(
            f'{path}: fingerprint: given {spaces.fingerprint!r}; accepted: {accepted!r}, that of'
            " the run's robots"
        )


def _write(path: Path, identity: RunIdentity) -> None:
    """Create the file, unless the other process creates it first."""
    with tempfile.NamedTemporaryFile('w', dir=path.parent, prefix='.run') as file:
        json.dump(dataclasses.asdict(identity), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(file.name, path)
            path.chmod(0o644)

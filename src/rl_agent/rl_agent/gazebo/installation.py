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

"""Checks that Gazebo Harmonic is installed."""

from collections.abc import Mapping
import re
import shutil
import subprocess

from rl_agent.errors import ConfigurationError

HARMONIC = 8  # major version of `gz sim`
ACCEPTED = 'accepted: Gazebo Harmonic: sudo apt install ros-jazzy-ros-gz'
_VERSIONS_TIMEOUT_S = 60.0


def check_gazebo(environment: Mapping[str, str]) -> None:
    """Check that Gazebo Harmonic is installed.

    Args:
        environment: environment variables of Gazebo.

    Raises:
        ConfigurationError: Gazebo is not installed, or only in another version.
    """
    program = shutil.which('gz', path=environment.get('PATH', ''))
    if program is None:
        raise ConfigurationError(f'gz: not found in PATH; {ACCEPTED}')
    try:
        answer = subprocess.run(
            [program, 'sim', '--versions'],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_VERSIONS_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigurationError(f'{program}: does not run ({error}); {ACCEPTED}') from error
    versions = re.findall(r'^(\d+)\.\d+', answer.stdout, re.MULTILINE)
    if str(HARMONIC) not in versions:
        given = f'versions {", ".join(versions)}' if versions else 'no `gz sim`'
        raise ConfigurationError(f'{program}: given {given}; {ACCEPTED}')

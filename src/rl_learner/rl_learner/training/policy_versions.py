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

"""Policy version numbers that are never reused in a run, even if the learner is killed."""

from pathlib import Path

from rl_agent.errors import DiskError, TrainingError
from rl_agent.system.atomic_file import atomic_file

_RESERVED_PER_WRITE = 1000
_VERSIONS = 1 << 62  # far from the end of the message's field


class PolicyVersions:
    """Version numbers, reserved in a file.

    Checkpoints are too rare to count policies, and a file written for each policy would be too
    much, so the file reserves a thousand numbers at a time. A killed learner leaves the rest of
    its thousand unused.

    Attributes:
        newest: the last number returned.
    """

    def __init__(self, path: Path) -> None:
        """Continue after the reserved numbers; a new run starts with 1.

        Raises:
            TrainingError: the file is damaged.
        """
        self._path = path
        try:
            self.newest = int(path.read_text(encoding='ascii')) if path.exists() else 0
            if not 0 <= self.newest < _VERSIONS:
                raise ValueError(f'given {self.newest}')
        except (OSError, ValueError) as error:
            raise TrainingError(
                f'{path}: {error}; accepted: a whole number from 0 to 2**62, above every policy'
                ' version'
            ) from error
        self._reserved = self.newest

    def skip_to(self, version: int) -> None:
        """Continue after the version in a checkpoint, if that is higher."""
        self.newest = max(self.newest, version)

    def next(self) -> int:
        """Return a number that no policy of this run has used.

        Raises:
            DiskError: the number cannot be reserved.
        """
        if self.newest >= self._reserved:
            self._reserve(self.newest + _RESERVED_PER_WRITE)
        self.newest += 1
        return self.newest

    def release_unused(self) -> None:
        """Let the next start continue right after `newest`; called at an orderly end."""
        self._reserve(self.newest)

    def _reserve(self, version: int) -> None:
        """Write the highest reserved number to disk."""
        try:
            with atomic_file(self._path) as file:
                file.write(str(version).encode('ascii'))
        except OSError as error:
            raise DiskError(f'{self._path}: cannot be written: {error}') from error
        self._reserved = version

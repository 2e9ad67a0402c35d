# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Version numbers of policies that never come twice in a run, whenever the learner is killed."""

from pathlib import Path

from rl_agent.errors import DiskError, TrainingError
from rl_agent.system.atomic_file import atomic_file

_RESERVED_AT_ONCE = 1000


class PolicyVersions:
    """Numbers from a file that says which are reserved.

    A checkpoint a minute is too seldom to count policies, a file written with each of them too
    often: the file is written once for a thousand. A killed learner leaves the rest of its
    thousand unused.

    Attributes:
        newest: the last number given out.
    """

    def __init__(self, path: Path) -> None:
        """Go on behind the numbers that are reserved; a new run begins with 1.

        Raises:
            TrainingError: the file is damaged.
        """
        self._path = path
        try:
            self.newest = int(path.read_text(encoding='ascii')) if path.exists() else 0
        except (OSError, ValueError) as error:
            raise TrainingError(
                f'{path}: {error}; accepted: a whole number, above every policy version'
            ) from error
        self._reserved = self.newest

    def at_least(self, version: int) -> None:
        """Go on behind a version that a checkpoint knows."""
        self.newest = max(self.newest, version)

    def next(self) -> int:
        """Return a number that no policy of this run has had.

        Raises:
            DiskError: it cannot be reserved.
        """
        if self.newest >= self._reserved:
            self._reserve(self.newest + _RESERVED_AT_ONCE)
        self.newest += 1
        return self.newest

    def give_back(self) -> None:
        """Let the next start go on right behind the newest; for a learner that ends in order."""
        self._reserve(self.newest)

    def _reserve(self, version: int) -> None:
        """Bring a number to the disk."""
        try:
            with atomic_file(self._path) as file:
                file.write(str(version).encode('ascii'))
        except OSError as error:
            raise DiskError(f'{self._path}: cannot be written: {error}') from error
        self._reserved = version

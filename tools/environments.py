# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The virtual environments that `make` creates, and their contents."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from find_python import FOR_REVERB, FOR_ROS, Supported

ROOT = Path(__file__).resolve().parents[1]


class Environment(NamedTuple):
    """A virtual environment in a folder of this workspace.

    Attributes:
        folder: folder of the environment.
        make_target: target of make that creates it.
        pythons: accepted versions of Python.
        requirements: files that pip installs.
        pins: the requirements and the files that they include.
        packages: packages of this workspace in addition to rl_msgs.
        wheels: what limits it to certain machines.
        advice: advice for other machines, appended to the error.
        size: size and duration of the installation.
    """

    folder: Path
    make_target: str
    pythons: Supported
    requirements: tuple[Path, ...]
    pins: tuple[Path, ...]
    packages: tuple[str, ...]
    wheels: str
    advice: str
    size: str

    @property
    def python(self) -> Path:
        """Path of its interpreter."""
        return self.folder / 'bin' / 'python'

    @property
    def state(self) -> Path:
        """Folder for the state of the set-up."""
        return self.folder / 'setup'

    def stamp(self, step: str) -> Path:
        """Return the file with the fingerprint of a step of the set-up.

        Without the stamp of `environment`, the environment is recreated.
        """
        return self.state / f'{step}.stamp'


def _files(*names: str) -> tuple[Path, ...]:
    """Return files of requirements/."""
    return tuple(ROOT / 'requirements' / f'{name}.txt' for name in names)


EVERYTHING = Environment(
    ROOT / '.venv',
    'setup',
    FOR_REVERB,
    _files('learner', 'build', 'development'),
    _files('constraints', 'robot', 'learner', 'build', 'development'),
    ('rl_agent', 'rl_learner'),
    'Reverb and the ROS 2 wheels',
    '',
    'gigabytes, a few minutes',
)

# The same folder: what the learner machine needs of it.
LEARNER = EVERYTHING._replace(
    make_target='setup-learner',
    requirements=_files('learner', 'build'),
    pins=_files('constraints', 'robot', 'learner', 'build'),
)

ROBOT = Environment(
    ROOT / '.venv-robot',
    'setup-robot',
    FOR_ROS,
    _files('robot', 'build'),
    _files('constraints', 'robot', 'build'),
    ('rl_agent',),
    'the ROS 2 wheels',
    ': use a ROS 2 from apt, as docs/install.md says',
    'a minute or two',
)

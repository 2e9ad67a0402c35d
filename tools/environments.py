# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The environments that `make` can make, and what each is made of."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from find_python import FOR_REVERB, FOR_ROS, Supported

ROOT = Path(__file__).resolve().parents[1]


class Environment(NamedTuple):
    """A virtual environment in a folder of this workspace.

    Attributes:
        folder: where it is.
        make_target: what makes it.
        pythons: the versions that it may have.
        requirements: files that pip installs.
        pins: these, and the files that they include.
        packages: of this workspace, besides rl_msgs.
        wheels: what ties it to a kind of machine.
        advice: for other machines, to be put after a sentence.
        size: what a person has to wait for.
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
        """Return its interpreter."""
        return self.folder / 'bin' / 'python'

    @property
    def state(self) -> Path:
        """Return the folder in which the set-up keeps what it has to remember."""
        return self.folder / 'setup'

    def stamp(self, part: str) -> Path:
        """Return the file that says what a part of the set-up was made from.

        Without that of `environment` all is made anew.
        """
        return self.state / f'{part}.stamp'


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

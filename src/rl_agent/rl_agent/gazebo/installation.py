# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Whether the Gazebo that is needed is installed."""

from collections.abc import Mapping
import re
import shutil
import subprocess

from rl_agent.errors import ConfigurationError

HARMONIC = 8  # major version of `gz sim`
_FIX = 'accepted: Gazebo Harmonic: sudo apt install ros-jazzy-ros-gz'
_ASK_WITHIN_S = 60.0


def check_gazebo(environment: Mapping[str, str]) -> None:
    """Do nothing where Gazebo Harmonic is installed.

    Args:
        environment: variables that it would run with.

    Raises:
        ConfigurationError: there is none, or only another version.
    """
    program = shutil.which('gz', path=environment.get('PATH', ''))
    if program is None:
        raise ConfigurationError(f'gz: not found in PATH; {_FIX}')
    try:
        answer = subprocess.run(
            [program, 'sim', '--versions'],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ASK_WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigurationError(f'{program}: does not run ({error}); {_FIX}') from error
    versions = re.findall(r'^(\d+)\.\d+', answer.stdout, re.MULTILINE)
    if str(HARMONIC) not in versions:
        given = f'versions {", ".join(versions)}' if versions else 'no `gz sim`'
        raise ConfigurationError(f'{program}: given {given}; {_FIX}')

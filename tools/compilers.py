# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Finds C and C++ compilers that work."""

from __future__ import annotations

import functools
import os
from pathlib import Path
import shlex
import subprocess
import tempfile

# Variable, language, usual commands, and a program that needs the standard headers.
_COMPILERS = (
    ('CC', 'C', ('cc', 'gcc', 'clang'), '#include <stdio.h>\nint main(void) { return 0; }\n'),
    ('CXX', 'C++', ('c++', 'g++', 'clang++'), '#include <string>\nint main() { return 0; }\n'),
)


class NoCompilerError(Exception):
    """A compiler is missing; the message names the command that installs one."""


@functools.lru_cache(maxsize=None)
def find_compilers() -> dict[str, str]:
    """Return `CC` and `CXX` for CMake; environment variables of these names take precedence.

    Raises:
        NoCompilerError: a compiler is missing or does not work.
    """
    return {
        variable: _find(variable, language, names, program)
        for variable, language, names, program in _COMPILERS
    }


def _find(variable: str, language: str, names: tuple[str, ...], program: str) -> str:
    """Return the first command that compiles the program."""
    wanted = os.environ.get(variable, '')
    for command in (wanted,) if wanted else names:
        if _compiles(shlex.split(command), language, program):
            return command
    reason = f'{variable}={wanted} does not work' if wanted else 'none works'
    raise NoCompilerError(f'no {language} compiler ({reason}): sudo apt install g++')


def _compiles(command: list[str], language: str, program: str) -> bool:
    """Return whether a compiler compiles a program to an executable."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / 'program'
        arguments = ['-x', language.lower(), '-', '-o', str(target)]
        try:
            subprocess.run(
                [*command, *arguments],
                input=program,
                text=True,
                capture_output=True,
                timeout=60,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return target.exists()

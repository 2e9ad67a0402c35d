# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Finds a C and a C++ compiler that really compile."""

from __future__ import annotations

import functools
import os
from pathlib import Path
import shlex
import subprocess
import tempfile

# Variable, language, usual names, and a program that needs the standard library's headers.
_COMPILERS = (
    ('CC', 'C', ('cc', 'gcc', 'clang'), '#include <stdio.h>\nint main(void) { return 0; }\n'),
    ('CXX', 'C++', ('c++', 'g++', 'clang++'), '#include <string>\nint main() { return 0; }\n'),
)


class NoCompilerError(Exception):
    """A compiler is missing; the text names the command that installs one."""


@functools.lru_cache(maxsize=None)
def find_compilers() -> dict[str, str]:
    """Return `CC` and `CXX` for CMake; variables of these names are respected.

    Raises:
        NoCompilerError: there is none, or none that works.
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
    seen = f'{variable}={wanted} does not work' if wanted else 'none works'
    raise NoCompilerError(f'no {language} compiler ({seen}): sudo apt install g++')


def _compiles(command: list[str], language: str, program: str) -> bool:
    """Return whether a compiler makes an executable of a program."""
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

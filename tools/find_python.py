#!/usr/bin/env python3
# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Finds a supported Python; as a script, prints its path for Reverb, or what to install."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
from typing import Iterator, NamedTuple

# Systems that package a supported Python; elsewhere uv downloads one.
FROM_APT = {'debian 12': '3.11', 'ubuntu 22.04': '3.10', 'ubuntu 24.04': '3.12'}
FROM_UV = 'sudo apt install pipx && pipx install uv'

# Each candidate runs this itself, because a name on PATH proves nothing.
_PROBE = """
import importlib, json, os, sys, sysconfig
version = '%d.%d' % sys.version_info[:2]
missing = []
for module in ('ssl', 'zlib', 'ctypes', 'venv', 'ensurepip'):
    try:
        importlib.import_module(module)
    except ImportError:
        missing.append(module)
if not os.path.isfile(os.path.join(sysconfig.get_paths()['include'], 'Python.h')):
    missing.append('Python.h')
if sys.maxsize < 2**32:
    missing.append('64 bits')
print(json.dumps([version, '%d.%d.%d' % sys.version_info[:3], missing]))
"""


class Supported(NamedTuple):
    """The versions of Python that something has wheels for, the preferred one first."""

    what: str
    versions: tuple[str, ...]

    def __str__(self) -> str:
        """Return the versions as text."""
        *others, last = self.versions
        return f'{", ".join(others)} or {last}' if others else last


FOR_REVERB = Supported('Reverb', ('3.11', '3.10'))
FOR_ROS = Supported('ROS 2', ('3.12', '3.11', '3.10'))


class NoPythonError(Exception):
    """There is no usable Python; the message names the command that installs one."""


class Python(NamedTuple):
    """An interpreter that has run the probe."""

    path: str
    version: str
    release: str
    missing: tuple[str, ...]


@functools.lru_cache(maxsize=None)
def probe(path: str) -> Python | None:
    """Return a description of an interpreter, or None if it does not run (e.g. a dead shim)."""
    # without the caller's variables and start-up hooks
    command = [path, '-I', '-S', '-c', _PROBE]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        version, release, missing = json.loads(answer.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Python(path, version, release, tuple(missing))


def find_python(
    wanted: str = '', excluded: Path | None = None, supported: Supported = FOR_REVERB
) -> Python:
    """Return a usable interpreter of a supported version.

    Args:
        wanted: path or name of the only interpreter to consider; empty for any.
        excluded: folder whose interpreters are ignored.
        supported: accepted versions.

    Raises:
        NoPythonError: there is no usable interpreter.
    """
    if wanted:
        return _checked(wanted, supported)
    candidates = _candidates(excluded, supported)
    for version in supported.versions:
        for python in candidates:
            if python.version == version and not python.missing:
                return python
    downloaded = _python_of_uv(supported)
    if downloaded is not None:
        return downloaded
    raise NoPythonError(_what_to_install(candidates, supported))


def _checked(wanted: str, supported: Supported) -> Python:
    """Return the named interpreter if it can be used, else raise NoPythonError."""
    python = probe(shutil.which(wanted) or wanted)
    accepted = f'accepted: a Python {supported}'
    if python is None:
        raise NoPythonError(f'PYTHON={wanted}: does not run; {accepted}')
    if python.version not in supported.versions:
        raise NoPythonError(f'PYTHON={wanted}: is Python {python.release}; {accepted}')
    if python.missing:
        raise NoPythonError(f'PYTHON={wanted}: has no {", ".join(python.missing)}; {accepted}')
    return python


def _candidates(excluded: Path | None, supported: Supported) -> list[Python]:
    """Return the working interpreters in the order of the search path."""
    paths = _paths(supported)
    outside = (path for path in paths if excluded is None or excluded not in path.parents)
    return [python for python in map(probe, map(str, outside)) if python is not None]


def _paths(supported: Supported) -> Iterator[Path]:
    """Yield executables named like a Python: on PATH, of pyenv, and this interpreter."""
    names = [f'python{version}' for version in supported.versions] + ['python3', 'python']
    folders = [folder for folder in map(Path, os.get_exec_path()) if folder.is_absolute()]
    # pyenv's shims run only the active versions; the others are here
    pyenv = Path(os.environ.get('PYENV_ROOT', Path.home() / '.pyenv'))
    for version in supported.versions:
        folders += sorted(pyenv.glob(f'versions/{version}.*/bin'), reverse=True)
    files = [folder / name for name in names for folder in folders]
    yield from (file for file in files if os.access(file, os.X_OK))
    yield Path(sys.executable)


def _python_of_uv(supported: Supported) -> Python | None:
    """Return a Python that uv has or can download, or None."""
    home = Path.home()
    search_path = os.pathsep.join(
        [*os.get_exec_path(), f'{home}/.local/bin', f'{home}/.cargo/bin']
    )
    uv = shutil.which('uv', path=search_path)
    if uv is None:
        return None
    environment = {**os.environ, 'UV_PYTHON_PREFERENCE': 'only-managed'}
    print(f'setup: asking uv for Python {supported.versions[0]}', file=sys.stderr, flush=True)
    subprocess.run([uv, 'python', 'install', supported.versions[0]], env=environment, check=False)
    found = subprocess.run(
        [uv, 'python', 'find', supported.versions[0]],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    python = probe(found.stdout.strip()) if found.returncode == 0 else None
    usable = python is not None and python.version in supported.versions and not python.missing
    return python if usable else None


def _what_to_install(candidates: list[Python], supported: Supported) -> str:
    """Return in one line what is missing and the command that installs it."""
    incomplete = [python for python in candidates if python.version in supported.versions]
    for python in incomplete:
        problem = f'{python.path} has no {", ".join(python.missing)}'
        if Path(python.path).parent in (Path('/usr/bin'), Path('/bin')):
            return f'{problem}: {_apt_command(python.version)}'
    found = sorted({python.release for python in candidates})
    problem = (
        f'{incomplete[0].path} has no {", ".join(incomplete[0].missing)}'
        if incomplete
        else f'no Python {supported} for {supported.what} (found: {", ".join(found) or "none"})'
    )
    version = FROM_APT.get(_system())
    return f'{problem}: {_apt_command(version) if version in supported.versions else FROM_UV}'


def _apt_command(version: str) -> str:
    """Return the command that installs a Python, its venv module and its headers."""
    return f'sudo apt install python{version} python{version}-venv python{version}-dev'


def _system() -> str:
    """Return the operating system, such as `debian 12`, or an empty string if unknown."""
    try:
        lines = Path('/etc/os-release').read_text(encoding='utf-8').splitlines()
    except OSError:
        return ''
    entries = dict(line.split('=', 1) for line in lines if '=' in line)
    names = (entries.get(key, '').strip('"') for key in ('ID', 'VERSION_ID'))
    return ' '.join(names)


def main() -> int:
    """Print the path of a usable Python, or what to install."""
    try:
        print(find_python(os.environ.get('PYTHON', '')).path)
    except NoPythonError as error:
        print(f'setup: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())

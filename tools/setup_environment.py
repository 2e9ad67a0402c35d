#!/usr/bin/env python3
# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Creates `.venv`, or with the argument `robot` `.venv-robot`; `--check` only checks it.

With the argument `learner`, `.venv` lacks what only tests and benchmarks need.

An environment has the packages that requirements/ pins for it and packages of this workspace. The
script runs with any Python from 3.8 and finds the right one for the environment. Each of the four
steps runs only when its inputs have changed. Environment variables: `PYTHON` names the interpreter
to use, `CC` and `CXX` the compilers.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
from pathlib import Path
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from typing import Iterator

from compilers import find_compilers, NoCompilerError
from environments import Environment, EVERYTHING, LEARNER, ROBOT, ROOT
from find_python import find_python, NoPythonError, probe, Python
from run_logged import CommandError, run_logged
from stamped_step import fingerprint, read_text, remove_file, StampedStep

_SCRIPT_NAMES = 'compilers environments find_python run_logged setup_environment stamped_step'
SCRIPTS = tuple(ROOT / 'tools' / f'{name}.py' for name in _SCRIPT_NAMES.split())

# Set by sourced ROS installations and other environments; wrong in this environment.
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
    """This machine or folder cannot be used; the message says why in one line."""


TARGETS = {'everything': EVERYTHING, 'learner': LEARNER, 'robot': ROBOT}


def bring_up_to_date(target: Environment) -> None:
    """Run the steps that have not been completed with the present inputs.

    Raises:
        SetupError: the environment cannot be created on this machine.
        NoPythonError: there is no usable Python.
        NoCompilerError: there is no usable compiler.
        CommandError: pip or CMake failed.
    """
    start = time.monotonic()
    _check_machine(target)
    python = _python_in_use(target)
    if python is None:
        python = find_python(os.environ.get('PYTHON', ''), ROOT, target.pythons)
        # Remove a link to another environment or to nothing, but not what it points to.
        if target.folder.is_symlink() and (target.state.exists() or not target.folder.exists()):
            target.folder.unlink()
        remove_file(target.stamp('environment'))
    steps = _steps(target, python)
    if all(step.is_current() for step in steps):
        print(f'setup: {target.folder.name} is up to date')
        return
    find_compilers()  # fail now rather than after minutes of downloads
    for step in steps:
        if not step.is_current():
            step.run()
    print(f'setup: done in {time.monotonic() - start:.0f} s')


def check(target: Environment) -> None:
    """Check that an environment is up to date.

    Raises:
        SetupError: it is missing or out of date.
    """
    python = _python_in_use(target)
    if python is None or not all(step.is_current() for step in _steps(target, python)):
        state = 'out of date' if target.folder.exists() else 'missing'
        raise SetupError(f'{target.folder.name} is {state}: make {target.make_target}')


def _check_machine(target: Environment) -> None:
    """Raise SetupError if the wheels cannot run on this machine."""
    machine = f'{platform.system()} on {platform.machine()}'
    if machine != 'Linux on x86_64':
        raise SetupError(f'{target.wheels} need Linux on x86_64, this is {machine}{target.advice}')


def _python_in_use(target: Environment) -> Python | None:
    """Return the environment's interpreter, or None if the environment must be recreated."""
    python = probe(str(target.python)) if target.python.exists() else None
    if python is None or python.version not in target.pythons.versions:
        return None
    created_from = read_text(target.stamp('environment'))
    if target.state.exists() and created_from != _environment_fingerprint(target, python):
        return None
    wanted = os.environ.get('PYTHON', '')
    if not wanted:
        return python
    found = find_python(wanted, supported=target.pythons)
    return python if found.release == python.release else None


def _steps(target: Environment, python: Python) -> list[StampedStep]:
    """Return all steps in order; the fingerprint of a step depends on the earlier steps.

    Without sources, as in the first layers of a container image, only the pinned packages follow.
    """
    environment = _environment_fingerprint(target, python)
    requirements = fingerprint([environment], [*target.pins, *SCRIPTS])
    pinned = [
        StampedStep(
            target.stamp('environment'), environment, lambda: _make_environment(target, python)
        ),
        StampedStep(
            target.stamp('requirements'), requirements, lambda: _install_requirements(target)
        ),
    ]
    if not (ROOT / 'src').is_dir():
        return pinned
    interfaces = [file for file in (ROOT / 'src' / 'rl_msgs').rglob('*') if file.is_file()]
    names = ('package.xml', 'setup.cfg', 'setup.py')
    descriptions = [ROOT / 'src' / package / name for package in target.packages for name in names]
    messages = fingerprint([requirements], interfaces)
    packages = fingerprint([requirements], descriptions)
    return [
        *pinned,
        StampedStep(target.stamp('rl_msgs'), messages, lambda: _build_rl_msgs(target)),
        StampedStep(target.stamp('packages'), packages, lambda: _install_packages(target)),
    ]


def _environment_fingerprint(target: Environment, python: Python) -> str:
    """Return a hash of the interpreter and of the path, which the installed scripts contain."""
    return fingerprint([python.release, str(target.folder)], [])


def _make_environment(target: Environment, python: Python) -> None:
    """Create an empty environment, or use one that the user created."""
    name = target.folder.name
    if target.python.exists() and not target.state.exists():
        found = probe(str(target.python))
        if found is None or found.release != python.release:
            raise SetupError(
                f'{target.folder} was not created by this script and is not Python'
                f' {python.release}: remove it'
            )
        print(f'setup: using the existing {name} (Python {python.release})', flush=True)
        target.state.mkdir()
        return
    print(f'setup: making {name} with {python.path} (Python {python.release})', flush=True)
    if target.folder.exists():
        shutil.rmtree(target.folder)
    target.state.mkdir(parents=True)
    _run(target, 'venv', [python.path, '-m', 'venv', str(target.folder)])


def _install_requirements(target: Environment) -> None:
    """Install the pinned packages, and correct the paths in the ROS 2 wheels."""
    print(f'setup: installing the pinned packages: {target.size}', flush=True)
    # An interrupted pip may leave anything behind: without the stamp it is not reused.
    stamp = read_text(target.stamp('environment'))
    remove_file(target.stamp('environment'))
    files = [f'--requirement={file}' for file in target.requirements]
    _run(target, 'pip', [*_pip_install(target), *files])
    _correct_exported_paths(target)
    target.stamp('environment').write_text(stamp, encoding='utf-8')


def _correct_exported_paths(target: Environment) -> None:
    """Replace the paths of the build machine in the CMake files of the wheels."""
    program = 'import numpy, sysconfig; print(sysconfig.get_paths()["include"])'
    answer = subprocess.run(
        [str(target.python), '-c', f'{program}; print(numpy.get_include())'],
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
    """Generate, compile and install rl_msgs in place of an earlier build."""
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
    # A message that was removed from the sources must not remain importable.
    for line in read_text(installed).splitlines():
        remove_file(Path(line))
    _run(target, 'cmake_install', [cmake, '--install', str(build)])
    shutil.copy(build / 'install_manifest.txt', installed)


def _install_packages(target: Environment) -> None:
    """Install the Python packages in editable mode."""
    print(f'setup: installing {" and ".join(target.packages)}', flush=True)
    sources = [f'--editable={ROOT / "src" / name}' for name in target.packages]
    # Otherwise older pips run setup.py, which newer setuptools refuse.
    options = ['--no-deps', '--no-build-isolation', '--use-pep517']
    _run(target, 'packages', [*_pip_install(target), *options, *sources])


def _pip_install(target: Environment) -> list[str]:
    """Return the start of a pip install command."""
    options = ['--no-input', '--disable-pip-version-check', '--progress-bar=off']
    return [str(target.python), '-m', 'pip', 'install', *options]


def _run(target: Environment, name: str, command: list[str]) -> None:
    """Run a command with its output in a log outside the environment, which may be replaced."""
    log = ROOT / 'log' / target.make_target / f'{name}.log'
    run_logged(command, log, _variables(target), ROOT)


def _variables(target: Environment) -> dict[str, str]:
    """Return the variables for pip and CMake: those of this environment and of no other."""
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
def _lock() -> Iterator[None]:
    """Allow one set-up of this folder at a time; the lock ends with its process."""
    with (ROOT / '.venv.lock').open('w', encoding='utf-8') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print('setup: waiting for another set-up of this folder', flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Bring an environment up to date; print an error in one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('environment', nargs='?', choices=TARGETS, default='everything')
    parser.add_argument('--check', action='store_true', help='only check whether it is up to date')
    options = parser.parse_args()
    target = TARGETS[options.environment]
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        with _lock():
            (check if options.check else bring_up_to_date)(target)
    except (
        SetupError,
        NoPythonError,
        NoCompilerError,
        CommandError,
        OSError,
        subprocess.SubprocessError,
    ) as error:
        print(f'setup: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('setup: interrupted; the next run repairs what is half done', file=sys.stderr)
        return 130
    return 0


if __name__ == '__main__':
    sys.exit(main())

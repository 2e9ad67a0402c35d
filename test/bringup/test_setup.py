# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""`make setup` when something is missing, fails or is interrupted: one line, and no harm done.

Each test uses a copy of the workspace with requirements that are cheap or broken on purpose.
"""

import fcntl
import os
from pathlib import Path
import select
import shutil
import signal
import subprocess
import sys

import pytest

INTERPRETER = Path(sys.executable).resolve()
PYTHON = f'python{sys.version_info.major}.{sys.version_info.minor}'
# A build backend for which pip needs no download; it writes its process id and then hangs.
HANGING_BACKEND = """
import os, pathlib, time
def get_requires_for_build_wheel(settings=None):
    pathlib.Path({pipe!r}).write_text(str(os.getpid()))
    time.sleep(600)
"""
HANGING_PROJECT = """
[build-system]
requires = []
build-backend = 'backend'
backend-path = ['.']
"""


@pytest.fixture
def copy(tmp_path: Path, workspace: Path) -> Path:
    """Return a copy of the files that the set-up reads, with empty requirements."""
    folder = tmp_path / 'workspace'
    folder.mkdir()
    shutil.copy(workspace / 'Makefile', folder)
    shutil.copytree(workspace / 'tools', folder / 'tools')
    shutil.copytree(workspace / 'src' / 'rl_msgs', folder / 'src' / 'rl_msgs')
    for package in ('rl_agent', 'rl_learner'):
        source, target = workspace / 'src' / package, folder / 'src' / package
        target.mkdir()
        for name in ('package.xml', 'setup.cfg', 'setup.py'):
            shutil.copy(source / name, target)
    (folder / 'requirements').mkdir()
    for name in ('constraints', 'robot', 'learner', 'build', 'development'):
        (folder / 'requirements' / f'{name}.txt').touch()
    return folder


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Return a folder to use as PATH: a shell, make, a good Python, no compiler."""
    folder = tmp_path / 'programs'
    folder.mkdir()
    for name in ('sh', 'make'):
        path = shutil.which(name)
        assert path is not None
        (folder / name).symlink_to(path)
    for name in ('python3', PYTHON):
        (folder / name).symlink_to(INTERPRETER)
    return folder


def script(path: Path, text: str) -> Path:
    """Return a new executable shell script."""
    path.unlink(missing_ok=True)
    path.write_text(f'#!/bin/sh\n{text}\n')
    path.chmod(0o755)
    return path


def variables(path: str, home: Path, **more: str) -> dict[str, str]:
    """Return an environment that has only PATH of this machine's set-up."""
    return {'PATH': path, 'HOME': str(home), 'TMPDIR': str(home), **more}


def make_setup(
    folder: Path, environment: dict[str, str], target: str = 'setup'
) -> subprocess.CompletedProcess[str]:
    """Return the finished `make setup`."""
    return subprocess.run(
        ['make', '--no-print-directory', target],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def error_lines(finished: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the lines that a failed set-up itself wrote to stderr."""
    assert finished.returncode != 0, finished.stdout
    assert 'Traceback' not in finished.stderr
    return [
        line for line in finished.stderr.splitlines() if not line.startswith(('make: ', 'make['))
    ]


def hanging_package(folder: Path) -> Path:
    """Write a package that pip cannot finish; return the pipe that names pip's child."""
    folder.mkdir()
    pipe = folder / 'process_id'
    os.mkfifo(pipe)
    (folder / 'pyproject.toml').write_text(HANGING_PROJECT)
    (folder / 'backend.py').write_text(HANGING_BACKEND.format(pipe=str(pipe)))
    return pipe


def test_without_a_compiler_one_line_names_the_package(
    copy: Path, programs: Path, tmp_path: Path
) -> None:
    finished = make_setup(copy, variables(str(programs), tmp_path))
    (line,) = error_lines(finished)
    assert 'no C compiler' in line
    assert line.endswith('sudo apt install g++')
    assert not (copy / '.venv').exists()


def test_a_compiler_that_does_not_compile_counts_as_missing(
    copy: Path, programs: Path, tmp_path: Path
) -> None:
    broken = script(programs / 'cc', 'exit 1')
    finished = make_setup(copy, variables(str(programs), tmp_path, CC=str(broken)))
    (line,) = error_lines(finished)
    assert f'CC={broken} does not work' in line


def test_without_a_python_for_reverb_one_line_names_the_package(
    copy: Path, programs: Path, tmp_path: Path
) -> None:
    finder = copy / 'tools' / 'find_python.py'
    text = finder.read_text()
    assert "('3.11', '3.10')" in text
    finder.write_text(text.replace("('3.11', '3.10')", "('3.0',)"))
    finished = make_setup(copy, variables(str(programs), tmp_path))
    (line,) = error_lines(finished)
    release = '.'.join(map(str, sys.version_info[:3]))
    assert 'no Python 3.0 for Reverb' in line
    assert release in line
    assert ': sudo apt install ' in line


@pytest.mark.parametrize(
    ('answer', 'complaint'),
    [
        ('echo \'["3.12", "3.12.1", []]\'', 'is Python 3.12.1'),
        ('echo \'["3.11", "3.11.2", ["ensurepip", "Python.h"]]\'', 'has no ensurepip, Python.h'),
        ('echo "pyenv: python3.11: command not found" >&2; exit 127', 'does not run'),
    ],
)
def test_an_unusable_python_given_by_the_user_is_refused(
    copy: Path, programs: Path, tmp_path: Path, answer: str, complaint: str
) -> None:
    fake = script(tmp_path / 'fake_python', answer)
    finished = make_setup(copy, variables(str(programs), tmp_path, PYTHON=str(fake)))
    assert error_lines(finished) == [
        f'setup: PYTHON={fake}: {complaint}; accepted: a Python 3.11 or 3.10'
    ]


def test_a_robots_environment_accepts_other_pythons(
    copy: Path, programs: Path, tmp_path: Path
) -> None:
    fake = script(tmp_path / 'fake_python', 'echo \'["3.13", "3.13.0", []]\'')
    environment = variables(str(programs), tmp_path, PYTHON=str(fake))
    finished = make_setup(copy, environment, 'setup-robot')
    assert error_lines(finished) == [
        f'setup: PYTHON={fake}: is Python 3.13.0; accepted: a Python 3.12, 3.11 or 3.10'
    ]


def test_a_robots_environment_installs_only_the_robots_requirements(
    copy: Path, tmp_path: Path
) -> None:
    """`--check` makes nothing; pip fails with a requirement of the robot."""
    command = [str(INTERPRETER), 'tools/setup_environment.py', 'robot', '--check']
    checked = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert checked.stderr == 'setup: .venv-robot is missing: make setup-robot\n'
    assert not (copy / '.venv-robot').exists()
    (copy / 'requirements' / 'learner.txt').write_text('./heavy-1.0-py3-none-any.whl\n')
    (copy / 'requirements' / 'robot.txt').write_text('./absent-1.0-py3-none-any.whl\n')
    environment = variables(os.environ['PATH'], tmp_path, PYTHON=str(INTERPRETER))
    finished = make_setup(copy, environment, 'setup-robot')
    assert 'absent-1.0' in ''.join(error_lines(finished))
    log = copy / 'log' / 'setup-robot' / 'pip.log'
    assert 'heavy-1.0' not in log.read_text()
    assert not (copy / '.venv').exists()


def test_broken_shims_are_skipped(copy: Path, programs: Path, tmp_path: Path) -> None:
    shims = tmp_path / 'shims'
    shims.mkdir()
    for name in ('python3', 'python', PYTHON):
        script(shims / name, 'echo "pyenv: command not found" >&2; exit 127')
    environment = variables(f'{shims}{os.pathsep}{programs}', tmp_path)
    found = subprocess.run(
        [INTERPRETER, copy / 'tools' / 'find_python.py'],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert Path(found.stdout.strip()).resolve() == INTERPRETER


def test_a_failing_pip_fails_with_its_last_lines_and_the_log(copy: Path, tmp_path: Path) -> None:
    (copy / 'requirements' / 'learner.txt').write_text('./absent-1.0-py3-none-any.whl\n')
    finished = make_setup(copy, variables(os.environ['PATH'], tmp_path, PYTHON=str(INTERPRETER)))
    lines = error_lines(finished)
    log = copy / 'log' / 'setup' / 'pip.log'
    assert lines[0] == 'setup: python failed with exit status 1; its last lines:'
    assert any('absent-1.0-py3-none-any.whl' in line for line in lines[1:-1])
    assert lines[-1] == f'The whole output is in {log}'
    assert 'absent-1.0-py3-none-any.whl' in log.read_text()


def test_sigterm_ends_every_process_and_the_next_run_starts_anew(
    copy: Path, tmp_path: Path
) -> None:
    pipe = hanging_package(copy / 'hanging')
    (copy / 'requirements' / 'learner.txt').write_text('./hanging\n')
    environment = variables(os.environ['PATH'], tmp_path, PYTHON=str(INTERPRETER))
    command = ['make', '--no-print-directory', 'setup']
    process = subprocess.Popen(
        command, cwd=copy, env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        child = os.pidfd_open(int(pipe.read_text()))
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    assert process.returncode != 0
    assert 'setup: interrupted; the next run repairs what is half done' in errors
    ended, _, _ = select.select([child], [], [], 10.0)
    os.close(child)
    assert ended, "pip's child lives on"

    (copy / 'requirements' / 'learner.txt').write_text('./absent-1.0-py3-none-any.whl\n')
    finished = make_setup(copy, environment)
    assert 'setup: making .venv' in finished.stdout


def test_an_environment_made_otherwise_is_not_deleted(copy: Path, tmp_path: Path) -> None:
    (copy / '.venv' / 'bin').mkdir(parents=True)
    fake = script(copy / '.venv' / 'bin' / 'python', 'echo \'["3.12", "3.12.1", []]\'')
    finished = make_setup(copy, variables(os.environ['PATH'], tmp_path, PYTHON=str(INTERPRETER)))
    (line,) = error_lines(finished)
    assert str(copy / '.venv') in line
    assert fake.is_file()


def test_a_link_to_another_environment_is_removed_but_not_its_target(
    copy: Path, tmp_path: Path
) -> None:
    other = tmp_path / 'other'
    for name in ('bin', 'setup'):
        (other / name).mkdir(parents=True)
    (other / 'bin' / 'python').symlink_to(INTERPRETER)
    (other / 'setup' / 'environment.stamp').write_text('whole')
    (copy / '.venv').symlink_to(other)
    finished = make_setup(copy, variables(os.environ['PATH'], tmp_path, PYTHON=str(INTERPRETER)))
    assert 'setup: making .venv' in finished.stdout
    assert not (copy / '.venv').is_symlink()
    assert (other / 'setup' / 'environment.stamp').read_text() == 'whole'


def test_a_second_set_up_waits_for_the_first(copy: Path, programs: Path, tmp_path: Path) -> None:
    with (copy / '.venv.lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen(
            ['make', '--no-print-directory', 'setup'],
            cwd=copy,
            env=variables(str(programs), tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line == 'setup: waiting for another set-up of this folder\n'
            assert process.poll() is None
            fcntl.flock(lock, fcntl.LOCK_UN)
            _, errors = process.communicate(timeout=60)
    assert 'no C compiler' in errors  # it continued to the next error


def test_a_second_run_does_nothing(workspace: Path) -> None:
    stamps = sorted((workspace / '.venv' / 'setup').glob('*.stamp'))
    before = [stamp.stat().st_mtime_ns for stamp in stamps]
    finished = make_setup(workspace, dict(os.environ))
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout == 'setup: .venv is up to date\n'
    assert len(stamps) == 4
    assert [stamp.stat().st_mtime_ns for stamp in stamps] == before


def test_an_error_about_an_unknown_benchmark_lists_the_benchmarks(workspace: Path) -> None:
    finished = subprocess.run(
        ['make', '--no-print-directory', 'bench', 'BENCH=nonsense'],
        cwd=workspace,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    (line,) = error_lines(finished)
    assert line.startswith("bench: no benchmark named 'nonsense'; accepted: BENCH=")

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Executables of the learner on a Python without Reverb, as `ros2 run` starts them."""

import importlib
from importlib.metadata import entry_points
import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

COMMANDS = sorted(
    script.name
    for script in entry_points(group='console_scripts')
    if script.value.startswith('rl_learner.entry_points:')
)


def ran(folder: Path, name: str) -> 'subprocess.CompletedProcess[str]':
    """Run `NAME --help` on a Python with an older pydantic, which it finds in a folder."""
    (folder / 'pydantic.py').write_text('__version__ = "1.10.14"\n')
    (folder / 'elsewhere').mkdir()
    path = os.pathsep.join([str(folder), os.environ.get('PYTHONPATH', '')])
    program = f'import sys\nfrom rl_learner.entry_points import {name}\nsys.exit({name}())'
    return subprocess.run(
        [sys.executable, '-c', program, '--help'],
        cwd=folder / 'elsewhere',
        env={**os.environ, 'PYTHONPATH': path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize('name', COMMANDS)
def test_a_command_is_the_main_of_a_module(name: str) -> None:
    command = getattr(importlib.import_module('rl_learner.entry_points'), name)
    assert callable(importlib.import_module(command.module).main)


def test_a_command_runs_on_a_python_that_has_reverb(tmp_path: Path) -> None:
    done = ran(tmp_path, 'rl_runs')
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('usage: rl_runs')


def test_without_such_a_python_there_is_one_line(tmp_path: Path, workspace: Path) -> None:
    """There is no .venv near copies of the packages."""
    for package in ('rl_agent', 'rl_learner'):
        shutil.copytree(workspace / 'src' / package / package, tmp_path / package)
    done = ran(tmp_path, 'learner')
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f'error: python: no .venv in a folder above {tmp_path}')
    assert line.endswith('PATH -m rl_learner.nodes.learner_node')

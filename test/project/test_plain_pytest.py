# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""`colcon test` with what apt has: no plugins of pytest, and without packages from pip."""

import os
from pathlib import Path
import re
import shutil
import subprocess
import sys

import pytest

PLUGINS = ('pytest_timeout', 'pytest_rerunfailures', 'xdist')
# a plugin that hides modules from every import
HIDES = 'import sys\nsys.modules.update(dict.fromkeys({names!r}))\n'
SKIPPED = re.compile(r'^SKIPPED \[(\d+)\] (\S+?):\d+: (.*)$', re.MULTILINE)
COLLECTED = re.compile(r'^(\d+) tests collected', re.MULTILINE)
NO_TESTS = 5  # exit status of pytest; `colcon test` accepts it


def collect(folder: Path, hidden: tuple[str, ...], tmp_path: Path) -> tuple[int, set[str], int]:
    """Import all test modules of a package as `colcon test` does, without some modules.

    Returns:
        Number of tests, reasons for which files were skipped, and number of these files.
    """
    (tmp_path / 'hides_modules.py').write_text(HIDES.format(names=(*PLUGINS, *hidden)))
    environment = {
        **os.environ,
        'PYTEST_DISABLE_PLUGIN_AUTOLOAD': '1',
        'PYTHONDONTWRITEBYTECODE': '1',
        'PYTHONPATH': str(tmp_path),
    }
    environment.pop('PYTEST_ADDOPTS', None)
    finished = subprocess.run(
        [sys.executable, '-m', 'pytest', '-p', 'hides_modules', '--collect-only', '-q', '-rs'],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    told = finished.stdout
    assert finished.returncode in (0, NO_TESTS), told[-4000:] + finished.stderr[-4000:]
    skipped = SKIPPED.findall(told)
    tests = COLLECTED.search(told)
    reasons = {reason for _, _, reason in skipped}
    return int(tests[1]) if tests else 0, reasons, sum(int(count) for count, _, _ in skipped)


@pytest.mark.parametrize(
    ('package', 'hidden'),
    [('rl_agent', ('hypothesis', 'mujoco', 'PIL')), ('rl_learner', ('hypothesis', 'mujoco'))],
)
def test_every_module_imports_without_plugins_and_optional_packages(
    workspace: Path, tmp_path: Path, package: str, hidden: tuple[str, ...]
) -> None:
    folder = workspace / 'src' / package
    tests, reasons, skipped = collect(folder, hidden, tmp_path)
    assert tests > 300
    assert {reason.split()[0] for reason in reasons} <= {'hypothesis', 'mujoco', 'pillow'}
    assert skipped < 10


@pytest.mark.parametrize(
    ('package', 'hidden', 'reason'),
    [
        ('rl_agent', ('gymnasium',), 'no gymnasium; accepted: the Python in docs/install.md'),
        ('rl_agent', ('pydantic_core',), 'no pydantic 2; accepted: the Python in docs/install.md'),
        ('rl_learner', ('torch', 'reverb'), 'no reverb, torch; accepted: the Python of .venv'),
    ],
)
def test_a_python_that_lacks_a_package_skips_every_file(
    workspace: Path, tmp_path: Path, package: str, hidden: tuple[str, ...], reason: str
) -> None:
    """Also for the package's folder alone, out of reach of pyproject.toml."""
    folder = tmp_path / package
    ignored = shutil.ignore_patterns('__pycache__', 'build')
    shutil.copytree(workspace / 'src' / package, folder, ignore=ignored)
    modules = list((folder / 'test').rglob('test_*.py'))
    assert collect(folder, hidden, tmp_path) == (0, {reason}, len(modules))

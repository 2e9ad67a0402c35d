# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""`make test-gazebo` up to its tests: preparation, and failures of it."""

import importlib
from pathlib import Path
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def calls() -> list[str]:
    return []


@pytest.fixture
def run(workspace: Path, monkeypatch: pytest.MonkeyPatch, calls: list[str]) -> ModuleType:
    """Return the program, which only records that it would fetch, compile and test."""
    monkeypatch.syspath_prepend(str(workspace / 'test' / 'gazebo_runs'))
    module = importlib.import_module('run')
    monkeypatch.delitem(sys.modules, 'run')

    def test(command: list[str], **_: Any) -> 'subprocess.CompletedProcess[bytes]':
        assert '--override-ini=faulthandler_timeout=0' in command, 'learning takes minutes'
        calls.append('test')
        return subprocess.CompletedProcess(command, 3)

    monkeypatch.setattr(module, 'fetch_gazebo', lambda _: calls.append('fetch'))
    monkeypatch.setattr(module, 'lockstep_library', lambda _: calls.append('compile'))
    monkeypatch.setattr(module.subprocess, 'run', test)
    return module


def test_the_plugin_is_compiled_before_the_tests(run: ModuleType, calls: list[str]) -> None:
    assert run.main() == 3
    assert calls == ['fetch', 'compile', 'test']


@pytest.mark.parametrize(
    ('step', 'error', 'code', 'named'),
    [
        ('fetch_gazebo', 'ArchiveUnreachableError', 0, 'SKIPPED, the Debian archive cannot be'),
        ('fetch_gazebo', 'FetchError', 1, 'test-gazebo: why'),
        (
            'lockstep_library',
            'FileNotFoundError',
            1,
            'the lockstep plugin cannot be compiled: why',
        ),
    ],
)
def test_without_gazebo_or_its_plugin_no_tests_run(
    step: str,
    error: str,
    code: int,
    named: str,
    run: ModuleType,
    calls: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    kind = getattr(run, error, FileNotFoundError)

    def fail(_: Path) -> None:
        raise kind('why')

    monkeypatch.setattr(run, step, fail)
    assert run.main() == code
    assert named in ''.join(capfd.readouterr())
    assert 'test' not in calls

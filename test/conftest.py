# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What all tests across packages share."""

from collections.abc import Iterator
import os
from pathlib import Path

import pytest
from rl_learner.system.domain import claim_domain, local_environment


def pytest_sessionstart() -> None:
    """Stop with one line where the messages are missing, instead of an error in every file."""
    try:
        from rl_msgs.msg import TransitionBatch  # noqa: F401
    except ImportError as error:
        pytest.exit(f'rl_msgs is not built ({error}): run `make setup`', returncode=3)


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the marks in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests across packages run once more if they fail; keep tests of one fixture together.

    How long processes wait for each other depends on what else the machine does. A test that
    fails twice has failed; one that is rerun often (`RERUN` in the summary) hides a race.

    Where pytest-xdist runs tests side by side, those that share a fixture of their module run in
    the same process, so that the fixture's programs start once.
    """
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.flaky(reruns=1))
        if _shares_a_fixture(item):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


def _shares_a_fixture(item: pytest.Item) -> bool:
    """Return whether a test uses a fixture that its whole module has in common."""
    info = getattr(item, '_fixtureinfo', None)
    definitions = info.name2fixturedefs.values() if info else ()
    return any(definition.scope == 'module' for found in definitions for definition in found)


@pytest.fixture(scope='session')
def ros_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Yield the variables for subprocesses; this process has them too.

    The run has a ROS domain of its own, stays on this machine, and keeps its logs to itself.
    """
    with claim_domain() as domain, pytest.MonkeyPatch.context() as patch:
        environment = local_environment(domain)
        environment['ROS_LOG_DIR'] = str(tmp_path_factory.mktemp('ros_log'))
        environment['XDG_STATE_HOME'] = str(tmp_path_factory.mktemp('state'))  # of the spools
        environment.pop('ROS_HOME', None)
        for name in os.environ.keys() - environment.keys():
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        yield environment


@pytest.fixture(scope='session')
def workspace() -> Path:
    """Return the top folder of this repository."""
    return Path(__file__).resolve().parents[1]

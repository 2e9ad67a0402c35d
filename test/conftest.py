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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a test of several processes run once more if it fails: `RERUN` in the summary.

    How long processes wait for each other is up to a machine that others may use, too. A test
    that fails twice has failed; one that is rerun again and again hides a race.
    """
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.flaky(reruns=1))


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

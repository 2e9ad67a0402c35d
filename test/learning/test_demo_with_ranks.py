# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A demo whose learner has two ranks, each of which is killed in turn: the robot still learns.

Runs with RL_TEST_KILLS=1 in the environment. It prints the time from each kill to the next update.
"""

from collections.abc import Iterator
import contextlib
import json
import os
from pathlib import Path
import re
import time
from typing import Any

from demo_process import DemoProcess
from fleet import Listener
import psutil
import pytest
from rl_agent.ros.ros_topics import LEARNER_STATUS, STATUS_QOS
from rl_learner.system.domain import applied
from rl_msgs.msg import LearnerStatus

_VARIABLE = 'RL_TEST_KILLS'
pytestmark = pytest.mark.skipif(
    _VARIABLE not in os.environ, reason=f'takes minutes: set {_VARIABLE}=1 to run it'
)
GO_ON_TIMEOUT_S = 180.0
# rank to the step after which it is killed
KILLS = {1: 700, 0: 1400}


def ranks_of(demo: DemoProcess) -> dict[int, psutil.Process]:
    """Return the ranks of a demo's learner."""
    found = {}
    for child in demo.children():
        with contextlib.suppress(psutil.Error):
            if 'rl_learner.nodes.learner_rank' in child.cmdline():
                found[int(child.environ()['RANK'])] = child
    return found


@contextlib.contextmanager
def listening(demo: DemoProcess, environment: dict[str, str]) -> Iterator[Listener]:
    """Yield a listener to the learner in the domain of a demo."""
    demo.until(lambda: 'ROS_DOMAIN_ID=' in demo.text, 60.0)
    found = re.search(r'ROS_DOMAIN_ID=(\d+)', demo.text)
    assert found is not None
    with applied({**environment, 'ROS_DOMAIN_ID': found[1]}):
        listener = Listener({LEARNER_STATUS: (LearnerStatus, STATUS_QOS)})
    try:
        yield listener
    finally:
        listener.close()


@pytest.mark.timeout(900)
def test_the_robot_learns_although_each_rank_is_killed(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    demo = DemoProcess(
        tmp_path / 'demo', ros_environment, '--seed', '1', '--devices', '2', '--steps', '12000'
    )
    took_s: dict[int, float] = {}
    try:
        with listening(demo, ros_environment) as listener:
            heard: list[Any] = listener.heard[LEARNER_STATUS]
            for rank, steps in KILLS.items():
                demo.until(lambda steps=steps: demo.steps > steps, 300.0)  # type: ignore[misc]
                ranks = ranks_of(demo)
                assert sorted(ranks) == [0, 1]
                listener.until(lambda: bool(heard), 10.0, 'a status')
                session = heard[-1].learner_session
                heard.clear()
                ranks[rank].kill()
                killed_s = time.monotonic()
                listener.until(
                    lambda session=session: any(  # type: ignore[misc]
                        status.learner_session != session and status.state == 'training'
                        for status in heard
                    ),
                    GO_ON_TIMEOUT_S,
                    f'training after the end of rank {rank}',
                )
                took_s[rank] = time.monotonic() - killed_s
        assert demo.process.wait(timeout=500) == 0, demo.text
    finally:
        demo.kill()
    print('seconds from the kill of a rank to training:', took_s)
    result = json.loads((demo.run_folder / 'summary.json').read_text())
    assert result['verdict'] == 'learned'
    assert result['steps'] == result['transitions_stored']
    returns = result['evaluation_returns']
    assert sum(returns) / len(returns) >= -200

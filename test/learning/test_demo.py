# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The demo as users run it: it learns, ends on request, and leaves no process behind."""

import json
import os
from pathlib import Path
import re
import signal
import time

from demo_process import DemoProcess
import psutil
import pytest
from rl_agent.policy.policy_file import load_policy
from rl_learner.run.episode_log import read_episodes

END_WITHIN_S = 60.0  # five seconds on a machine that has little else to do


def summary(run_folder: Path) -> dict[str, object]:
    """Return the summary of a run."""
    content: dict[str, object] = json.loads((run_folder / 'summary.json').read_text())
    return content


@pytest.mark.timeout(400)
def test_the_robot_learns(ros_environment: dict[str, str], tmp_path: Path) -> None:
    demo = DemoProcess(tmp_path / 'demo', ros_environment, '--seed', '1')
    try:
        assert demo.process.wait(timeout=380) == 0, demo.text
    finally:
        demo.kill()
    result = summary(demo.run_folder)
    assert result['verdict'] == 'learned'
    returns = result['evaluation_returns']
    assert isinstance(returns, list)
    assert len(returns) == 10
    assert sum(returns) / 10 >= -200
    assert result['steps'] == result['transitions_stored']
    assert isinstance(result['steps'], int)
    assert result['steps'] <= 8000
    versions = result['evaluation_policy_versions']
    assert isinstance(versions, list)
    assert len(set(versions)) == 1
    assert load_policy(demo.run_folder / 'policy.npz').version == versions[0]
    assert (demo.run_folder / 'learning_curve.png').read_bytes().startswith(b'\x89PNG')
    assert any((demo.run_folder / 'checkpoints').iterdir())
    rows = read_episodes(demo.run_folder / 'episodes.csv')
    assert [row.episode_return for row in rows[-10:]] == pytest.approx(returns, abs=1e-3)
    assert 'learned: 10 deterministic episodes' in demo.text
    assert str(Path('runs') / 'run') in demo.text


@pytest.mark.timeout(240)
def test_two_demos_at_once_and_their_ends(ros_environment: dict[str, str], tmp_path: Path) -> None:
    """They are separate; one ends by Ctrl-C, one by SIGTERM; what they learned is saved."""
    demos = [
        DemoProcess(tmp_path / 'a', ros_environment, '--robots', '2'),
        DemoProcess(tmp_path / 'b', ros_environment),
    ]
    try:
        for demo in demos:
            demo.until(lambda demo=demo: demo.steps > 700, 150)  # type: ignore[misc]
        domains = [re.search(r'ROS_DOMAIN_ID=(\d+)', demo.text) for demo in demos]
        assert domains[0] is not None
        assert domains[1] is not None
        assert domains[0].group(1) != domains[1].group(1)
        for demo, number, count in zip(
            demos, (signal.SIGINT, signal.SIGTERM), (7, 5), strict=True
        ):
            children = demo.children()
            assert len(children) == count
            _end(demo, number, children)
            result = summary(demo.run_folder)
            assert result['verdict'] == 'interrupted'
            assert result['steps'] == result['transitions_stored']
            assert any((demo.run_folder / 'checkpoints').iterdir())
            assert load_policy(demo.run_folder / 'policy.npz').updates > 0
    finally:
        for demo in demos:
            demo.kill()


@pytest.mark.timeout(120)
@pytest.mark.parametrize('delay_s', [0.0, 1.5, 4.0])
def test_an_interrupt_during_the_start(
    ros_environment: dict[str, str], tmp_path: Path, delay_s: float
) -> None:
    demo = DemoProcess(tmp_path / 'demo', ros_environment)
    try:
        demo.until(lambda: 'ROS_DOMAIN_ID' in demo.text, 60)
        time.sleep(delay_s)  # any moment will do, so there is no event to wait for
        _end(demo, signal.SIGINT, demo.children())
        assert 'Traceback' not in demo.text
    finally:
        demo.kill()


@pytest.mark.timeout(120)
def test_no_process_outlives_a_killed_demo(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    demo = DemoProcess(tmp_path / 'demo', ros_environment)
    try:
        demo.until(lambda: len(demo.children()) == 5, 60)
        children = demo.children()
        demo.process.kill()
        demo.process.wait()
        _, alive = psutil.wait_procs(children, timeout=20)
        assert not alive
    finally:
        demo.kill()


@pytest.mark.timeout(120)
def test_a_process_that_ends_unexpectedly_is_named(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    demo = DemoProcess(tmp_path / 'demo', ros_environment)
    try:
        demo.until(lambda: len(demo.children()) == 5, 60)
        bridge = next(
            child
            for child in demo.children()
            if 'rl_learner.nodes.replay_bridge_node' in child.cmdline()
        )
        bridge.kill()
        assert demo.process.wait(timeout=60) == 1
        assert 'error: replay_bridge ended with exit code -9' in demo.text
        assert 'Traceback' not in demo.text
    finally:
        demo.kill()


def _end(demo: DemoProcess, number: signal.Signals, children: list[psutil.Process]) -> None:
    """Send a signal; the demo and its children must end in time, with exit code 1."""
    os.kill(demo.process.pid, number)
    assert demo.process.wait(timeout=END_WITHIN_S) == 1, demo.text
    _, alive = psutil.wait_procs(children, timeout=1.0)
    assert not alive
    assert 'interrupted' in demo.text

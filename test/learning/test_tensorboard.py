# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""TensorBoard shows the files of a real run."""

from collections.abc import Iterator
import json
import os
from pathlib import Path
from re import match
import subprocess
import sys
import time
from typing import Any
import urllib.error
from urllib.parse import quote
import urllib.request

from browser import Browser, find_browser, headless_browser, PROGRAMS
from fleet import Listener, run_module, running
import numpy as np
from numpy.typing import NDArray
import pytest
from rl_agent.ros.ros_topics import EPISODE, EPISODE_QOS, LEARNER_STATUS, STATUS_QOS
from rl_learner.bringup.node_specs import simulation_nodes
from rl_learner.run.episode_log import read_episodes
from rl_learner.run.lock import run_state
from rl_learner.system.ports import free_port
from rl_msgs.msg import Episode, LearnerStatus

SMALL = 'actor_hidden_sizes: [16]\ncritic_hidden_sizes: [16]\nbatch_size: 16\nnum_quantiles: 5\n'
SMALL += 'dropped_atoms: 1\nnormalise_rewards: true\n'
EXPECTED = {
    'critic/critic_loss',
    'critic/q_mean',
    'critic/quantile_spread',
    'critic/critic_gradient_norm',
    'critic/return_deviation',
    'actor/actor_loss',
    'actor/temperature',
    'actor/entropy',
    'actor/actor_gradient_norm',
    'learner/updates_per_s',
    'learner/updates_to_data',
    'replay/fill',
    'robot_1/return/exploring',
    'robot_1/return/obtained',
    'robot_1/reward_parts/angle',
    'robot_1/policy/age_s',
    'robot_1/interventions',
    'robot_2/return/exploring',
}


@pytest.fixture(scope='module')
def run_folder(ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run in which two robots ran some episodes."""
    base = tmp_path_factory.mktemp('recorded')
    folder = base / 'runs' / 'run'
    algorithm = base / 'small.yaml'  # fast enough for a loaded machine
    algorithm.write_text(SMALL, encoding='utf-8')
    specs = simulation_nodes(
        'pendulum',
        str(algorithm),
        free_port(),
        robots=2,
        seed=1,
        max_steps=0,
        max_steps_ahead=64,
        record_period_s=0.5,
        run_folder=str(folder),
        warmup=300,
        status_rate_hz=5.0,
        threads=1,
    )
    listener = Listener(
        {
            LEARNER_STATUS: (LearnerStatus, STATUS_QOS),
            f'/robot_1/{EPISODE}': (Episode, EPISODE_QOS),
            f'/robot_2/{EPISODE}': (Episode, EPISODE_QOS),
        }
    )
    with running(specs, ros_environment, base):
        listener.until(
            lambda: (
                all(len(listener.heard[f'/robot_{number}/{EPISODE}']) >= 3 for number in (1, 2))
                and any(status.updates > 100 for status in listener.heard[LEARNER_STATUS])
            ),
            90.0,
            'episodes and updates',
        )
        # the recorder may start long after the other processes
        listener.until(lambda: recorded_enough(folder), 90.0, f'all of {sorted(EXPECTED)}')
        assert run_state(folder) == 'running'
    listener.close()
    return folder


def read_events(folder: Path) -> Any:
    """Return the present content of a run's TensorBoard files."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator(str(folder / 'tensorboard')).Reload()


def recorded_enough(folder: Path) -> bool:
    """Return whether the files have all curves and enough updates for the tests."""
    if not any((folder / 'tensorboard').glob('events.*')):
        return False
    events = read_events(folder)
    if not set(events.Tags()['scalars']) >= {*EXPECTED, 'learner/updates'}:
        return False
    last = events.Scalars('learner/updates')[-1]
    return bool(last.value > 100 and last.step > 300)


@pytest.mark.timeout(300)
def test_the_files_have_the_scalars(run_folder: Path) -> None:
    events = read_events(run_folder)
    assert set(events.Tags()['scalars']) >= EXPECTED
    for tag in EXPECTED:
        steps = [event.step for event in events.Scalars(tag)]
        assert steps == sorted(steps)
    updates = events.Scalars('learner/updates')
    assert updates[-1].value > 100
    assert updates[-1].step > 300
    deviations = [event.value for event in events.Scalars('critic/return_deviation')]
    assert min(deviations) > 5.0, 'the pendulum costs about 6 a step, 1 would be no statistics'
    for robot in ('robot_1', 'robot_2'):
        parts = {
            part: events.Scalars(f'{robot}/reward_parts/{part}')
            for part in ('angle', 'velocity', 'effort')
        }
        returns = events.Scalars(f'{robot}/return/exploring')
        for index, event in enumerate(returns):
            total = sum(values[index].value for values in parts.values())
            assert total == pytest.approx(event.value, rel=0.2, abs=5.0)
    (start,) = events.Tensors('run/starts/text_summary')
    text = start.tensor_proto.string_val[0].decode()
    assert '"commit"' in text
    (robot,) = events.Tensors('run/robot/text_summary')
    assert 'pendulum' in robot.tensor_proto.string_val[0].decode()


def test_the_episodes_are_in_a_table_and_the_run_is_stopped(run_folder: Path) -> None:
    rows = read_episodes(run_folder / 'episodes.csv')
    assert {row.robot for row in rows} == {'robot_1', 'robot_2'}
    assert rows[-1].total_steps == sum(row.steps for row in rows)
    assert run_state(run_folder) == 'stopped'


class Page:
    """A TensorBoard process, started as by a user."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        """Start it on a folder."""
        self.address = f'http://localhost:{free_port()}'
        port = self.address.rpartition(':')[2]
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'rl_learner.cli.dashboard', str(folder), '--port', port],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def get(self, path: str) -> Any:
        """Return a JSON answer; wait until the server has started and read the files."""
        deadline_s = time.monotonic() + 60.0
        while True:
            assert self._process.poll() is None, 'TensorBoard ended by itself'
            answer = None
            try:
                with urllib.request.urlopen(self.address + path, timeout=10.0) as reply:
                    answer = json.load(reply)
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                pass
            if answer:
                return answer
            assert time.monotonic() < deadline_s, f'no answer to {path}'
            time.sleep(0.2)

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(10.0)


@pytest.fixture
def page(run_folder: Path, ros_environment: dict[str, str]) -> Iterator[Page]:
    """Yield a page on the folder of all runs."""
    page = Page(run_folder.parent, ros_environment)
    yield page
    page.close()


@pytest.mark.timeout(120)
def test_tensorboard_serves_the_curves(page: Page) -> None:
    tags = page.get('/data/plugin/scalars/tags')
    assert set(tags['run/tensorboard']) >= EXPECTED
    texts = page.get('/data/plugin/text/tags')
    assert 'run/algorithm/text_summary' in texts['run/tensorboard']
    layout = page.get('/data/plugin/custom_scalars/layout')
    first, second = layout['category']
    assert (first.get('closed', False), second['closed']) == (False, True)
    for chart in first['chart']:  # none is empty, because these robots are simulated in lockstep
        patterns = chart['multiline']['tag']
        found = [tag for tag in tags['run/tensorboard'] for item in patterns if match(item, tag)]
        assert found, chart['title']


# for each chart: the text of its card and the position of its curves
CHARTS = """
Array.from(document.querySelectorAll('scalar-card')).map((card) => {
  const chart = card.querySelector('line-chart');
  const text = card.innerText.replace(/\\s/g, '');
  const {x, y, width, height} = (chart ?? card).getBoundingClientRect();
  return chart && {text, x, y, width, height};
}).filter(Boolean)
"""


@pytest.mark.timeout(180)
def test_a_browser_draws_the_curves(page: Page, tmp_path: Path) -> None:
    """TensorBoard creates only visible cards, and draws curves only in real time.

    So the test opens three cards, which fit on the page, and waits in real time.
    """
    program = find_browser()
    if 'RL_TEST_BROWSER' not in os.environ:
        pytest.skip('starting a browser is expensive: set RL_TEST_BROWSER=1 to run this test')
    if program is None:
        pytest.skip(f'no browser: none of {", ".join(PROGRAMS)} is on this machine')
    page.get('/data/plugin/scalars/tags')
    wanted = {'critic/critic_loss', 'critic/q_mean', 'actor/temperature'}
    with headless_browser(program, tmp_path, 120.0) as browser:
        tags = '|'.join(f'{tag}$' for tag in sorted(wanted))
        browser.open(f'{page.address}/?tagFilter={quote(tags)}#timeseries')
        browser.until(f'({CHARTS}).length === {len(wanted)}', 'three charts')
        for tag in wanted:
            while not has_curve(browser.picture(chart_of(tag, browser))):
                browser.raise_if_late(f'curve of {tag}')


def chart_of(tag: str, browser: Browser) -> dict[str, float]:
    """Return the position of the curves of a tag; cards move while the page loads."""
    (chart,) = (chart for chart in browser.evaluate(CHARTS) if chart['text'].startswith(tag))
    del chart['text']
    return dict(chart)


def has_curve(picture: NDArray[np.uint8]) -> bool:
    """Return whether a chart has blue pixels; axes, grid and text are grey."""
    red, blue = (picture[..., channel].astype(int) for channel in (0, 2))
    return bool((blue - red > 15).sum() > 100)


def test_a_folder_without_runs_is_named(tmp_path: Path, ros_environment: dict[str, str]) -> None:
    result = run_module(
        'rl_learner.cli.dashboard', str(tmp_path), environment=ros_environment, cwd=tmp_path
    )
    assert result.returncode == 2
    assert f'{tmp_path}: no tensorboard/' in result.stderr
    assert 'Traceback' not in result.stderr

# Copyright 2026 The rl_learner authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""A run's report is a summary and a picture."""

import dataclasses
from dataclasses import asdict
import json
from pathlib import Path

from matplotlib import image
import pytest
from rl_learner.demo.report import continue_rows, Summary, write_report
from rl_learner.run.episode_log import EpisodeRow

SUMMARY = Summary(
    verdict='learned',
    robot='pendulum',
    algorithm='default',
    seed=3,
    robots=2,
    target_return=-200.0,
    evaluation_mean=-150.25,
    evaluation_std=12.5,
    evaluation_returns=[-162.75, -137.75],
    evaluation_policy_versions=[7, 8],
    steps=600,
    transitions_stored=600,
    episodes=3,
)
EPISODES = [
    EpisodeRow('robot_1', 1, 200, 200, -1200.5, False, 2, True),
    EpisodeRow('robot_2', 1, 400, 200, -900.0, False, 4, True),
    EpisodeRow('robot_1', 2, 600, 200, -150.25, True, 7, False),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a report."""
    write_report(tmp_path, SUMMARY, EPISODES)
    return tmp_path


def test_two_files_are_written(folder: Path) -> None:
    names = sorted(path.name for path in folder.iterdir())
    assert names == ['learning_curve.png', 'summary.json']


def test_the_summary_has_every_field(folder: Path) -> None:
    content = json.loads((folder / 'summary.json').read_text(encoding='utf-8'))
    assert content == asdict(SUMMARY)
    assert content['verdict'] == 'learned'
    assert content['evaluation_returns'] == [-162.75, -137.75]


def test_the_picture_is_not_empty(folder: Path) -> None:
    """8 x 4.5 inches at 120 dpi, mostly background, with lines in several colours."""
    pixels = image.imread(folder / 'learning_curve.png')
    assert pixels.shape[:2] == (540, 960)
    colours = {tuple(pixel) for pixel in pixels[:, :, :3].reshape(-1, 3).round(2).tolist()}
    white = (pixels[:, :, :3] > 0.99).all(axis=2).mean()
    assert 0.5 < white < 0.999
    assert len(colours) > 20
    assert (folder / 'learning_curve.png').stat().st_size > 5000


def test_a_run_without_episodes_has_a_report_too(tmp_path: Path) -> None:
    """It was stopped at once."""
    summary = Summary('interrupted', 'pendulum', 'default', 0, 1, -200.0)
    write_report(tmp_path, summary, [])
    content = json.loads((tmp_path / 'summary.json').read_text(encoding='utf-8'))
    assert content['evaluation_mean'] is None
    assert content['evaluation_returns'] == []
    assert image.imread(tmp_path / 'learning_curve.png').shape[:2] == (540, 960)


def test_a_report_replaces_the_earlier_one(folder: Path) -> None:
    write_report(folder, dataclasses.replace(SUMMARY, verdict='interrupted'), EPISODES[:1])
    content = json.loads((folder / 'summary.json').read_text(encoding='utf-8'))
    assert content['verdict'] == 'interrupted'


def test_a_resumed_run_continues_steps_and_time() -> None:
    earlier = [dataclasses.replace(row, wall_s=100.0) for row in EPISODES]
    rows = continue_rows(earlier, [dataclasses.replace(EPISODES[0], wall_s=5.0)])
    assert [row.total_steps for row in rows] == [200, 400, 600, 800]
    assert rows[-1].wall_s == 105.0
    assert continue_rows([], EPISODES) == EPISODES

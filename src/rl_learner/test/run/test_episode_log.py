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

"""A run's table grows with each episode that ends, over all starts of the run."""

import errno
from pathlib import Path
from typing import Any

import pytest
from rl_agent.errors import ConfigurationError
from rl_learner.run.episode_log import EpisodeLog, EPISODES_FILE, read_episodes
from small_disk import disk_of

EPISODE: dict[str, Any] = {
    'robot': 'robot_1',
    'episode': 1,
    'steps': 200,
    'episode_return': -1200.5,
    'evaluation': False,
    'policy_version': 2,
    'complete': True,
}


def test_a_row_can_be_read_as_soon_as_it_is_appended(tmp_path: Path) -> None:
    log = EpisodeLog(tmp_path)
    assert not (tmp_path / EPISODES_FILE).exists()
    log.append(**EPISODE)
    lines = (tmp_path / EPISODES_FILE).read_text(encoding='utf-8').splitlines()
    assert lines[0] == (
        'robot,episode,total_steps,steps,episode_return,evaluation,policy_version,complete,wall_s'
        ',outcome,person_steps'
    )
    assert lines[1].startswith('robot_1,1,200,200,-1200.5,False,2,True,')
    log.append(**{**EPISODE, 'robot': 'robot_2', 'steps': 50, 'evaluation': True})
    rows = read_episodes(tmp_path / EPISODES_FILE)
    assert [row.total_steps for row in rows] == [200, 250]
    assert [row.evaluation for row in rows] == [False, True]
    assert 0.0 <= rows[0].wall_s <= rows[1].wall_s


def test_a_second_start_continues_the_count(tmp_path: Path) -> None:
    first = EpisodeLog(tmp_path).append(**EPISODE)
    second = EpisodeLog(tmp_path).append(**EPISODE)
    assert second.total_steps == 400
    assert second.wall_s >= first.wall_s
    assert len(read_episodes(tmp_path / EPISODES_FILE)) == 2


def test_an_incomplete_row_is_skipped(tmp_path: Path) -> None:
    EpisodeLog(tmp_path).append(**EPISODE)
    path = tmp_path / EPISODES_FILE
    for incomplete in (b'robot_1,2,40', 'r\u00f6bot'.encode()[:2]):
        path.write_bytes(path.read_bytes() + incomplete)
        assert len(read_episodes(path)) == 1


@pytest.mark.parametrize('room', [0, 1, 20])
def test_a_full_disk_leaves_no_incomplete_row(tmp_path: Path, room: int) -> None:
    """Neither as the first row nor after another; the table continues once there is room."""
    log, path = EpisodeLog(tmp_path), tmp_path / EPISODES_FILE
    with disk_of(room), pytest.raises(OSError, match=r'\[Errno 27\]') as refused:
        log.append(**EPISODE)
    assert refused.value.errno == errno.EFBIG
    assert path.read_bytes() == b''
    log.append(**EPISODE)
    before = path.read_bytes()
    with disk_of(len(before) + room), pytest.raises(OSError, match=r'\[Errno 27\]'):
        log.append(**EPISODE)
    assert path.read_bytes() == before
    log.append(**EPISODE)
    assert [row.total_steps for row in read_episodes(path)] == [400, 800]
    assert EpisodeLog(tmp_path).total_steps == 800


@pytest.mark.parametrize(
    ('kept', 'cut'),
    [
        (b'', b''),  # the file was created, nothing more
        (b'', b'robot,episode,total_st'),
        (b'whole\r\n', b'-1robot_1,2,40'),
        (b'whole\r\n', b'r\xc3'),
        (b'whole\r\n', bytes(9)),
        (b'whole\r', b''),
    ],
)
def test_a_start_removes_an_incomplete_row(tmp_path: Path, kept: bytes, cut: bytes) -> None:
    """A power cut leaves one; the next row must not continue it."""
    path = tmp_path / EPISODES_FILE
    if kept:
        EpisodeLog(tmp_path).append(**EPISODE)
        kept = path.read_bytes().rstrip() + kept.removeprefix(b'whole')
    path.write_bytes(kept + cut)
    log = EpisodeLog(tmp_path)
    assert path.read_bytes() == kept
    log.append(**EPISODE)
    totals = [200, 400] if kept else [200]
    assert [row.total_steps for row in read_episodes(path)] == totals
    assert EpisodeLog(tmp_path).total_steps == totals[-1]


@pytest.mark.parametrize('content', [b'a,b\n1,2\n', b'robot,episode\nx,y\n', b'\xff\xfe\n'])
def test_another_table_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / EPISODES_FILE
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=EPISODES_FILE):
        read_episodes(path)


def test_a_table_of_an_older_version_goes_on_with_its_columns(tmp_path: Path) -> None:
    path = tmp_path / EPISODES_FILE
    older = 'robot,episode,total_steps,steps,episode_return,evaluation,policy_version,complete'
    path.write_text(f'{older},wall_s\nrobot_1,1,200,200,-1200.5,False,2,True,9.5\n')
    EpisodeLog(tmp_path).append(**EPISODE, outcome='success', person_steps=3)
    rows = read_episodes(path)
    assert [row.total_steps for row in rows] == [200, 400]
    assert (rows[1].outcome, rows[1].person_steps) == ('', 0)
    assert rows[1].wall_s >= 9.5

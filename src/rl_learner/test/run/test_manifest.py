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

"""`run.json` holds everything that is needed to build a run's robot and algorithm again."""

import dataclasses
import errno
import json
from pathlib import Path
import re

import pytest
from rl_agent.description.robot import description_as_json, load_robot, read_description
from rl_agent.errors import ConfigurationError
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.run.manifest import git_commit, next_start, read_run, RUN_FILE, write_run


def begin(folder: Path, session: str = 'a') -> None:
    """Write the manifest of a starting learner."""
    algorithm = load_algorithm('tqc', {'warmup': 7})
    write_run(folder, next_start(folder, load_robot('pendulum'), algorithm, {'seed': 3}, session))


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    begin(tmp_path)
    run = read_run(tmp_path)
    assert run.robot == load_robot('pendulum')
    assert run.algorithm == load_algorithm('tqc', {'warmup': 7})
    assert run.parameters == {'seed': 3}
    assert [start['session'] for start in run.starts] == ['a']
    assert re.fullmatch(r'([0-9a-f]{12}(\+changes)?)?', run.starts[0]['commit'])


def test_a_second_start_is_added(tmp_path: Path) -> None:
    begin(tmp_path)
    begin(tmp_path, 'b')
    assert [start['session'] for start in read_run(tmp_path).starts] == ['a', 'b']


def test_a_run_is_not_resumed_with_another_robot(tmp_path: Path) -> None:
    begin(tmp_path)
    before = (tmp_path / RUN_FILE).read_bytes()
    other = dataclasses.replace(load_robot('pendulum'), rate_hz=50.0, name='other')
    with pytest.raises(ConfigurationError, match=r"given 'other'.*accepted: 'pendulum'"):
        next_start(tmp_path, other, load_algorithm('tqc'), {}, 'b')
    assert (tmp_path / RUN_FILE).read_bytes() == before


def test_a_description_survives_json() -> None:
    robot = load_robot('pendulum')
    text = json.dumps(description_as_json(robot))
    assert read_description(json.loads(text), 'test') == robot


def test_a_folder_without_a_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r'it has no run\.json; accepted'):
        read_run(tmp_path)


@pytest.mark.parametrize('content', ['', '{"robot": 1', '[]', '{"robot": {}}'])
def test_a_damaged_manifest_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / RUN_FILE).write_text(content, encoding='utf-8')
    with pytest.raises(ConfigurationError, match=r'run\.json: damaged'):
        read_run(tmp_path)


def test_the_format_of_the_commit() -> None:
    assert re.fullmatch(r'[0-9a-f]{7,40}(\+changes)?|', git_commit())


def test_a_run_resumes_on_a_disk_too_full_to_record_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device')

    with monkeypatch.context() as full:
        full.setattr('os.fsync', refuse)
        with pytest.raises(ConfigurationError, match='No space left'):  # a run without a manifest
            begin(tmp_path)
    begin(tmp_path)
    monkeypatch.setattr('os.fsync', refuse)
    begin(tmp_path, 'b')
    assert 'this start is not recorded' in caplog.text
    assert [item['session'] for item in read_run(tmp_path).starts] == ['a']

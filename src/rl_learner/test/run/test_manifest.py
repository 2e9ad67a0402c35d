# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""`run.json` says what a run is, whole enough to build it again."""

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
    """Start a learner's bookkeeping."""
    algorithm = load_algorithm('tqc', {'warmup': 7})
    write_run(folder, next_start(folder, load_robot('pendulum'), algorithm, {'seed': 3}, session))


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
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


def test_another_robot_does_not_go_on_in_this_run(tmp_path: Path) -> None:
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


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r'it has no run\.json; accepted'):
        read_run(tmp_path)


@pytest.mark.parametrize('content', ['', '{"robot": 1', '[]', '{"robot": {}}'])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / RUN_FILE).write_text(content, encoding='utf-8')
    with pytest.raises(ConfigurationError, match=r'run\.json: damaged'):
        read_run(tmp_path)


def test_the_commit_of_this_source() -> None:
    assert re.fullmatch(r'[0-9a-f]{7,40}(\+changes)?|', git_commit())


def test_a_run_goes_on_where_a_full_disk_takes_no_new_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device')

    with monkeypatch.context() as full:
        full.setattr('os.fsync', refuse)
        with pytest.raises(ConfigurationError, match='No space left'):  # a run without one
            begin(tmp_path)
    begin(tmp_path)
    monkeypatch.setattr('os.fsync', refuse)
    begin(tmp_path, 'b')
    assert 'this start is not in it' in caplog.text
    assert [item['session'] for item in read_run(tmp_path).starts] == ['a']

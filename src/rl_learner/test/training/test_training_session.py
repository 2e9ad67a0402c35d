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

"""What a starting session tells: a replay larger than memory, options of before that differ."""

from collections.abc import Callable, Iterator
from pathlib import Path
import threading

import pytest
from rl_agent.description.robot import load_robot
from rl_agent.errors import TrainingError
from rl_agent.policy.parameters import PolicyParameters
from rl_learner.actor_critic.algorithm import Algorithm, load_algorithm
from rl_learner.system.ports import free_port
from rl_learner.system.thread_choice import numbers_of_threads
from rl_learner.training.device import num_threads
from rl_learner.training.learner import LearnerSettings
from rl_learner.training.training_session import SessionSettings, TrainingSession
import torch

SMALL = {'actor_hidden_sizes': [8], 'critic_hidden_sizes': [8], 'normalise_observations': True}


@pytest.fixture
def torch_threads() -> Iterator[None]:
    """Leave torch its number of threads."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def build(
    folder: Path,
    algorithm: Algorithm,
    threads: int = 1,
    publish: Callable[[PolicyParameters], None] = lambda policy: None,
) -> TrainingSession:
    """Return a session that does not train yet."""
    settings = SessionSettings(0, 'cpu', threads, free_port(), LearnerSettings(1.0, 1.0))
    robot = load_robot('pendulum')
    return TrainingSession(robot, algorithm, folder, settings, publish=publish, recorded={})


def start(folder: Path, algorithm: Algorithm) -> TrainingSession:
    """Start training in a folder, and end it with a checkpoint."""
    session = build(folder, algorithm)
    session.learner.prepare()
    session.learner.stop()
    session.train()  # which saves at its end
    session.close(saved=True)
    return session


def test_options_that_changed_are_told_by_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    start(tmp_path, load_algorithm('sac', SMALL))
    start(tmp_path, load_algorithm('sac', SMALL))
    assert 'other options' not in caplog.text
    start(tmp_path, load_algorithm('sac', {**SMALL, 'gamma': 0.5}))
    assert 'the run goes on with other options: gamma: 0.5, before 0.99' in caplog.text


def test_what_gives_weights_their_meaning_is_refused(tmp_path: Path) -> None:
    """One update would move the actions by most of their range."""
    start(tmp_path, load_algorithm('sac', SMALL))
    other = load_algorithm('sac', {**SMALL, 'normalise_observations': False})
    with pytest.raises(TrainingError, match='normalise_observations: given False; accepted: True'):
        start(tmp_path, other)


def test_a_replay_larger_than_memory_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    start(tmp_path, load_algorithm('sac', {**SMALL, 'replay_capacity': 10_000_000_000}))
    assert 'given 10,000,000,000 transitions, 400 GB when all are there, with' in caplog.text


@pytest.mark.usefixtures('torch_threads')
def test_only_the_training_thread_has_several_threads_of_torch(tmp_path: Path) -> None:
    """If two have, OpenMP counts more threads than processors, and updates take twice as long."""
    seen: list[int] = []
    session = build(
        tmp_path,
        load_algorithm('sac', SMALL),
        threads=2,
        publish=lambda policy: seen.append(torch.get_num_threads()),
    )
    assert torch.get_num_threads() == 1
    session.learner.prepare()
    session.learner.stop()
    training = threading.Thread(target=session.train)
    training.start()
    training.join()
    assert set(seen) == {2}
    assert torch.get_num_threads() == 1
    session.close(saved=True)


def test_threads_are_chosen_only_if_none_are_given(tmp_path: Path) -> None:
    for name, given, expected in (
        ('given', 3, [3]),
        ('chosen', 0, numbers_of_threads(num_threads(0))),
    ):
        folder = tmp_path / name
        folder.mkdir()
        session = build(folder, load_algorithm('sac', SMALL), threads=given)
        assert session.threads == expected
        session.close(saved=False)

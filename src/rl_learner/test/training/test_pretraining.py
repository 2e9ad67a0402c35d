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

"""Updates from demonstrations alone: before the first policy, once in the life of a run."""

from collections.abc import Iterator
import contextlib
from dataclasses import replace
import logging
from pathlib import Path
import threading

from batches import make_batch
import numpy as np
import pytest
from rl_agent.description.robot import load_robot, RobotDescription
from rl_agent.description.teaching.teleop import AxisDescription, TeleopDescription
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError, JournalError
from rl_agent.policy.parameters import PolicyParameters
from rl_learner.actor_critic.algorithm import Algorithm, load_algorithm
from rl_learner.journal.batch_codec import encode
from rl_learner.journal.journal import Journal, JournalSettings
from rl_learner.journal.journal_reader import journal_files
from rl_learner.run.folder import DEMONSTRATIONS, EXPERIENCE
from rl_learner.run.journal_feed import feeds_of_run
from rl_learner.system.ports import free_port
from rl_learner.training.learner import LearnerSettings
from rl_learner.training.training_session import SessionSettings, TrainingSession

SMALL = {
    'actor_hidden_sizes': [8],
    'critic_hidden_sizes': [8],
    'batch_size': 8,
    'warmup': 10,
    'demonstration_fraction': 0.25,
    'pretraining_updates': 25,
    'normalise_rewards': True,
}
TIMEOUT_S = 60.0
ROBOT = load_robot('pendulum')
HAND = TeleopDescription(topic='joy', axes={'pivot': AxisDescription(axis=0)}, dead_man=0)
SPACES = Spaces(ROBOT)


class Run:
    """A run whose journals the test fills.

    Attributes:
        policies: as published, of all starts.
    """

    def __init__(self, folder: Path) -> None:
        """Open the journals."""
        self.folder, self.policies = folder, list[PolicyParameters]()
        self.experience, self.taught = (
            Journal(folder / name, SPACES.fingerprint, JournalSettings())
            for name in (EXPERIENCE, DEMONSTRATIONS)
        )

    def write(self, journal: Journal, first: int, count: int) -> None:
        """Append transitions to a journal."""
        journal.append([encode(make_batch(first, count))], count, {})

    @contextlib.contextmanager
    def session(self, algorithm: Algorithm) -> Iterator[TrainingSession]:
        """Train within the block, fed from the journals."""
        settings = SessionSettings(0, 'cpu', 1, free_port(), LearnerSettings(0.01, 1000.0))
        session = TrainingSession(
            ROBOT, algorithm, self.folder, settings, publish=self.policies.append, recorded={}
        )
        feeds = feeds_of_run(
            self.folder, self.experience, self.taught, SPACES, algorithm, session.server.port
        )
        for feed in feeds:
            feed.feeder.start()
        session.learner.prepare()
        thread = threading.Thread(target=session.train)
        thread.start()
        try:
            yield session
        finally:
            session.learner.stop()
            thread.join()
            for feed in feeds:
                feed.feeder.stop(TIMEOUT_S)
            session.close(saved=True)


def until_updates(session: TrainingSession, number: int) -> None:
    """Wait for a number of updates, and that no more follow."""
    event = threading.Event()
    for _ in range(round(TIMEOUT_S / 0.02)):
        if session.update.updates >= number:
            break
        event.wait(0.02)
    event.wait(0.3)
    assert session.update.updates == number


def algorithm(**changes: object) -> Algorithm:
    return load_algorithm('default', {**SMALL, **changes})


def test_the_first_policy_comes_after_pretraining(tmp_path: Path) -> None:
    """25 updates, in blocks of 1, that no transition pays for; then one for each after 10."""
    run = Run(tmp_path)
    run.write(run.taught, 1, 40)
    with run.session(algorithm()) as session:
        until_updates(session, 25)
        assert run.policies[0].updates == 25
        assert not run.policies[0].uniform_exploration
        assert (session.server.demonstrated, session.server.counts()) == (40, (0, 0))
        assert session.pace.backlog(0, 25) == 0
        run.write(run.experience, 1, 16)
        until_updates(session, 25 + 16 - 10)
    assert min(policy.updates for policy in run.policies) == 25


def test_a_resumed_run_goes_on_with_what_is_left(tmp_path: Path) -> None:
    """10 of 25 updates, then 15, then none; what a transition pays for stays the same."""
    run = Run(tmp_path)
    run.write(run.taught, 1, 40)
    with run.session(algorithm(pretraining_updates=10)) as session:
        until_updates(session, 10)
        before = session.update.state_dict()
    with run.session(algorithm()) as session:
        assert session.pace.pretraining >= 10
        until_updates(session, 25)
        run.write(run.experience, 1, 14)
        until_updates(session, 29)
    with run.session(algorithm(pretraining_updates=1000)) as session:
        until_updates(session, 29)
        run.write(run.experience, 15, 3)
        until_updates(session, 32)
    assert before['updates'] == 10


def test_resume_restores_the_statistics_of_both_journals(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.write(run.taught, 1, 40)
    run.write(run.experience, 1, 20)
    with run.session(algorithm()) as session:
        until_updates(session, 35)
    saved = session.update.state_dict()
    assert saved['demonstrated_returns']['count'] == 40
    assert saved['returns']['count'] == 20
    with run.session(algorithm()) as session:
        until_updates(session, 35)
    resumed = session.update.state_dict()
    for name in ('returns', 'demonstrated_returns', 'updates'):
        assert resumed[name] == saved[name]
    for name, tensor in saved['networks'].items():
        np.testing.assert_array_equal(tensor.numpy(), resumed['networks'][name].numpy())


def test_another_fraction_is_told_and_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = Run(tmp_path)
    run.write(run.taught, 1, 40)
    run.write(run.experience, 1, 12)
    with run.session(algorithm()) as session:
        until_updates(session, 27)
    with run.session(algorithm(demonstration_fraction=0.75)) as session:
        run.write(run.experience, 13, 2)
        until_updates(session, 29)
    assert 'other options: demonstration_fraction: 0.75, before 0.25' in caplog.text
    off = algorithm(demonstration_fraction=0.0, pretraining_updates=0)
    with run.session(off) as session:
        run.write(run.experience, 15, 2)
        until_updates(session, 31)
        assert session.server.demonstrations is None


def start(folder: Path, robot: RobotDescription) -> TrainingSession:
    """Begin a session without a run."""
    settings = SessionSettings(0, 'cpu', 1, free_port(), LearnerSettings(1.0, 1.0))
    return TrainingSession(
        robot, algorithm(), folder, settings, publish=lambda policy: None, recorded={}
    )


def test_a_share_of_demonstrations_that_nobody_can_give_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        start(tmp_path, ROBOT)
    assert str(caught.value) == (
        'demonstration_fraction: given 0.25, but there is no demonstration in'
        f" {tmp_path / 'demonstrations'}, and the robot 'pendulum' has no `teleop`, so that no"
        ' person can give one; accepted: 0, demonstrations from rl_demonstrate or rl_import'
        ' --demonstrations, or a robot with `teleop`'
    )


def test_demonstrations_that_a_person_may_still_give_are_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        start(tmp_path, replace(ROBOT, teleop=HAND)).close(saved=True)
    texts = [record.getMessage() for record in caplog.records]
    assert [text for text in texts if 'until a person gives one' in text] == [
        'demonstration_fraction: given 0.25, but there is no demonstration in'
        f' {tmp_path / "demonstrations"} yet: until a person gives one, batches are from replay'
        ' alone'
    ]


def test_demonstrations_of_another_robot_are_refused(tmp_path: Path) -> None:
    journal = Journal(tmp_path / DEMONSTRATIONS, 'other', JournalSettings())
    journal.append([encode(make_batch(1, 3))], 3, {})
    journal.close()
    with pytest.raises(ConfigurationError, match=r"demonstrations: fingerprint: .*'other'"):
        start(tmp_path, ROBOT)


def test_a_damaged_file_is_treated_as_one_of_experience(tmp_path: Path) -> None:
    journal = Journal(tmp_path / DEMONSTRATIONS, SPACES.fingerprint, JournalSettings())
    journal.append([encode(make_batch(1, 3))], 3, {})
    journal.close()
    (path,) = journal_files(tmp_path / DEMONSTRATIONS)
    path.write_bytes(b'no journal' * 100)
    with pytest.raises((ConfigurationError, JournalError), match=str(path)):
        start(tmp_path, ROBOT)

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

"""What people did is in both journals, each transition once, however the bridge ends."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from batches import make_batch, ONE, SPACES
import numpy as np
import pytest
from rl_agent.errors import JournalError
from rl_agent.transport.transition import Intervention
from rl_learner.journal.batch_codec import encode
from rl_learner.journal.demonstrations import DemonstrationLog, rows_of_people
from rl_learner.journal.journal import Journal, JournalSettings
from rl_learner.journal.journal_reader import read_journal
from rl_learner.journal.replay_bridge import ReplayBridge

SETTINGS = JournalSettings(file_bytes=2000)


class Bridge:
    """A bridge with both journals in a folder."""

    def __init__(self, folder: Path, *, fingerprint: str = SPACES.fingerprint) -> None:
        """Open them."""
        self.folder = folder / 'demonstrations'
        self.journal = Journal(folder / 'experience', SPACES.fingerprint, SETTINGS)
        self.taught = DemonstrationLog(partial(Journal, self.folder, fingerprint, SETTINGS))
        if self.folder.exists():
            self.taught.open()
        self.bridge = ReplayBridge(
            SPACES, self.journal, self.journal.sequences, demonstrations=self.taught
        )

    def store(self, first: int, count: int, people: Sequence[int]) -> list[int]:
        """Receive a batch and commit; return the acknowledged numbers."""
        self.bridge.receive(encode(make_batch(first, count, people=people)))
        return [item.sequence for item in self.bridge.commit()[0]]

    def close(self) -> None:
        """End in order."""
        self.journal.close()
        self.taught.close()


def numbers(folder: Path) -> list[int]:
    """Return the numbers of all rows of a journal, in order."""
    return [
        number
        for batch in read_journal(folder)
        for number in range(batch.first_sequence, batch.last_sequence + 1)
    ]


def test_rows_of_people_go_into_both_journals(tmp_path: Path) -> None:
    bridge = Bridge(tmp_path)
    assert bridge.store(1, 6, people=[2, 3, 6]) == [6]
    assert bridge.store(7, 2, people=[]) == [8]
    assert bridge.store(9, 2, people=[9, 10]) == [10]
    bridge.close()
    assert numbers(tmp_path / 'experience') == list(range(1, 11))
    assert numbers(tmp_path / 'demonstrations') == [2, 3, 6, 9, 10]
    for batch in read_journal(tmp_path / 'demonstrations'):
        first = batch.first_sequence
        np.testing.assert_array_equal(batch.columns['intervention'], Intervention.PERSON)
        np.testing.assert_array_equal(
            batch.columns['reward'], np.arange(first, first + len(batch), dtype=np.float32)
        )
    assert bridge.bridge.counts.lost == 0


def test_a_run_without_a_person_has_no_demonstrations(tmp_path: Path) -> None:
    bridge = Bridge(tmp_path)
    bridge.store(1, 6, people=[])
    bridge.close()
    assert not (tmp_path / 'demonstrations').exists()


def test_a_limit_and_a_bad_value_are_no_demonstration() -> None:
    """Rows 1 to 5: policy, limit, person, person with NaN, person."""
    batch = make_batch(1, 5, people=[3, 4, 5])
    batch.columns['intervention'][1] = Intervention.LIMIT
    assert [part.first_sequence for part in rows_of_people(batch)] == [3]
    assert [len(part) for part in rows_of_people(batch, skip=3)] == [2]


def test_a_bridge_that_dies_between_the_journals_stores_nothing_twice(tmp_path: Path) -> None:
    """As after a kill: demonstrations are on the disk, experience and acknowledgement are not."""
    bridge = Bridge(tmp_path)
    bridge.store(1, 3, people=[2])
    bridge.taught.store(rows_of_people(make_batch(4, 4, people=[4, 6, 7])))
    bridge.close()
    for _ in range(2):
        bridge = Bridge(tmp_path)
        bridge.store(4, 4, people=[4, 6, 7])  # the robot sends it again
        bridge.store(8, 2, people=[9])
        bridge.close()
    assert numbers(tmp_path / 'experience') == list(range(1, 10))
    assert numbers(tmp_path / 'demonstrations') == [2, 4, 6, 7, 9]


def test_a_disk_that_refuses_experience_gives_no_acknowledgement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge = Bridge(tmp_path)
    append = bridge.journal.append
    monkeypatch.setattr(bridge.journal, 'append', _refuse)
    with pytest.raises(JournalError, match='full'):
        bridge.store(1, 4, people=[1, 4])
    monkeypatch.setattr(bridge.journal, 'append', append)
    assert bridge.store(1, 5, people=[1, 4, 5]) == [5]
    bridge.close()
    assert numbers(tmp_path / 'experience') == [1, 2, 3, 4, 5]
    assert numbers(tmp_path / 'demonstrations') == [1, 4, 5]


def test_a_disk_that_refuses_demonstrations_gives_no_acknowledgement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge = Bridge(tmp_path)
    monkeypatch.setattr(bridge.taught.open(), 'append', _refuse)
    with pytest.raises(JournalError, match='full'):
        bridge.store(1, 4, people=[1, 4])
    monkeypatch.undo()
    assert bridge.store(1, 4, people=[1, 4]) == [4]
    bridge.close()
    assert numbers(tmp_path / 'experience') == [1, 2, 3, 4]
    assert numbers(tmp_path / 'demonstrations') == [1, 4]


def _refuse(*_: object) -> None:
    """Refuse as a full disk does."""
    raise JournalError('disk full')


def test_a_folder_that_cannot_be_opened_keeps_the_rows_on_the_robot(tmp_path: Path) -> None:
    bridge = Bridge(tmp_path)
    (tmp_path / 'demonstrations').write_text('a file')
    with pytest.raises(JournalError, match='demonstrations: File exists; accepted: a folder'):
        bridge.store(1, 4, people=[1, 4])
    (tmp_path / 'demonstrations').unlink()
    assert bridge.store(1, 4, people=[1, 4]) == [4]
    assert numbers(tmp_path / 'experience') == [1, 2, 3, 4]


def test_two_robots_and_sessions_are_kept_apart(tmp_path: Path) -> None:
    bridge = Bridge(tmp_path)
    two = ONE.__class__('robot_2', ONE.session, ONE.fingerprint)
    for sender in (ONE, two):
        bridge.bridge.receive(encode(make_batch(1, 3, sender=sender, people=[3])))
    bridge.bridge.commit()
    bridge.close()
    batches = list(read_journal(tmp_path / 'demonstrations'))
    assert [(item.sender.robot, item.first_sequence) for item in batches] == [
        ('robot_1', 3),
        ('robot_2', 3),
    ]


def test_a_journal_of_demonstrations_may_lack_numbers(tmp_path: Path) -> None:
    """A bridge that stores demonstrations only does not call its gaps lost."""
    bridge = Bridge(tmp_path)
    bridge.store(1, 6, people=[2])
    bridge.close()
    journal = Journal(tmp_path / 'demonstrations', SPACES.fingerprint, SETTINGS)
    only = ReplayBridge(SPACES, journal, journal.sequences, has_gaps=True)
    only.receive(encode(make_batch(7, 2, oldest=7)))
    assert [item.sequence for item in only.commit()[0]] == [8]
    journal.close()
    assert only.counts.lost == 0
    assert numbers(tmp_path / 'demonstrations') == [2, 7, 8]

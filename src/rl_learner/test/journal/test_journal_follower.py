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

"""A journal read while another process writes it."""

from pathlib import Path

from batches import make_batch, ONE, SPACES
from rl_learner.journal.batch_codec import encode
from rl_learner.journal.journal import Journal, JournalSettings
from rl_learner.journal.journal_follower import JournalFollower
from rl_learner.journal.journal_reader import journal_files


class Bridge:
    """Writes a journal; the rewards of its transitions are 1, 2, ..."""

    def __init__(self, folder: Path, *, file_bytes: int = 100_000) -> None:
        """Start in a folder."""
        self._folder, self._file_bytes, self._next = folder, file_bytes, 1
        self.restart()

    def restart(self) -> None:
        """Begin with a new file."""
        settings = JournalSettings(file_bytes=self._file_bytes)
        self.journal = Journal(self._folder, SPACES.fingerprint, settings)

    def write(self, *counts: int) -> None:
        """Append batches of these sizes."""
        for count in counts:
            message = encode(make_batch(self._next, count))
            self._next += count
            sequences = {(ONE.robot, ONE.session): self._next - 1}
            self.journal.append([message], count, sequences)


def numbers(follower: JournalFollower) -> list[float]:
    """Return the rewards read since the last call; each is the number of its transition."""
    return [float(value) for batch in follower.read() for value in batch.columns['reward']]


def test_each_transition_is_read_once_across_files_and_restarts(tmp_path: Path) -> None:
    follower = JournalFollower(tmp_path / 'experience')
    assert numbers(follower) == []  # there is no journal yet
    bridge = Bridge(tmp_path / 'experience', file_bytes=1500)
    seen: list[float] = []
    for _ in range(5):
        bridge.write(2, 5)
        seen += numbers(follower)
        assert follower.position == bridge.journal.written.total == len(seen)
    bridge.journal.close()
    bridge.restart()
    assert numbers(follower) == []
    bridge.write(2, 5)
    seen += numbers(follower)
    assert bridge.journal.files > 3
    assert seen == [float(number) for number in range(1, len(seen) + 1)]


def test_reading_continues_at_any_transition(tmp_path: Path) -> None:
    bridge = Bridge(tmp_path, file_bytes=1500)
    bridge.write(4, 7, 1)
    total = bridge.journal.written.total
    whole = numbers(JournalFollower(tmp_path))
    for position in range(0, total + 1, 3):
        follower = JournalFollower(tmp_path, position)
        assert numbers(follower) == whole[position:]
        assert follower.position == total


def test_a_batch_that_is_not_complete_waits(tmp_path: Path) -> None:
    bridge = Bridge(tmp_path)
    bridge.write(4)
    (path,) = journal_files(tmp_path)
    before = path.stat().st_size
    bridge.write(4)
    content = path.read_bytes()
    copy = tmp_path / 'copy'
    copy.mkdir()
    target = copy / path.name
    follower = JournalFollower(copy)
    for size in range(before, len(content), 97):
        target.write_bytes(content[:size])
        assert len(numbers(follower)) == (4 if size == before else 0)
    target.write_bytes(content)
    assert numbers(follower) == [5.0, 6.0, 7.0, 8.0]


def test_removed_files_are_left_out(tmp_path: Path) -> None:
    bridge = Bridge(tmp_path, file_bytes=1500)
    bridge.write(4, 7, 1)
    whole = numbers(JournalFollower(tmp_path))
    first, second, *_ = journal_files(tmp_path)
    first.unlink()
    assert numbers(JournalFollower(tmp_path)) == whole[int(second.stem) :]


def test_after_experience_was_deleted_new_experience_is_read(tmp_path: Path) -> None:
    """The position in a checkpoint may then be beyond the end of the journal."""
    bridge = Bridge(tmp_path)
    bridge.write(4)
    follower = JournalFollower(tmp_path, 1000)
    assert numbers(follower) == []
    bridge.write(4)
    assert numbers(follower) == [5.0, 6.0, 7.0, 8.0]

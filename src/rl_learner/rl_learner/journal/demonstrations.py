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

"""The journal of what people did, besides the one that has everything: each row once.

A row goes into this journal first, then into the other one, then it is acknowledged. If the bridge
dies in between, the robot sends it again, and it is recognised here by its number. Numbers between
two rows of a person are missing here, which is no loss.
"""

from collections.abc import Callable, Sequence

from rl_agent.errors import ConfigurationError, JournalError
from rl_agent.transport.transition import Intervention
from rl_agent.transport.transition_checks import BadRows
from rl_learner.journal.batch_codec import encode, TransitionBatch
from rl_learner.journal.journal import Journal

_PERSON = bytes([Intervention.PERSON])


def rows_of_people(
    batch: TransitionBatch, skip: int = 0, bad: BadRows | None = None
) -> list[TransitionBatch]:
    """Return the consecutive rows in which a person chose the action, as batches of their own.

    Args:
        batch: as received.
        skip: number of first rows to leave out.
        bad: more rows to leave out.
    """
    chosen_by = batch.columns['intervention']
    if _PERSON not in chosen_by.tobytes():  # nearly always
        return []
    left_out = chosen_by != Intervention.PERSON
    left_out[:skip] = True
    if bad is not None:
        left_out |= bad.is_bad
    return batch.without(left_out)


class DemonstrationLog:
    """Stores rows of people, each once.

    Attributes:
        journal: None until it is opened.
    """

    def __init__(self, open_journal: Callable[[], Journal]) -> None:
        """Prepare to store.

        Args:
            open_journal: returns the journal, with the first row unless `open` comes before, so
                that a run in which no person takes part has no such folder.
        """
        self._open_journal, self._sequences = open_journal, dict[tuple[str, str], int]()
        self.journal: Journal | None = None

    def open(self) -> Journal:
        """Return the journal, opened if necessary; raises what `Journal` raises."""
        if self.journal is None:
            self.journal = self._open_journal()
            self._sequences = dict(self.journal.sequences)
        return self.journal

    def store(self, batches: Sequence[TransitionBatch]) -> None:
        """Store rows that are not stored yet; on return they are on the disk.

        Args:
            batches: in the order of their numbers within each session.

        Raises:
            JournalError: the write failed, or the journal cannot be used.
        """
        if not batches:
            return
        try:
            journal = self.open()
        except ConfigurationError as error:
            raise JournalError(str(error)) from error
        new, sequences = [], dict(self._sequences)
        for batch in batches:
            key = (batch.sender.robot, batch.sender.session)
            stored = sequences.pop(key, 0)  # the newest session is last
            sequences[key] = max(stored, batch.last_sequence)
            skip = max(0, stored + 1 - batch.first_sequence)
            if skip < len(batch):
                new.append(batch.part(skip, len(batch)))
        if new:
            journal.append([encode(batch) for batch in new], sum(map(len, new)), sequences)
        self._sequences = sequences

    def close(self) -> None:
        """Close the journal."""
        if self.journal is not None:
            self.journal.close()

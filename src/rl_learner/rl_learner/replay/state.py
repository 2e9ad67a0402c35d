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

"""Which rows a Reverb server has, read from the server alone.

The server has two tables, and two more if it has demonstrations. The name of the item table
contains the run, so that the writer of another run cannot insert, not even when Reverb resends
unconfirmed items to whatever server answers on the port. The name of the other table says at which
row the items start; its only item is a note about padding. Reverb counts items, not rows, and an
item may be padded. So before a padded item is inserted, the note is set to its number, its padding
and the padding of all items before it. If the writer is killed between the two, the note refers to
an item that does not exist, which is detected.
"""

from collections.abc import Iterable
from dataclasses import dataclass
import queue
import threading
from typing import Any

import numpy as np
from rl_learner.replay.items import ROWS_PER_ITEM
from rl_learner.replay.reverb_import import reverb

_RUN_INFIX = ' of run '
_ATTEMPTS = 5
_NOTE_TIMEOUT_S = 10.0  # reading takes milliseconds while the server runs


@dataclass(frozen=True)
class TableNames:
    """How the names of a table of items and of the table with its note begin."""

    items: str
    notes: str


REPLAY = TableNames('replay', 'begins at ')
DEMONSTRATIONS = TableNames('demonstrations', 'first demonstration ')


@dataclass(frozen=True)
class PaddingNote:
    """Padding of the newest padded item, inserted already or about to be inserted.

    Attributes:
        item: number of the item; 0 is the first of the table.
        padding_before: rows of padding in all items before it.
        padding: rows of padding in the item.
    """

    item: int = 0
    padding_before: int = 0
    padding: int = 0


@dataclass(frozen=True)
class ReplayState:
    """State of a server.

    Attributes:
        identity: unique for each start of the server.
        first: number of the first row of the table.
        refilled_to: rows before this number are a refill; nothing is sampled until it is complete.
        items: number of items ever inserted.
        current_items: number of items in the table.
        note: padding of the newest padded item.
        note_table: name of the table with the note.
        run: key of the run that may insert, see `run_key`; empty: the server was given none.
    """

    identity: str
    first: int
    refilled_to: int
    items: int
    current_items: int
    note: PaddingNote
    note_table: str
    run: str

    @property
    def padding(self) -> int:
        """Rows of padding in all items."""
        note = self.note
        return note.padding_before + (note.padding if self.items > note.item else 0)

    @property
    def position(self) -> int:
        """Number of the row that the server expects next."""
        return self.first + self.items * ROWS_PER_ITEM - self.padding

    @property
    def size(self) -> int:
        """Number of rows in the table; includes padding once rows were removed."""
        return min(self.current_items * ROWS_PER_ITEM, self.position - self.first)

    @property
    def has_stale_note(self) -> bool:
        """Whether the note refers to an item that was never inserted."""
        return self.items <= self.note.item and self.note.padding > 0

    @property
    def is_partly_refilled(self) -> bool:
        """Whether refilling or emptying the table was interrupted."""
        return self.first < self.position < self.refilled_to or self.items < self.note.item


class ReplayStateReader:
    """Reads the state of a server; thread-safe."""

    def __init__(self, client: 'reverb.Client', names: TableNames = REPLAY) -> None:
        """Read from a client's server."""
        self._client, self._names = client, names
        self._lock = threading.Lock()
        self._note_key = ('', 0)  # table of the known note, and number of notes written there
        self._note = PaddingNote()

    def read(self, timeout_s: int = 10) -> ReplayState | None:
        """Return the state; None if the server is not a replay server or is not ready.

        Raises Reverb's exceptions, see `replay_error`.
        """
        with self._lock:
            for _ in range(_ATTEMPTS):
                tables = self._client.server_info(timeout=timeout_s)
                note_table = _name_with_prefix(self._names.notes, tables)
                item_table = _name_with_prefix(self._names.items, tables)
                notes = _inserted(tables[note_table]) if note_table else 0
                if not item_table or not notes:
                    return None
                if self._note_key == (note_table, notes):
                    return self._state(note_table, tables[item_table])
                # read the counts again afterwards: note and counts must be consistent
                self._note = _read_note(self._client, note_table)
                self._note_key = (note_table, notes)
        return None

    def _state(self, note_table: str, table: Any) -> ReplayState:
        """Return the state from the note, its table's name and the item table's counts."""
        numbers, identity = note_table.removeprefix(self._names.notes).split(' of ')
        first, refilled_to = map(int, numbers.split(' refilled to '))
        return ReplayState(
            identity,
            first,
            refilled_to,
            _inserted(table),
            int(table.current_size),
            self._note,
            note_table,
            str(table.name).removeprefix(self._names.items).removeprefix(_RUN_INFIX),
        )


def item_table_name(run: str, names: TableNames = REPLAY) -> str:
    """Return the name of a run's item table; `run` may be empty."""
    return f'{names.items}{_RUN_INFIX}{run}' if run else names.items


def note_table_name(
    first: int, refilled_to: int, identity: str, names: TableNames = REPLAY
) -> str:
    """Return the name of the note's table, which is read in the same request as the counts."""
    return f'{names.notes}{first} refilled to {refilled_to} of {identity}'


def write_note(
    client: 'reverb.Client', table: str, note: PaddingNote, timeout_s: float = 30.0
) -> None:
    """Replace a server's note; return when the server has it."""
    writer = client.trajectory_writer(num_keep_alive_refs=1)
    writer.append({'note': np.array([note.item, note.padding_before, note.padding], np.int64)})
    writer.create_item(table, 1.0, {'note': writer.history['note'][-1]})
    writer.flush(timeout_ms=int(timeout_s * 1000))


def _read_note(client: 'reverb.Client', table: str) -> PaddingNote:
    """Return a server's note, which always exists.

    Raises:
        TimeoutError: the server has gone; Reverb would wait for the next one without limit.
    """
    answers: queue.SimpleQueue[PaddingNote | Exception] = queue.SimpleQueue()

    def read() -> None:
        try:
            sample = next(client.sample(table, emit_timesteps=False))
            answers.put(PaddingNote(*map(int, np.ravel(sample.data[0]))))
        except Exception as error:  # see `replay_error`
            answers.put(error)

    threading.Thread(target=read, name='replay note', daemon=True).start()
    try:
        answer = answers.get(timeout=_NOTE_TIMEOUT_S)
    except queue.Empty:
        raise TimeoutError('the replay server does not answer') from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _name_with_prefix(prefix: str, names: Iterable[str]) -> str:
    """Return the first name with a prefix; empty: none."""
    return next((name for name in names if name.startswith(prefix)), '')


def _inserted(table: Any) -> int:
    """Return the number of items ever inserted into a table."""
    return int(table.rate_limiter_info.insert_stats.completed)

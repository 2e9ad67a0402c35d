# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Which rows a Reverb server has, told by the server alone.

Two tables: the items, and one whose name says where they begin and whose only item is a note. The
name of the first says of which run the items are: whoever feeds another run can reach neither,
not even with what a writer sends again by itself to whatever server answers on its port. The
server counts items, and an item may be padded; so before a padded item goes in, and is confirmed,
the note says which one it will be, and how much of it and of all before it is padding. Whoever is
killed between the two leaves a note of an item that is not there, and that can be told.
"""

from collections.abc import Iterable
from dataclasses import dataclass
import queue
import threading
from typing import Any

import numpy as np
from rl_learner.replay.items import ROWS_PER_ITEM
from rl_learner.replay.reverb_import import reverb

_TABLE = 'replay'
_OF_RUN = ' of run '
_BEGINNING = 'begins at '
_ATTEMPTS = 5
_NOTE_S = 10.0  # it takes milliseconds where the server is there


@dataclass(frozen=True)
class PaddingNote:
    """The newest padded item, there already or about to come.

    Attributes:
        item: its number; 0 is the first of the table.
        before: padding in all items before it, rows.
        own: padding in it.
    """

    item: int = 0
    before: int = 0
    own: int = 0


@dataclass(frozen=True)
class ReplayState:
    """A server as it stands.

    Attributes:
        identity: of this start of the server.
        first: number of the row that its table begins with.
        refilled_to: rows before this number are a refill, of which nothing is sampled until it is
            complete.
        items: that were ever inserted.
        current_items: that are in the table now.
        note: of the newest padded item.
        table: name of the table with the note.
        run: key of the run whose items it takes, see `run_key`; empty: it was given none.
    """

    identity: str
    first: int
    refilled_to: int
    items: int
    current_items: int
    note: PaddingNote
    table: str
    run: str

    @property
    def padding(self) -> int:
        """Rows of all items that are padding."""
        return self.note.before + (self.note.own if self.items > self.note.item else 0)

    @property
    def position(self) -> int:
        """Number of the row that the server expects next."""
        return self.first + self.items * ROWS_PER_ITEM - self.padding

    @property
    def size(self) -> int:
        """Rows in the table now; padding counts once rows were removed."""
        return min(self.current_items * ROWS_PER_ITEM, self.position - self.first)

    @property
    def has_stale_note(self) -> bool:
        """Whether the note is of an item that did not come."""
        return self.items <= self.note.item and self.note.own > 0

    @property
    def is_half_refilled(self) -> bool:
        """Whether a refill, or emptying the table, was begun and not completed."""
        return self.first < self.position < self.refilled_to or self.items < self.note.item


class ReplayStateReader:
    """Reads the state of a server; any thread may ask."""

    def __init__(self, client: 'reverb.Client') -> None:
        """Read from the server of a client."""
        self._client = client
        self._lock = threading.Lock()
        self._known = ('', 0)  # table with the note, and how many notes it has had
        self._note = PaddingNote()

    def read(self, timeout_s: int = 10) -> ReplayState | None:
        """Return what the server has; None if it is no replay server, or not ready.

        Errors are of many types: Reverb raises one for each gRPC state.
        """
        with self._lock:
            for _ in range(_ATTEMPTS):
                tables = self._client.server_info(timeout=timeout_s)
                name, items = _beginning_with(_BEGINNING, tables), _beginning_with(_TABLE, tables)
                notes = _inserted(tables[name]) if name else 0
                if not items or not notes:
                    return None
                if self._known == (name, notes):
                    return self._state(name, tables[items])
                # and then look again, for it must belong to the counts
                self._note = _read_note(self._client, name)
                self._known = (name, notes)
        return None

    def _state(self, name: str, table: Any) -> ReplayState:
        """Return the state that counts and note make."""
        numbers, identity = name.removeprefix(_BEGINNING).split(' of ')
        first, refilled_to = map(int, numbers.split(' refilled to '))
        return ReplayState(
            identity,
            first,
            refilled_to,
            _inserted(table),
            int(table.current_size),
            self._note,
            name,
            str(table.name).removeprefix(_TABLE).removeprefix(_OF_RUN),
        )


def item_table_name(run: str) -> str:
    """Return the name of the table with the items of a run; empty: of none in particular."""
    return f'{_TABLE}{_OF_RUN}{run}' if run else _TABLE


def note_table_name(first: int, refilled_to: int, identity: str) -> str:
    """Return the name of the table with the note: all of it and the counts in one request."""
    return f'{_BEGINNING}{first} refilled to {refilled_to} of {identity}'


def write_note(
    client: 'reverb.Client', table: str, note: PaddingNote, timeout_s: float = 30.0
) -> None:
    """Replace the note of a server; on return the server has it."""
    writer = client.trajectory_writer(num_keep_alive_refs=1)
    writer.append({'note': np.array([note.item, note.before, note.own], np.int64)})
    writer.create_item(table, 1.0, {'note': writer.history['note'][-1]})
    writer.flush(timeout_ms=int(timeout_s * 1000))


def _read_note(client: 'reverb.Client', table: str) -> PaddingNote:
    """Return the note of a server; there always is one.

    Raises:
        TimeoutError: the server has gone. Reverb would wait for the next one, however long.
    """
    answers: queue.SimpleQueue[PaddingNote | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            sample = next(client.sample(table, emit_timesteps=False))
            answers.put(PaddingNote(*map(int, np.ravel(sample.data[0]))))
        except Exception as error:  # Reverb raises types of its own for each gRPC state
            answers.put(error)

    threading.Thread(target=ask, name='replay note', daemon=True).start()
    try:
        answer = answers.get(timeout=_NOTE_S)
    except queue.Empty:
        raise TimeoutError('the replay server does not answer') from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _beginning_with(words: str, names: Iterable[str]) -> str:
    """Return the name that begins so; empty: none."""
    return next((name for name in names if name.startswith(words)), '')


def _inserted(table: Any) -> int:
    """Return how many items a table ever took."""
    return int(table.rate_limiter_info.insert_stats.completed)

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

"""Reads the journal of a run: files in order, records up to the last complete one.

The name of a file is the number of transitions before it, so that a transition can be located by
file names alone. A file without an end, because its writer was killed or still writes, is read up
to its last complete record.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rl_learner.journal.batch_codec import TransitionBatch
from rl_learner.journal.journal_header import (
    has_complete_header,
    open_journal_file,
    read_header,
)
from rl_learner.journal.journal_units import read_units, report, Unit


@dataclass(frozen=True)
class JournalExtent:
    """The range of transitions in a journal.

    Attributes:
        first: number of transitions deleted from its start.
        total: number of transitions of the run, including deleted ones.
        fingerprint: fingerprint of the robots; empty without a file.
        open_sessions: number of sessions in the last file; n-step sums end with a file.
    """

    first: int = 0
    total: int = 0
    fingerprint: str = ''
    open_sessions: int = 0


def file_name(transitions_before: int) -> str:
    """Return the name of the file that begins after this many transitions."""
    return f'{transitions_before:012d}.mcap'


def transitions_before(path: Path) -> int:
    """Return the number of transitions before a file, from its name."""
    return int(path.stem)


def journal_files(folder: Path) -> list[Path]:
    """Return the files of a journal, oldest first; none if there is no journal."""
    return sorted(path for path in folder.glob('*.mcap') if path.stem.isdigit())


def read_batches(path: Path) -> Iterator[TransitionBatch]:
    """Yield the batches of one file, up to the last complete one; damaged ones are left out.

    Raises:
        JournalError: the file cannot be read.
        ConfigurationError: it is not a journal.
    """
    for unit in units_of_file(path):
        if unit.batch is not None:
            yield unit.batch


def units_of_file(path: Path) -> Iterator[Unit]:
    """Yield the batches of one file and what is missing between; damage is logged.

    Raises:
        JournalError: the file cannot be read.
        ConfigurationError: it is not a journal.
    """
    file, header = open_journal_file(path)
    with file:
        if header.damage is not None:
            report(header.damage)
        for unit in read_units(file, header, path, row=header.transitions_before):
            if unit.damage is not None:
                report(unit.damage)
            yield unit


def read_journal(folder: Path) -> Iterator[TransitionBatch]:
    """Yield all batches of a journal in the order they were stored."""
    for path in journal_files(folder):
        yield from read_batches(path)


def journal_extent(folder: Path) -> JournalExtent:
    """Return what the journal in a folder holds; reads only the last file.

    Raises:
        JournalError: that file or its header cannot be read.
        ConfigurationError: it is not a journal.
    """
    files = journal_files(folder)
    # its writer was killed before the header was complete, so it holds nothing
    while files and not has_complete_header(files[-1]):
        files.pop()
    if not files:
        return JournalExtent()
    header = read_header(files[-1])
    count, sessions = 0, set()
    for unit in units_of_file(files[-1]):
        count += unit.count
        if unit.batch is not None:
            sessions.add((unit.batch.sender.robot, unit.batch.sender.session))
    return JournalExtent(
        first=transitions_before(files[0]),
        total=header.transitions_before + count,
        fingerprint=header.fingerprint,
        open_sessions=len(sessions),
    )

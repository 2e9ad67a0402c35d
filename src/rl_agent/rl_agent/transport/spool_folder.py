# Copyright 2026 The rl_agent authors
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

"""The folder in which a robot's spool outlives its agent, however the process ended.

New transitions are in shared memory, which survives a killed process. After a second or two,
unacknowledged ones are also written to a file in the spool folder. So a robot with a good
connection writes nothing to its disk, and a control step never waits for one.
"""

from collections.abc import Callable, Sequence
import contextlib
import errno
import fcntl
import hashlib
import os
from pathlib import Path
import stat
import threading
import time

import numpy as np
from rl_agent.errors import ConfigurationError
from rl_agent.system.folders import folder_name, make_private_folder
from rl_agent.transport.record_ring import (
    FileRing,
    is_truncated,
    MemoryRing,
    read_file_ring,
    read_memory_ring,
)
from rl_agent.transport.spool import RecordSpan, Spool
from rl_agent.transport.transition import Sender
from rl_agent.transport.transition_record import intact, RecordLayout, Records

_SHARED_MEMORY = Path('/dev/shm')
_MOVE_PERIOD_S = 1.0
_SCAN_BYTES = 4 << 20

Report = Callable[[str], None]


class SpoolFolder:
    """One robot's folder with its spool, locked while open.

    Attributes:
        spool: holds the transitions of earlier sessions and takes those of this one.
        leftover: number of transitions that earlier sessions left.
    """

    def __init__(
        self,
        folder: Path,
        sender: Sender,
        layout: RecordLayout,
        *,
        capacity: int,
        in_memory: int,
        report: Report,
        shared_memory: Path = _SHARED_MEMORY,
    ) -> None:
        """Open or create the spool of a robot.

        Args:
            folder: folder for the spools of all robots on this machine.
            sender: robot, session and fingerprint of this agent.
            layout: layout of its records.
            capacity: number of transitions, including those of earlier sessions.
            in_memory: number of newest transitions in memory; while the disk fails, no more
                than these are kept.
            report: called with one sentence for each problem.
            shared_memory: folder on a file system in memory.

        Raises:
            ConfigurationError: the folder cannot be used, or another process uses this spool.
        """
        self._layout, self._report = layout, report
        self._folder = folder / folder_name(sender.robot, 'robot_id')
        self._file_path = self._folder / f'{sender.fingerprint}.spool'
        folder_id = hashlib.sha256(str(self._folder.resolve()).encode()).hexdigest()[:16]
        self._memory_stem = f'rl_agent_spool_{folder_id}_'
        self._shared_memory = shared_memory
        shared = shared_memory / f'{self._memory_stem}{sender.fingerprint}'
        # the others in case somebody else has the name; the last one also without shared memory
        self._memory_paths = (
            shared,
            *(shared.with_name(f'{shared.name}-{number}') for number in range(2, 5)),
            self._folder / f'{sender.fingerprint}.memory',
        )
        self._lock = _locked_folder(self._folder)
        self._file: FileRing | None = None
        try:
            self._report_other_kinds()
            self.spool = self._open(capacity, min(in_memory, capacity), sender.session)
        except OSError as error:
            os.close(self._lock)
            raise ConfigurationError(
                f'spool_folder: given {folder}: {error}; accepted: a folder to write in'
            ) from error
        self.leftover = self.spool.pending
        self._failing = False
        self._stopping = False
        self._thread = threading.Thread(target=self._move_periodically, name='spool', daemon=True)
        self._thread.start()

    def close(self) -> int:
        """Write everything to the disk or remove the files; return the transitions left."""
        self._stopping = True
        self.spool.crowded.set()
        self._thread.join()
        assert self._file is not None
        unneeded: set[Path] = set()
        try:
            self.spool.move_to_file(everything=True)
            unneeded.update(filter(_is_own_file, self._memory_paths))
        except OSError as error:  # the memory file stays, for the next agent
            self._report(f'{self._file_path}: {error.strerror}')
        left = self.spool.pending
        if not left:
            unneeded |= {self._file_path, *filter(_is_own_file, self._memory_paths)}
        for path in unneeded:
            with contextlib.suppress(OSError):  # the disk may have turned read-only
                path.unlink(missing_ok=True)
        self._file.close()
        os.close(self._lock)
        return left

    def _open(self, capacity: int, in_memory: int, session: str) -> Spool:
        """Return the spool with the transitions found in file and memory."""
        kept, oldest = self._read_left_memory()
        self._file = file = FileRing(self._file_path, self._layout, capacity)
        oldest = max(oldest, file.oldest)
        for records in _split_where_positions_jump(kept):
            file.write(int(records['position'][0]), records)
        found = self._read_left_file(oldest)
        runs = _runs(found)
        begin = max(oldest, runs[-1].stop if runs else 1)
        file.note_oldest(oldest)
        memory = self._new_memory(min(in_memory, file.slots), begin)
        memory.note_oldest(runs[0].kept if runs else begin)
        return Spool(file.slots, session, memory=memory, file=file, leftovers=runs, begin=begin)

    def _read_left_memory(self) -> tuple[Records, int]:
        """Return the intact records a killed process left in memory, and the oldest position."""
        for path in self._memory_paths:
            if _is_own_file(path):
                slots, oldest = read_memory_ring(path, self._layout)
                records = self._intact_records(path, slots, slots.dtype.names)
                return records[records['position'] >= oldest], oldest
        return np.empty(0, self._layout.dtype), 1

    def _read_left_file(self, oldest: int) -> Records:
        """Return position, sequence and session of the needed intact records in the file."""
        slots = read_file_ring(self._file_path, self._layout)
        found = self._intact_records(self._file_path, slots, ('position', 'sequence', 'session'))
        return found[found['position'] >= oldest]

    def _intact_records(self, path: Path, slots: Records, fields: Sequence[str] | None) -> Records:
        """Return fields of the intact records, by position; report the damaged ones."""
        names = list(fields or ())
        parts, damaged = [np.empty(0, self._layout.dtype)[names]], 0
        count = max(1, _SCAN_BYTES // self._layout.size)
        for start in range(0, len(slots), count):
            part = np.array(slots[start : start + count])
            part = part[(part['position'] != 0) | (part['checksum'] != 0)]  # without empty slots
            valid = intact(part)
            parts.append(part[valid][names])
            damaged += int(np.count_nonzero(~valid))
        found = np.concatenate(parts)
        damaged += is_truncated(path, self._layout)
        if damaged:
            self._report(
                f'{path}: {damaged} damaged transitions of an earlier session are lost;'
                f' {len(found)} are intact'
            )
        return found[np.argsort(found['position'])]

    def _new_memory(self, slots: int, begin: int) -> MemoryRing:
        """Return an empty ring in shared memory, or in the folder if that fails."""
        for path in filter(_is_own_file, self._memory_paths):
            path.unlink(missing_ok=True)
        *shared, in_folder = self._memory_paths
        for path in shared:
            if os.path.lexists(path):
                self._report(
                    f'{path}: is no spool of this user; accepted: none there; the spool takes'
                    ' another name'
                )
                continue
            try:
                return MemoryRing(self._layout, slots, path, begin)
            except OSError as error:
                reason = f'{path}: {error.strerror}'
                if error.errno != errno.EEXIST:
                    break
        else:
            reason = f'{self._shared_memory}: no free name'
        self._report(
            f'{reason}; the spool uses {in_folder} instead, and a slow disk may delay a control'
            ' step'
        )
        return MemoryRing(self._layout, slots, in_folder, begin)

    def _report_other_kinds(self) -> None:
        """Report spools with another fingerprint; they are neither sent nor deleted."""
        others = set(self._folder.glob('*.spool')) - {self._file_path}
        if self._shared_memory.is_dir():
            found = filter(_is_own_file, self._shared_memory.glob(f'{self._memory_stem}*'))
            others |= set(found) - set(self._memory_paths)
        for path in sorted(others):
            self._report(
                f'{path}: transitions of another kind of robot, by its fingerprint; they are kept,'
                ' not sent'
            )

    def _move_periodically(self) -> None:
        """Move transitions that are not soon acknowledged from memory to disk, until `close`."""
        while True:
            self.spool.crowded.wait(_MOVE_PERIOD_S)
            if self._stopping:
                return
            try:
                self.spool.move_to_file()
            except OSError as error:
                if not self._failing:
                    self._report(
                        f'{self._file_path}: {error.strerror}; only the newest transitions are'
                        ' kept, in memory, until it can be written again'
                    )
                self._failing = True
                time.sleep(_MOVE_PERIOD_S)
            else:
                self._failing = False


def _is_own_file(path: Path) -> bool:
    """Return whether a path is a regular file of this user, not a link to one."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.getuid()


def _locked_folder(folder: Path) -> int:
    """Return a descriptor that holds the folder's lock; the lock ends with the process.

    Raises:
        ConfigurationError: another process holds it, or the folder cannot be created.
    """
    try:
        if not folder.parent.exists():
            make_private_folder(folder.parent)
        make_private_folder(folder)
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigurationError(
            f'spool_folder: given {folder.parent}: {error.strerror}; accepted: a folder to write'
            ' in, or an empty name for memory only'
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise ConfigurationError(
            f'spool_folder: given {folder.parent}: another process uses {folder.name}; accepted:'
            ' one agent for each robot_id, or another spool_folder'
        ) from error
    return descriptor


def _split_where_positions_jump(records: Records) -> Sequence[Records]:
    """Return the groups of consecutive positions."""
    jumps = np.flatnonzero(np.diff(records['position'].astype(np.int64)) != 1) + 1
    return [part for part in np.split(records, jumps) if len(part)]


def _runs(records: Records) -> list[RecordSpan]:
    """Return the runs in these records, in order; each gap starts a new run."""
    if not len(records):
        return []
    step = np.diff(records['position'].astype(np.int64)) == 1
    step &= np.diff(records['sequence'].astype(np.int64)) == 1
    step &= records['session'][1:] == records['session'][:-1]
    runs = []
    for part in np.split(records, np.flatnonzero(~step) + 1):
        start, stop = int(part['position'][0]), int(part['position'][-1]) + 1
        session = bytes(part['session'][0]).decode('ascii', 'replace')
        runs.append(RecordSpan(session, int(part['sequence'][0]), start, stop, start, start, stop))
    return runs

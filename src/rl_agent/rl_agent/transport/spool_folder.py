# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Where a robot's spool outlives its agent: found again after any end of the process.

What is new lies in shared memory, which a killed process leaves behind; what is not acknowledged
after a second or two goes to a file in the spool folder too. So a robot with a good connection
writes nothing to its disk, and a control step never waits for one.
"""

from collections.abc import Callable, Sequence
import contextlib
import fcntl
import hashlib
import os
from pathlib import Path
import threading
import time
from urllib.parse import quote

import numpy as np
from rl_agent.errors import ConfigurationError
from rl_agent.transport.record_ring import (
    FileRing,
    is_cut_off,
    MemoryRing,
    read_file_ring,
    read_memory_ring,
)
from rl_agent.transport.spool import RecordSpan, Spool
from rl_agent.transport.transition import Sender
from rl_agent.transport.transition_record import RecordLayout, Records, whole

_SHARED_MEMORY = Path('/dev/shm')
_MOVE_PERIOD_S = 1.0
_SCANNED_AT_ONCE = 4096

Report = Callable[[str], None]


class SpoolFolder:
    """One robot's folder with the spool in it, locked as long as it is open.

    Attributes:
        spool: holds what earlier sessions left, and takes what this one adds.
        leftover: transitions that earlier sessions left.
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
        """Open or make the spool of a robot.

        Args:
            folder: of the spools of all robots on this machine.
            sender: robot, session and fingerprint of this agent.
            layout: of its records.
            capacity: transitions, those of earlier sessions included.
            in_memory: newest transitions that are in memory; as many may be lost where the disk
                fails.
            report: told what went wrong, one sentence each.
            shared_memory: a file system in memory.

        Raises:
            ConfigurationError: the folder cannot be used, or another process uses this spool.
        """
        self._layout, self._report = layout, report
        self._folder = folder / quote(sender.robot, safe='')
        self._file_path = self._folder / f'{sender.fingerprint}.spool'
        place = hashlib.sha256(str(self._folder.resolve()).encode()).hexdigest()[:16]
        self._memory_stem = f'rl_agent_spool_{place}_'
        self._shared_memory = shared_memory
        # in the folder itself only where there is no shared memory
        self._memory_paths = (
            shared_memory / f'{self._memory_stem}{sender.fingerprint}',
            self._folder / f'{sender.fingerprint}.memory',
        )
        self._lock = _locked_folder(self._folder)
        self._file: FileRing | None = None
        try:
            self._name_other_kinds()
            self.spool = self._open(capacity, min(in_memory, capacity), sender.session)
        except OSError as error:
            os.close(self._lock)
            raise ConfigurationError(
                f'spool_folder: given {folder}: {error}; accepted: a folder to write in'
            ) from error
        self.leftover = self.spool.pending
        self._failing = False
        self._stopping = False
        self._thread = threading.Thread(target=self._move, name='spool', daemon=True)
        self._thread.start()

    def close(self) -> int:
        """Put everything onto the disk, or remove the files; return what is left for later."""
        self._stopping = True
        self.spool.crowded.set()
        self._thread.join()
        assert self._file is not None
        useless: set[Path] = set()
        try:
            self.spool.move_to_file(everything=True)
            useless.update(self._memory_paths)
        except OSError as error:  # the memory file stays, for the next agent
            self._report(f'{self._file_path}: {error.strerror}')
        left = self.spool.pending
        if not left:
            useless |= {self._file_path, *self._memory_paths}
        for path in useless:
            with contextlib.suppress(OSError):  # the disk may have turned read-only
                path.unlink(missing_ok=True)
        self._file.close()
        os.close(self._lock)
        return left

    def _open(self, capacity: int, in_memory: int, session: str) -> Spool:
        """Return the spool with all that is found in file and memory."""
        kept, oldest = self._left_in_memory()
        self._file = file = FileRing(self._file_path, self._layout, capacity)
        oldest = max(oldest, file.oldest)
        for records in _split_where_positions_jump(kept):
            file.write(int(records['position'][0]), records)
        found = self._left_in_file(oldest)
        runs = _runs(found)
        begin = max(oldest, runs[-1].stop if runs else 1)
        file.note_oldest(oldest)
        memory = self._new_memory(min(in_memory, file.slots), begin)
        memory.note_oldest(runs[0].kept if runs else begin)
        return Spool(file.slots, session, memory=memory, file=file, leftovers=runs, begin=begin)

    def _left_in_memory(self) -> tuple[Records, int]:
        """Return whole records that a killed process left in memory, and its oldest position."""
        for path in self._memory_paths:
            if path.is_file() and path.stat().st_uid == os.getuid():
                slots, oldest = read_memory_ring(path, self._layout)
                records = self._whole(path, slots, slots.dtype.names)
                return records[records['position'] >= oldest], oldest
        return np.empty(0, self._layout.dtype), 1

    def _left_in_file(self, oldest: int) -> Records:
        """Return what tells the needed whole records of the file apart, by position."""
        slots = read_file_ring(self._file_path, self._layout)
        found = self._whole(self._file_path, slots, ('position', 'sequence', 'session'))
        return found[found['position'] >= oldest]

    def _whole(self, path: Path, slots: Records, fields: Sequence[str] | None) -> Records:
        """Return fields of the whole records among all slots, by position; report the others."""
        names = list(fields or ())
        parts, damaged = [np.empty(0, self._layout.dtype)[names]], 0
        for start in range(0, len(slots), _SCANNED_AT_ONCE):
            part = np.array(slots[start : start + _SCANNED_AT_ONCE])
            part = part[(part['position'] != 0) | (part['checksum'] != 0)]  # the others are empty
            right = whole(part)
            parts.append(part[right][names])
            damaged += int(np.count_nonzero(~right))
        found = np.concatenate(parts)
        damaged += is_cut_off(path, self._layout)
        if damaged:
            self._report(
                f'{path}: {damaged} damaged transitions of an earlier session are lost;'
                f' {len(found)} are whole'
            )
        return found[np.argsort(found['position'])]

    def _new_memory(self, slots: int, begin: int) -> MemoryRing:
        """Return an empty ring in shared memory, or, where there is none, in the folder."""
        self._remove_memory()
        shared, place = self._memory_paths
        try:
            return MemoryRing(self._layout, slots, shared, begin)
        except OSError as error:
            self._report(
                f'{shared}: {error.strerror}; the spool uses {place} instead, and a slow disk may'
                ' delay a control step'
            )
            return MemoryRing(self._layout, slots, place, begin)

    def _remove_memory(self) -> None:
        """Remove what is in memory."""
        for path in self._memory_paths:
            path.unlink(missing_ok=True)

    def _name_other_kinds(self) -> None:
        """Report what is kept for a robot of another kind; it is neither sent nor deleted."""
        others = set(self._folder.glob('*.spool')) - {self._file_path}
        if self._shared_memory.is_dir():
            others |= set(self._shared_memory.glob(f'{self._memory_stem}*')) - {
                self._memory_paths[0]
            }
        for path in sorted(others):
            self._report(
                f'{path}: transitions of another kind of robot, by its fingerprint; they are kept,'
                ' not sent'
            )

    def _move(self) -> None:
        """Take from memory to disk what was not acknowledged soon."""
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


def _locked_folder(folder: Path) -> int:
    """Return a descriptor that holds the folder's lock, which ends with the process.

    Raises:
        ConfigurationError: another process holds it, or the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
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
    """Return the stretches of consecutive positions."""
    jumps = np.flatnonzero(np.diff(records['position'].astype(np.int64)) != 1) + 1
    return [part for part in np.split(records, jumps) if len(part)]


def _runs(records: Records) -> list[RecordSpan]:
    """Return the runs that records form, in their order; a gap begins a new one."""
    if not len(records):
        return []
    step = np.diff(records['position'].astype(np.int64)) == 1
    step &= np.diff(records['sequence'].astype(np.int64)) == 1
    step &= records['session'][1:] == records['session'][:-1]
    runs = []
    for part in np.split(records, np.flatnonzero(~step) + 1):
        start, stop = int(part['position'][0]), int(part['position'][-1]) + 1
        session = bytes(part['session'][0]).decode('ascii', 'replace')
        runs.append(RecordSpan(session, int(part['sequence'][0]), start, stop, start, start))
    return runs

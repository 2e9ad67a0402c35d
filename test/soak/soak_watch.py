# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What the processes of a soak use: memory, descriptors, threads, and files left behind."""

from collections.abc import Iterable
import contextlib
from dataclasses import dataclass
from pathlib import Path
import time

from soak_fleet import experience_folder, Fleet
from soak_memory import Sample

_SHARED_MEMORY = Path('/dev/shm')
_MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Files:
    """Files of a soak at one moment.

    Attributes:
        at_s: since the start.
        orphans: files in shared memory of processes that are gone, which no process has open.
        orphans_mb: their size in MiB.
        shared_mb: size of all files of this soak in shared memory, in MiB.
        spool_mb: size of the spool folder.
        run_mb: size of the run folder without the journal.
        cpu_cores: processor time of all processes over that since the last sample.
    """

    at_s: float
    orphans: int
    orphans_mb: float
    shared_mb: float
    spool_mb: float
    run_mb: float
    cpu_cores: float


class Watch:
    """Looks at the processes.

    Attributes:
        samples: of every process that was at work, by time.
        files: by time.
    """

    def __init__(self, fleet: Fleet, folder: Path, start_s: float) -> None:
        """Watch a fleet whose files are in `folder`; `start_s` is on the steady clock."""
        self._fleet, self._folder, self._start_s = fleet, folder, start_s
        self.samples: list[Sample] = []
        self.files: list[Files] = []
        self._shared: set[Path] = set()  # ever opened by a process of the fleet
        self._cpu_s: dict[int, float] = {}
        self._sampled_s = start_s

    def sample(self) -> None:
        """Read everything once."""
        now_s = time.monotonic()
        in_use: set[Path] = set()
        used_s = 0.0
        for name, member in self._fleet.members.items():
            pid = member.process.pid
            if member.process.exit_code is not None:
                continue
            with contextlib.suppress(OSError):  # it has just ended
                self.samples.append(_sample(now_s - self._start_s, name, member.life, pid))
                in_use |= _shared_files(pid)
                cpu_s = _cpu_s(pid)
                used_s += cpu_s - self._cpu_s.get(pid, 0.0)
                self._cpu_s[pid] = cpu_s
        self._shared |= in_use
        self._shared = {path for path in self._shared if path.exists()}
        orphans = self._shared - in_use
        self.files.append(
            Files(
                now_s - self._start_s,
                len(orphans),
                _size_mb(orphans),
                _size_mb(self._shared),
                _size_mb((self._folder / 'spool').rglob('*')),
                _size_mb(
                    path
                    for path in (self._folder / 'run').rglob('*')
                    if experience_folder(self._folder) not in path.parents
                ),
                used_s / max(now_s - self._sampled_s, 1e-3),
            )
        )
        self._sampled_s = now_s

    def level_mb(self, executable: str) -> float:
        """Return the newest memory of all processes of an executable, PSS in MiB."""
        newest = {sample.name: sample.pss_mb for sample in self.samples[-64:]}
        return sum(mb for name, mb in newest.items() if name.endswith(executable))


def _sample(at_s: float, name: str, life: int, pid: int) -> Sample:
    """Return what one process uses now.

    Raises:
        OSError: it has ended.
    """
    folder = Path(f'/proc/{pid}')
    kilobytes = {
        line.split(':')[0]: int(line.split()[1])
        for line in (folder / 'smaps_rollup').read_text().splitlines()[1:]
    }
    status = (folder / 'status').read_text()
    threads = next(line for line in status.splitlines() if line.startswith('Threads:'))
    return Sample(
        at_s,
        name,
        life,
        kilobytes['Pss'] / 1024,
        kilobytes['Pss_Anon'] / 1024,
        kilobytes['Pss_Shmem'] / 1024,
        len(list((folder / 'fd').iterdir())),
        int(threads.split()[1]),
    )


def _shared_files(pid: int) -> set[Path]:
    """Return the files in shared memory that a process has mapped."""
    paths = set()
    for line in Path(f'/proc/{pid}/maps').read_text().splitlines():
        _, mark, name = line.partition(f'{_SHARED_MEMORY}/')
        if mark:
            paths.add(_SHARED_MEMORY / name.removesuffix(' (deleted)'))
    return paths


def _cpu_s(pid: int) -> float:
    """Return the processor time of a process since its start."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / 100.0


def _size_mb(paths: Iterable[Path]) -> float:
    """Return the space that files take, in MiB; those that disappear meanwhile count nothing."""
    total = 0
    for path in paths:
        with contextlib.suppress(OSError):
            if not path.is_dir():
                total += path.stat().st_blocks * 512
    return total / _MEBIBYTE

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""All targets, a few at a time: starts their processes, notes what ended one, shows the state."""

from collections.abc import Mapping, Sequence
import contextlib
import multiprocessing
from multiprocessing.process import BaseProcess
from pathlib import Path
import time

from door import Target
from progress import Counts, Progress
from worker import remove_folders, run, Slot

_POLL_S = 0.2
_SHOW_PERIOD_S = 10.0
_SILENT_S = 120.0  # without a new input; the start of a process takes some seconds


class Campaign:
    """Runs targets until each has had its inputs."""

    def __init__(self, targets: Sequence[Target], wanted: Mapping[str, int], folder: Path) -> None:
        """Begin.

        Args:
            targets: in the order in which they run.
            wanted: target to number of inputs, over all starts.
            folder: of progress and failures.
        """
        self._folder, self._wanted = folder, wanted
        self._left = [target for target in targets if self._lacks(target)]
        self._all = targets
        self._running: dict[str, _Running] = {}

    def run(self, jobs: int) -> bool:
        """Run; return whether all is done, not interrupted.

        Args:
            jobs: processes at a time.
        """
        shown_s = time.monotonic()
        try:
            while self._left or self._running:
                while self._left and len(self._running) < jobs:
                    self._start(self._left.pop(0))
                time.sleep(_POLL_S)
                for item in list(self._running.values()):
                    self._look_at(item)
                if time.monotonic() - shown_s > _SHOW_PERIOD_S:
                    shown_s = time.monotonic()
                    self._show()
        except KeyboardInterrupt:
            self._stop()
            return False
        return True

    def _lacks(self, target: Target) -> bool:
        """Return whether a target has not had all inputs yet."""
        progress = Progress(self._folder / target.name)
        return progress.counts.done < self._wanted[target.name]

    def _start(self, target: Target) -> None:
        """Start the process of a target."""
        folder = self._folder / target.name
        first = Progress(folder).counts.done
        slot = Slot(folder / 'slot')
        slot.write(0, b'')
        process = multiprocessing.Process(
            target=run, args=(target, folder, self._wanted[target.name])
        )
        process.start()
        self._running[target.name] = _Running(target, process, slot, first)

    def _look_at(self, item: '_Running') -> None:
        """Note whether a process has ended, or is stuck."""
        if not item.process.is_alive():
            code = item.process.exitcode
            if code:
                self._note_end(item, f'ended the process: exit code {code}', f'exit code {code}')
        elif item.silent_s() > _SILENT_S:
            item.process.kill()
            item.process.join()
            self._note_end(item, f'no answer in {_SILENT_S:g} s', 'hang')
        else:
            return
        del self._running[item.target.name]
        if self._lacks(item.target):
            self._left.insert(0, item.target)

    def _note_end(self, item: '_Running', text: str, place: str) -> None:
        """Keep the input that a process could not answer."""
        remove_folders(item.process.pid or 0)
        count, data = item.slot.read()
        progress = Progress(self._folder / item.target.name)
        if not data and not count:
            raise SystemExit(f'fuzz: {item.target.name}: does not start ({text})')
        progress.counts.done = max(progress.counts.done, item.first + count) + 1
        progress.add_failure(data, place, text)
        progress.save()

    def _stop(self) -> None:
        """End all processes between two inputs."""
        for item in self._running.values():
            with contextlib.suppress(ValueError):
                item.process.terminate()
        for item in self._running.values():
            item.process.join(_SILENT_S)

    def _show(self) -> None:
        """Print one line about the state."""
        counts = {item.name: Progress(self._folder / item.name).counts for item in self._all}
        done, total = sum(item.done for item in counts.values()), sum(self._wanted.values())
        failed = sum(item.failed for item in counts.values())
        running = ', '.join(
            f'{name} {100 * counts[name].done / self._wanted[name]:.0f} %'
            f' at {counts[name].done / max(counts[name].wall_s, 1e-9):.0f}/s'
            for name in self._running
        )
        print(f'{done:,} of {total:,} inputs, {failed} failed; {running}', flush=True)


class _Running:
    """A target with its process."""

    def __init__(self, target: Target, process: BaseProcess, slot: Slot, first: int) -> None:
        self.target, self.process, self.slot, self.first = target, process, slot, first
        self._count, self._since_s = -1, time.monotonic()

    def silent_s(self) -> float:
        """Return the time since the last new input."""
        count, _ = self.slot.read()
        if count != self._count:
            self._count, self._since_s = count, time.monotonic()
        return time.monotonic() - self._since_s


def table(folder: Path, targets: Sequence[Target]) -> str:
    """Return what was done for each target, as a table."""
    every = {target.name: Progress(folder / target.name).counts for target in targets}
    total = Counts()
    for item in every.values():
        total.done += item.done
        total.taken += item.taken
        total.refused += item.refused
        total.failed += item.failed
        total.answers += item.answers
        total.wall_s += item.wall_s
        total.cpu_s += item.cpu_s
    rows = [('target', 'inputs', 'taken', 'refused', 'failed', 'answers', 'per s', 'cpu s')]
    rows += [_row(name, item) for name, item in (*every.items(), ('all', total))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return '\n'.join(
        '  '.join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    )


def _row(name: str, item: Counts) -> tuple[str, str, str, str, str, str, str, str]:
    """Return a row of the table."""
    rate = item.done / max(item.wall_s, 1e-9)
    return (
        name,
        f'{item.done:,}',
        f'{item.taken:,}',
        f'{item.refused:,}',
        f'{item.failed:,}',
        f'{item.answers:,}',
        f'{rate:.0f}',
        f'{item.cpu_s:.0f}',
    )

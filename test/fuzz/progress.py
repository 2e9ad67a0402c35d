# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What was done for each target, on the disk, so that the next start goes on there.

The folder of a target has `progress.json`; `pool/`, the inputs with new answers; and `failures/`,
each an input and a text beside it.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
import hashlib
import json
from pathlib import Path

_MOST_KEPT = 3  # failures of one kind


@dataclass
class Counts:
    """Counts of one target over all starts.

    Attributes:
        done: inputs given.
        taken: inputs that were accepted.
        refused: inputs that were refused as intended.
        failed: the others.
        answers: different answers, in the last process.
        wall_s: time that it took.
        cpu_s: processor time that it took.
        kinds: failures by place.
    """

    done: int = 0
    taken: int = 0
    refused: int = 0
    failed: int = 0
    answers: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    kinds: dict[str, int] = field(default_factory=dict)


class Progress:
    """The folder of a target.

    Attributes:
        counts: of all starts; `save` writes them.
        folder: of the target.
    """

    def __init__(self, folder: Path) -> None:
        """Go on with what the folder says; one without a readable count begins anew."""
        self.folder = folder
        for name in ('pool', 'failures'):
            (folder / name).mkdir(parents=True, exist_ok=True)
        try:
            self.counts = Counts(**json.loads((folder / 'progress.json').read_text()))
        except (OSError, ValueError, TypeError):
            self.counts = Counts()

    def save(self) -> None:
        """Write the counts; a kill at any time leaves the old or the new ones."""
        path = self.folder / 'progress.json.new'
        path.write_text(json.dumps(asdict(self.counts)))
        path.replace(self.folder / 'progress.json')

    def pool(self) -> list[bytes]:
        """Return the inputs with new answers."""
        return [path.read_bytes() for path in sorted((self.folder / 'pool').iterdir())]

    def add_to_pool(self, data: bytes) -> None:
        """Keep an input with a new answer."""
        (self.folder / 'pool' / _name(data)).write_bytes(data)

    def add_failure(self, data: bytes, place: str, text: str) -> Path | None:
        """Count a failure and keep it; None if there are enough of its kind.

        Args:
            data: the input.
            place: kind of failure.
            text: what happened.
        """
        self.counts.failed += 1
        self.counts.kinds[place] = self.counts.kinds.get(place, 0) + 1
        if self.counts.kinds[place] > _MOST_KEPT:
            return None
        path = self.folder / 'failures' / _name(data)
        path.write_bytes(data)
        path.with_name(f'{path.name}.txt').write_text(
            f'{reproduction(path)}\n\n{text}\n', errors='backslashreplace'
        )
        return path

    def failures(self) -> Iterator[Path]:
        """Yield the inputs that failed."""
        for path in sorted((self.folder / 'failures').iterdir()):
            if path.suffix != '.txt':
                yield path


def reproduction(path: Path) -> str:
    """Return the command that gives a kept input to its target again."""
    return f'.venv/bin/python test/fuzz/fuzz.py --reproduce {path}'


def _name(data: bytes) -> str:
    """Return a file name for an input."""
    return hashlib.sha256(data).hexdigest()[:16]

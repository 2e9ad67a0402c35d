# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Steps of the set-up that run only when their inputs have changed."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Callable, Iterable, NamedTuple

from environments import ROOT


class StampedStep(NamedTuple):
    """A step of the set-up.

    Attributes:
        stamp: file with the fingerprint of what is installed.
        fingerprint: fingerprint of the step's inputs.
        work: does the work.
    """

    stamp: Path
    fingerprint: str
    work: Callable[[], None]

    def is_current(self) -> bool:
        """Return whether the step has run with the present inputs."""
        return read_text(self.stamp) == self.fingerprint

    def run(self) -> None:
        """Do the work; the stamp exists only while the work is complete."""
        remove_file(self.stamp)
        self.work()
        self.stamp.write_text(self.fingerprint, encoding='utf-8')


def fingerprint(texts: Iterable[str], files: Iterable[Path]) -> str:
    """Return a hash of texts, and of the names and contents of files."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b'\0')
    for file in sorted(files):
        digest.update(str(file.relative_to(ROOT)).encode() + b'\0')
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def read_text(file: Path) -> str:
    """Return the text of a file; empty if it does not exist."""
    return file.read_text(encoding='utf-8') if file.is_file() else ''


def remove_file(file: Path) -> None:
    """Remove a file if it exists."""
    with contextlib.suppress(FileNotFoundError):
        file.unlink()

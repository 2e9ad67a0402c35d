# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""CSV files of results, to which runs are appended with their origin."""

from collections.abc import Iterable, Mapping, Sequence
import csv
import os
from pathlib import Path
import platform
import subprocess
import sys
from typing import Any


def append(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Append rows; a new file starts with a header."""
    is_new = not path.exists()
    with path.open('a', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, columns)
        if is_new:
            writer.writeheader()
        writer.writerows(rows)


def read(path: Path) -> list[dict[str, str]]:
    """Return all rows; none if the file does not exist."""
    if not path.exists():
        return []
    with path.open(newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def origin(bench: str) -> dict[str, str]:
    """Return the commit, machine and command that rows come from."""
    command = ['git', 'describe', '--always', '--dirty']
    root = Path(__file__).resolve().parents[2]
    described = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    return {
        'commit': described.stdout.strip() or 'unknown',
        'machine': f'{platform.machine()}, {os.cpu_count()} cores',
        'command': f'make bench BENCH={bench} ARGS="{" ".join(sys.argv[1:])}"',
    }

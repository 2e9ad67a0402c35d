# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""`episodes.csv` of a run: one row for each finished episode, written as it happens."""

import contextlib
import csv
from dataclasses import asdict, dataclass, fields
import io
import os
from pathlib import Path
import time
from typing import Any

from rl_agent.errors import ConfigurationError

EPISODES_FILE = 'episodes.csv'


@dataclass(frozen=True)
class EpisodeRow:
    """A finished episode.

    Attributes:
        robot: who lived it.
        episode: number within the robot's session.
        total_steps: of all robots of the run, at its end.
        steps: its own.
        episode_return: sum of rewards.
        evaluation: deterministic.
        policy_version: of its last step.
        complete: not cut short by the end of the run.
        wall_s: time that the run had been going on, pauses between its starts left out.
    """

    robot: str
    episode: int
    total_steps: int
    steps: int
    episode_return: float
    evaluation: bool
    policy_version: int
    complete: bool
    wall_s: float = 0.0


class EpisodeLog:
    """Appends to a run's table; goes on where an earlier start of the run ended.

    Attributes:
        total_steps: of all robots, in whole episodes and cut ones.
    """

    def __init__(self, folder: Path) -> None:
        """Use a run's folder; the file is made with the first row.

        A last row that is half written, as a power cut leaves it, is cut off.

        Raises:
            ConfigurationError: the table there is damaged, or cannot be written.
        """
        self._path = folder / EPISODES_FILE
        before: list[EpisodeRow] = []
        if self._path.exists():
            before = read_episodes(self._path)
            _cut_off_half_row(self._path)
        self.total_steps = before[-1].total_steps if before else 0
        self._began_s = time.monotonic() - (before[-1].wall_s if before else 0.0)

    def append(self, **episode: Any) -> EpisodeRow:
        """Write an episode; on return the file has it, after an error nothing of it.

        Args:
            episode: the fields of `EpisodeRow`, but for `total_steps` and `wall_s`.

        Raises:
            OSError: the disk does not take it.
        """
        self.total_steps += int(episode['steps'])
        wall_s = round(time.monotonic() - self._began_s, 2)
        row = EpisodeRow(**episode, total_steps=self.total_steps, wall_s=wall_s)
        text = io.StringIO()
        writer = csv.DictWriter(text, [item.name for item in fields(EpisodeRow)])
        size = self._path.stat().st_size if self._path.exists() else 0
        if size == 0:
            writer.writeheader()
        writer.writerow(asdict(row))
        try:
            with self._path.open('a', newline='', encoding='utf-8') as file:
                file.write(text.getvalue())
        except OSError:
            with contextlib.suppress(OSError):  # it could not even be opened
                os.truncate(self._path, size)  # the next row would become the end of a half one
            raise
        return row


def read_episodes(path: Path) -> list[EpisodeRow]:
    """Return the rows of a table; a last row that is half written is left out.

    Raises:
        ConfigurationError: it cannot be read, or is another table.
    """
    try:
        content = path.read_bytes()
        whole = content[: _whole_rows(content)].decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f'{path}: cannot be read: {error}') from error
    reader = csv.DictReader(io.StringIO(whole, newline=''))
    try:
        return [_row(values) for values in reader]
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f'{path}: line {reader.line_num}: {type(error).__name__}: {error}; accepted: the'
            f' columns {", ".join(item.name for item in fields(EpisodeRow))}'
        ) from error


def _cut_off_half_row(path: Path) -> None:
    """Shorten a table to its whole rows.

    Raises:
        ConfigurationError: it cannot be written.
    """
    try:
        content = path.read_bytes()
        if _whole_rows(content) < len(content):
            os.truncate(path, _whole_rows(content))
    except OSError as error:
        raise ConfigurationError(
            f'{path}: its last row is half written: {error.strerror}; accepted: a file to write in'
        ) from error


def _whole_rows(content: bytes) -> int:
    """Return how many bytes of a table are whole rows: those that have an end of line."""
    return max(content.rfind(b'\n'), content.rfind(b'\r')) + 1


def _row(values: dict[str, str]) -> EpisodeRow:
    """Return a row of text as an episode."""
    return EpisodeRow(
        robot=values['robot'],
        episode=int(values['episode']),
        total_steps=int(values['total_steps']),
        steps=int(values['steps']),
        episode_return=float(values['episode_return']),
        evaluation=values['evaluation'] == 'True',
        policy_version=int(values['policy_version']),
        complete=values['complete'] == 'True',
        wall_s=float(values.get('wall_s') or 0.0),
    )

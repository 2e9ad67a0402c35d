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

"""`episodes.csv` of a run: one row per finished episode, appended when the episode ends."""

from collections.abc import Callable
import contextlib
import csv
from dataclasses import asdict, dataclass, fields, MISSING
import io
import os
from pathlib import Path
import time
from typing import Any

from rl_agent.errors import ConfigurationError

EPISODES_FILE = 'episodes.csv'


@dataclass(frozen=True)
class EpisodeRow:
    """A finished episode. The fields are the columns of the table.

    Attributes:
        robot: name of the robot.
        episode: number within the robot's session.
        total_steps: steps of all robots of the run when the episode ended.
        steps: steps of the episode.
        episode_return: sum of rewards.
        evaluation: whether the policy acted deterministically.
        policy_version: version at the last step.
        complete: whether the episode ended by itself, not with the run.
        wall_s: running time of the run, without the pauses between its starts.
        outcome: success, failure or discard; empty: nobody told.
        person_steps: steps in which a person drove.
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
    outcome: str = ''
    person_steps: int = 0


_COLUMNS = tuple(item.name for item in fields(EpisodeRow))
# older tables lack the last columns
_REQUIRED = sum(item.default is MISSING for item in fields(EpisodeRow))
_PARSERS: dict[Any, Callable[[str], Any]] = {
    bool: lambda text: text == 'True',
    float: float,
    int: int,
    str: str,
}


class EpisodeLog:
    """Appends rows to a run's table, after those of earlier starts of the run.

    Attributes:
        total_steps: steps of all robots, in complete and interrupted episodes.
    """

    def __init__(self, folder: Path) -> None:
        """Continue the table in a run's folder; a new file is created with the first row.

        An incomplete last row, as left by a power cut, is removed.

        Raises:
            ConfigurationError: the table is damaged or cannot be written.
        """
        self._path = folder / EPISODES_FILE
        before: list[EpisodeRow] = []
        self._columns = _COLUMNS
        if self._path.exists():
            before = read_episodes(self._path)
            _remove_incomplete_row(self._path)
            self._columns = _header(self._path) or _COLUMNS
        self.total_steps = before[-1].total_steps if before else 0
        self._began_s = time.monotonic() - (before[-1].wall_s if before else 0.0)

    def append(self, **episode: Any) -> EpisodeRow:
        """Append an episode; after an error the file is as it was before.

        Args:
            episode: the fields of `EpisodeRow` except `total_steps` and `wall_s`.

        Raises:
            OSError: the row cannot be written.
        """
        self.total_steps += int(episode['steps'])
        wall_s = round(time.monotonic() - self._began_s, 2)
        row = EpisodeRow(**episode, total_steps=self.total_steps, wall_s=wall_s)
        text = io.StringIO()
        writer = csv.DictWriter(text, self._columns, extrasaction='ignore')
        size = self._path.stat().st_size if self._path.exists() else 0
        if size == 0:
            writer.writeheader()
        writer.writerow(asdict(row))
        try:
            with self._path.open('a', newline='', encoding='utf-8') as file:
                file.write(text.getvalue())
        except OSError:
            with contextlib.suppress(OSError):  # the file may not even have been opened
                os.truncate(self._path, size)  # else the next row would continue a partial one
            raise
        return row


def read_episodes(path: Path) -> list[EpisodeRow]:
    """Return the rows of a table without an incomplete last one.

    Raises:
        ConfigurationError: the file cannot be read or holds another table.
    """
    try:
        content = path.read_bytes()
        complete = content[: _length_of_complete_rows(content)].decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f'{path}: cannot be read: {error}') from error
    reader = csv.DictReader(io.StringIO(complete, newline=''))
    try:
        names = tuple(reader.fieldnames or _COLUMNS)
        if len(names) < _REQUIRED or names != _COLUMNS[: len(names)]:
            raise ValueError('other columns')
        return [_parse_row(texts) for texts in reader]
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise ConfigurationError(
            f'{path}: line {reader.line_num}: {type(error).__name__}: {error}; accepted: the'
            f' columns {", ".join(_COLUMNS)}'
        ) from error


def _header(path: Path) -> tuple[str, ...]:
    """Return the columns of a table, which an older version began with fewer; none if empty."""
    with path.open(newline='', encoding='utf-8') as file:
        return tuple(csv.DictReader(file).fieldnames or ())


def _remove_incomplete_row(path: Path) -> None:
    """Truncate a table to its complete rows.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    try:
        content = path.read_bytes()
        length = _length_of_complete_rows(content)
        if length < len(content):
            os.truncate(path, length)
    except OSError as error:
        raise ConfigurationError(
            f'{path}: given an incomplete last row, which cannot be removed: {error.strerror};'
            ' accepted: a writable file'
        ) from error


def _length_of_complete_rows(content: bytes) -> int:
    """Return the length in bytes up to and including the last line ending."""
    return max(content.rfind(b'\n'), content.rfind(b'\r')) + 1


def _parse_row(texts: dict[str, str]) -> EpisodeRow:
    """Return the episode in a row; an empty or missing column takes the field's default."""
    return EpisodeRow(
        **{
            item.name: _PARSERS[item.type](texts[item.name])
            for item in fields(EpisodeRow)
            if item.default is MISSING or texts.get(item.name)
        }
    )

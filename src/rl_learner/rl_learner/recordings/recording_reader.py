# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Messages out of recordings: rosbag2 in MCAP and SQLite, and journals of this project."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rl_agent.bringup.evaluation_topics import TRANSITIONS
from rl_agent.errors import ConfigurationError, JournalError
from rl_learner.journal.batch_codec import encode, TYPE_NAME
from rl_learner.journal.journal_reader import journal_files, read_batches, read_header
from rl_learner.run.folder import EXPERIENCE
from rosbags.rosbag2 import Reader

_ACCEPTED = 'accepted: a rosbag2 folder, an .mcap or .db3 file, a run or its experience folder'


@dataclass(frozen=True)
class RecordedMessage:
    """A message as it was recorded.

    Attributes:
        topic: its full name.
        type: as `package/msg/Name`.
        time_ns: when it was recorded, by the recorder's clock.
        data: serialised (CDR).
    """

    topic: str
    type: str
    time_ns: int
    data: bytes


Wanted = Callable[[str, str], bool]


def topics_of(path: Path) -> dict[str, str]:
    """Return topic to message type; raises as `read_recording` does."""
    if _journal(path):
        return {TRANSITIONS: TYPE_NAME}
    try:
        with Reader(path) as reader:
            return {item.topic: item.msgtype for item in reader.connections}
    except Exception as error:  # of many types, those of SQLite's wrapper among them
        raise _unreadable(path, error) from error


def read_recording(path: Path, wanted: Wanted) -> Iterator[RecordedMessage]:
    """Yield messages in the order in which they were recorded.

    A journal is read up to its last whole record, also while it is being written.

    Args:
        path: a rosbag2 folder, one of its files, or a journal: run folder, `experience` or a file.
        wanted: says of a topic and its type whether its messages are to be read.

    Raises:
        ConfigurationError: it is none of these, or damaged.
        JournalError: a journal cannot be read.
    """
    files = _journal(path)
    if files:
        for file in files:
            for batch in read_batches(file):
                yield RecordedMessage(TRANSITIONS, TYPE_NAME, 0, encode(batch))
        return
    try:
        with Reader(path) as reader:
            chosen = [item for item in reader.connections if wanted(item.topic, item.msgtype)]
            if not chosen:  # none would mean all
                return
            for connection, time_ns, data in reader.messages(chosen):
                yield RecordedMessage(connection.topic, connection.msgtype, time_ns, bytes(data))
    except Exception as error:  # of many types, those of SQLite's wrapper among them
        raise _unreadable(path, error) from error


def _journal(path: Path) -> list[Path]:
    """Return the files of a journal; none where there is something else."""
    if (path / 'metadata.yaml').is_file():  # a bag, whatever its files are named
        return []
    if path.is_dir():
        return journal_files(path / EXPERIENCE) or journal_files(path)
    if path.suffix != '.mcap':
        return []
    try:
        read_header(path)
    except (ConfigurationError, JournalError):
        return []
    return [path]


def _unreadable(path: Path, error: Exception) -> ConfigurationError:
    """Return the error for a file that is no recording, or a damaged one."""
    return ConfigurationError(f'{path}: {type(error).__name__}: {error}; {_ACCEPTED}')

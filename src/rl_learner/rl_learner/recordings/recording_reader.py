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

"""Reads messages from recordings: rosbag2 in MCAP and SQLite, and journals of this project."""

from collections.abc import Callable, Iterator
from pathlib import Path
import shlex

from rl_agent.bounded_files import check_yaml
from rl_agent.bringup.evaluation_topics import TRANSITIONS
from rl_agent.errors import ConfigurationError, JournalError
from rl_learner.journal.batch_codec import encode, TYPE_NAME
from rl_learner.journal.journal_header import read_header
from rl_learner.journal.journal_reader import journal_files, read_batches
from rl_learner.recordings.bag_messages import bag_messages, RecordedMessage
from rl_learner.recordings.bounded_reads import BoundedPath
from rl_learner.run.folder import EXPERIENCE
from rosbags.rosbag2 import Reader

_MOST_REASON = 300  # characters
_MOST_FILES = 4  # that an error names
_ACCEPTED = 'accepted: a rosbag2 folder, an .mcap or .db3 file, a run or its experience folder'


TopicFilter = Callable[[str, str], bool]


def topics_of(path: Path) -> dict[str, str]:
    """Return the message type of each topic; raises like `read_recording`."""
    if _files_of_journal(path):
        return {TRANSITIONS: TYPE_NAME}
    try:
        with Reader(BoundedPath(path)) as reader:
            return {item.topic: item.msgtype for item in reader.connections}
    except Exception as error:  # of many types, including those of the SQLite wrapper
        raise _unreadable(path, error) from error


def read_recording(
    path: Path, wanted: TopicFilter, *, as_written: bool = False
) -> Iterator[RecordedMessage]:
    """Yield messages by time.

    A journal is read up to its last complete record, even while it is being written.

    Args:
        path: a rosbag2 folder, one of its files, or a journal: run folder, `experience` or a file.
        wanted: returns whether to read the messages of a topic, from its name and type.
        as_written: of a bag: in the order of writing instead.

    Raises:
        ConfigurationError: the path is none of these, or the recording is damaged.
        JournalError: a journal cannot be read.
    """
    files = _files_of_journal(path)
    if files:
        for file in files:
            for batch in read_batches(file):
                yield RecordedMessage(TRANSITIONS, TYPE_NAME, 0, encode(batch))
        return
    try:
        with Reader(BoundedPath(path)) as reader:
            chosen = [item for item in reader.connections if wanted(item.topic, item.msgtype)]
            if chosen:
                yield from bag_messages(reader, chosen, as_written=as_written)
    except Exception as error:  # of many types, including those of the SQLite wrapper
        raise _unreadable(path, error) from error


def _files_of_journal(path: Path) -> list[Path]:
    """Return the files of a journal; empty if the path is something else."""
    metadata = path / 'metadata.yaml'
    if metadata.is_file():  # a bag, whatever its file names
        check_yaml(metadata)  # rosbags has no limits
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


def _content(path: Path) -> list[Path]:
    """Return what is in a folder; nothing if it is none."""
    return list(path.iterdir()) if path.is_dir() else []


def _unreadable(path: Path, error: Exception) -> ConfigurationError:
    """Return the error for a file that is no recording or a damaged one."""
    files = sorted(item for item in _content(path) if item.suffix in ('.mcap', '.db3'))
    if files and not (path / 'metadata.yaml').exists():
        names = ' '.join(shlex.quote(str(item)) for item in files[:_MOST_FILES])
        rest = ' ...' if len(files) > _MOST_FILES else ''
        return ConfigurationError(
            f'{path}: given a folder without metadata.yaml, as a recorder that was killed leaves'
            f' it; accepted: its files by name: {names}{rest}, or the folder after `ros2 bag'
            f' reindex {shlex.quote(str(path))}`'
        )
    reason = ' '.join(f'{type(error).__name__}: {error}'.split())[:_MOST_REASON]
    return ConfigurationError(f'{path}: {reason}; {_ACCEPTED}')

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

"""The messages of a bag: by time over all of its files, or as the recorder wrote them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
import heapq
from pathlib import Path

from rosbags.interfaces import Connection
from rosbags.rosbag2 import Reader
from rosbags.rosbag2.reader import DirectoryReader
from rosbags.rosbag2.storage_mcap import McapReader
from rosbags.rosbag2.storage_sqlite3 import Sqlite3Reader
import zstandard

Storage = McapReader | Sqlite3Reader
_AS_WRITTEN = 'SELECT topic_id, timestamp, data FROM messages ORDER BY id'


@dataclass(frozen=True)
class RecordedMessage:
    """A recorded message.

    Attributes:
        topic: full name.
        type: as `package/msg/Name`.
        time_ns: time of recording, by the recorder's clock.
        data: serialised message (CDR).
        file: name of the file; empty: not known.
    """

    topic: str
    type: str
    time_ns: int
    data: bytes
    file: str = ''


def bag_messages(
    reader: Reader, chosen: Collection[Connection], *, as_written: bool = False
) -> Iterator[RecordedMessage]:
    """Yield the messages of some topics of an open bag.

    Args:
        reader: of the bag.
        chosen: topics, at least one.
        as_written: in the order of writing, one file after another; else by time. A recorder whose
            clock is set back writes times that decrease; a tool that merges bags may write one
            topic after another.
    """
    storage = reader.storage
    storages = storage.storages if isinstance(storage, DirectoryReader) else [storage]
    sources = [
        _of_file(reader, item, chosen, as_written=as_written)
        for item in storages
        if isinstance(item, Storage)
    ]
    if not as_written:
        yield from heapq.merge(*sources, key=lambda message: message.time_ns)
        return
    for source in sources:
        yield from source


def _of_file(
    reader: Reader, storage: Storage, chosen: Collection[Connection], *, as_written: bool
) -> Iterator[RecordedMessage]:
    """Yield the messages in one file."""
    wanted = {(item.topic, item.msgtype) for item in chosen}
    connections = [item for item in storage.connections if (item.topic, item.msgtype) in wanted]
    if not connections:  # rosbags takes an empty list as all topics
        return
    file = Path(str(storage.path)).name
    is_compressed = reader.compression_mode == 'message'
    found = _as_written(storage, connections) if as_written else storage.messages(connections)
    for connection, time_ns, data in found:
        content = _decompressed(data) if is_compressed else bytes(data)
        yield RecordedMessage(connection.topic, connection.msgtype, time_ns, content, file)


def _as_written(
    storage: Storage, connections: Collection[Connection]
) -> Iterator[tuple[Connection, int, bytes]]:
    """Yield the messages in one file in the order in which they were written."""
    if isinstance(storage, McapReader):
        yield from storage.messages_scan(connections)
        return
    assert storage.dbconn is not None
    by_id = {item.id: item for item in connections}
    for topic, time_ns, data in storage.dbconn.execute(_AS_WRITTEN):
        if topic in by_id:
            yield by_id[topic], time_ns, data


def _decompressed(data: bytes) -> bytes:
    """Return the content of a compressed message; the frame may lack the size."""
    return zstandard.ZstdDecompressor().decompressobj().decompress(data)

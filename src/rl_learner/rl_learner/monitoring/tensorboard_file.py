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

"""TensorBoard event files, written record by record.

tensorboardX's SummaryWriter writes from a background thread: after a disk error there, the thread
is gone and callers block as soon as its queue is full. Here errors reach the caller.
"""

from collections.abc import Mapping, Sequence
from itertools import count
import os
from pathlib import Path
import platform
import time

from rl_learner.monitoring.tensorboardx_import import (
    Event,
    Layout,
    RecordWriter,
    Summary,
    summary,
)

_VERSION = 'brain.Event:2'


class EventFile:
    """One event file. Each recording process writes its own."""

    def __init__(self, folder: Path) -> None:
        """Open a new file in a folder, which is created if it does not exist.

        Raises:
            OSError: the disk refuses it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        name = f'events.out.tfevents.{int(time.time())}.{platform.node()}.{os.getpid()}'
        number = next(item for item in count() if not (folder / f'{name}.{item}').exists())
        self._path = folder / f'{name}.{number}'
        self._records = RecordWriter(str(self._path))
        self._write(Event(file_version=_VERSION))

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Add scalars by tag at a step, all with the same wall time."""
        if values:
            points = [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
            self._write(Event(step=step, summary=Summary(value=points)))

    def text(self, tag: str, markdown: str) -> None:
        """Add a text, which the page shows as Markdown."""
        self._write(Event(summary=summary.text(tag, markdown)))

    def charts(self, categories: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        """Add the layout of the custom view: which scalars it draws in one chart.

        Args:
            categories: charts by heading; each chart maps a title to the tags of its scalars, as
                regular expressions. The page unfolds only the first category.
        """
        content = summary.custom_scalars(
            {
                heading: {title: ('Multiline', list(tags)) for title, tags in charts.items()}
                for heading, charts in categories.items()
            }
        )
        tensor = content.value[0].tensor
        layout = Layout.FromString(tensor.string_val[0])
        for category in layout.category[1:]:
            category.closed = True
        tensor.string_val[0] = layout.SerializeToString()
        self._write(Event(summary=content))

    def flush(self) -> None:
        """Put on the disk what was written, so that readers see it.

        Raises:
            OSError: the disk refuses it.
        """
        self._records.flush()

    def close(self) -> None:
        """Close the file, and remove it if a full disk left it empty.

        Raises:
            OSError: the disk refuses what is not written yet.
        """
        try:
            self._records.close()
        finally:
            if not self._path.stat().st_size:
                self._path.unlink()

    def _write(self, event: Event) -> None:
        """Add an event with the current wall time."""
        event.wall_time = time.time()
        self._records.write(event.SerializeToString())

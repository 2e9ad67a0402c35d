# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""TensorBoard event files, without the TensorFlow or torch that other writers bring along."""

from collections.abc import Mapping, Sequence
from itertools import count
import os
from pathlib import Path
import platform
import time

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.types_pb2 import DT_STRING
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

_VERSION = 'brain.Event:2'


class EventFile:
    """One file of events; each process that records writes a file of its own."""

    def __init__(self, folder: Path) -> None:
        """Open a new file in a folder, which is made if it is not there.

        Raises:
            OSError: the disk does not take it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        name = f'events.out.tfevents.{int(time.time())}.{platform.node()}.{os.getpid()}'
        number = next(item for item in count() if not (folder / f'{name}.{item}').exists())
        self._path = folder / f'{name}.{number}'
        self._file = self._path.open('ab')
        self._records = RecordWriter(self._file)
        self._write(Event(file_version=_VERSION))

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Add numbers at a step, all with the same time."""
        if values:
            summary = [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
            self._write(Event(step=step, summary=Summary(value=summary)))

    def text(self, tag: str, markdown: str) -> None:
        """Add a text, which the page shows as Markdown."""
        tensor = TensorProto(
            dtype=DT_STRING,
            string_val=[markdown.encode()],
            tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)]),
        )
        self._add_tensor(f'{tag}/text_summary', tensor, 'text')

    def charts(self, categories: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        """Say which scalars the page's custom view draws together.

        Args:
            categories: heading to charts; of a chart, title to the scalars' tags, as regular
                expressions. The page shows the first category and folds the others.
        """
        layout = layout_pb2.Layout(
            category=[
                layout_pb2.Category(
                    title=category,
                    chart=[
                        layout_pb2.Chart(
                            title=title,
                            multiline=layout_pb2.MultilineChartContent(tag=list(tags)),
                        )
                        for title, tags in charts.items()
                    ],
                    closed=number > 0,
                )
                for number, (category, charts) in enumerate(categories.items())
            ]
        )
        content = layout.SerializeToString()
        tensor = TensorProto(
            dtype=DT_STRING, string_val=[content], tensor_shape=TensorShapeProto()
        )
        self._add_tensor('custom_scalars__config__', tensor, 'custom_scalars')

    def flush(self) -> None:
        """Let readers see what was written."""
        self._file.flush()

    def close(self) -> None:
        """Close the file; one that a full disk has left empty is removed.

        Raises:
            OSError: the disk does not take what is left.
        """
        try:
            self._file.close()
        finally:
            if not self._path.stat().st_size:
                self._path.unlink()

    def _add_tensor(self, tag: str, tensor: TensorProto, plugin: str) -> None:
        """Add what a plugin of the page reads."""
        metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=plugin))
        value = Summary.Value(tag=tag, tensor=tensor, metadata=metadata)
        self._write(Event(step=0, summary=Summary(value=[value])))

    def _write(self, event: Event) -> None:
        """Add an event, stamped with the time."""
        event.wall_time = time.time()
        self._records.write(event.SerializeToString())

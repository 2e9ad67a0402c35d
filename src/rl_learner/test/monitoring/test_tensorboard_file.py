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

"""TensorBoard reads the event files; a full disk raises and leaves no empty file."""

from pathlib import Path
import subprocess
import sys

import pytest
from rl_learner.monitoring.tensorboard_file import EventFile
from small_disk import disk_of
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar.layout_pb2 import Layout

CHARTS = {'First': {'both losses': ['critic/.*', 'actor/.*']}, 'Second': {'one': ['x$']}}


def test_tensorboard_reads_what_was_written(tmp_path: Path) -> None:
    file = EventFile(tmp_path / 'new')
    file.charts(CHARTS)
    file.text('run/robot', '**robot**')
    file.scalars({'critic/loss, in J': 0.5, 'x': -2.0}, 7)
    file.scalars({}, 8)
    file.flush()
    events = EventAccumulator(str(tmp_path / 'new')).Reload()
    assert set(events.Tags()['scalars']) == {'critic/loss, in J', 'x'}
    points = [events.Scalars(tag)[0] for tag in ('critic/loss, in J', 'x')]
    assert [(point.step, point.value) for point in points] == [(7, 0.5), (7, -2.0)]
    assert points[0].wall_time == points[1].wall_time
    (text,) = events.Tensors('run/robot/text_summary')
    assert text.tensor_proto.string_val[0] == b'**robot**'
    (config,) = events.Tensors('custom_scalars__config__')
    layout = Layout.FromString(config.tensor_proto.string_val[0])
    assert [(item.title, item.closed) for item in layout.category] == [
        ('First', False),
        ('Second', True),
    ]
    (chart,) = layout.category[0].chart
    assert (chart.title, list(chart.multiline.tag)) == ('both losses', ['critic/.*', 'actor/.*'])
    file.close()


def test_files_of_the_same_second_have_different_names(tmp_path: Path) -> None:
    for _ in range(3):
        EventFile(tmp_path).close()
    assert len(list(tmp_path.iterdir())) == 3


def test_a_full_disk_raises_and_leaves_no_empty_file(tmp_path: Path) -> None:
    with disk_of(0):
        file = EventFile(tmp_path)
        file.scalars({'x': 1.0}, 1)
        with pytest.raises(OSError, match='File too large'):
            file.flush()
        with pytest.raises(OSError, match='File too large'):
            file.close()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_keeps_what_was_flushed(tmp_path: Path) -> None:
    file = EventFile(tmp_path)
    file.scalars({'x': 1.0}, 1)
    file.flush()
    (path,) = tmp_path.iterdir()
    with disk_of(path.stat().st_size + 5):
        file.scalars({'x': 2.0}, 2)
        with pytest.raises(OSError, match='File too large'):
            file.flush()
        with pytest.raises(OSError, match='File too large'):
            file.close()
    another = EventFile(tmp_path)
    another.scalars({'x': 3.0}, 3)
    another.close()
    steps = [
        event.step
        for path in sorted(tmp_path.iterdir())
        for event in EventAccumulator(str(path)).Reload().Scalars('x')
    ]
    assert steps == [1, 3]


def test_the_recorder_does_not_load_torch() -> None:
    program = 'import sys, rl_learner.nodes.recorder_node; sys.exit("torch" in sys.modules)'
    subprocess.run([sys.executable, '-c', program], timeout=60.0, check=True)

# Copyright 2026 The rl_agent authors
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

"""What is told about cameras: blank frames, stamps that are apart, and pictures for people."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rl_agent.cameras.blank_frames import BlankFrames
from rl_agent.cameras.png_file import side_by_side, write_png
from rl_agent.cameras.stamps_apart import StampsApart
from rl_agent.description.image import ImageDescription, pack_pixels
from rl_agent.description.observation import ObservationField
from rl_agent.event_log import EventLog

IMAGE = ImageDescription(4, 5, encoding='mono')
CAMERA = ObservationField('camera', 'camera/image', 'sensor_msgs/msg/Image', 'data', image=IMAGE)
JOINTS = ObservationField(
    'position', 'joint_states', 'sensor_msgs/msg/JointState', 'position', joints=('a',)
)


def numbers(*pixels: int) -> np.ndarray[Any, Any]:
    """Return a packed image whose pixels repeat some values."""
    return pack_pixels(np.resize(np.array(pixels, np.uint8), IMAGE.num_bytes))


@pytest.mark.parametrize('value', [0, 7, 255])
def test_frames_of_one_value_are_reported_until_a_picture_comes(value: int) -> None:
    events = EventLog()
    watch = BlankFrames([JOINTS, CAMERA], events)
    watch.note('position', np.zeros(1))
    watch.note('camera', numbers(1, 2))
    assert not events.counts()
    for _ in range(3):
        watch.note('camera', numbers(value))
    assert events.counts() == {'image_blank/camera': 1}
    watch.note('camera', numbers(*[value] * 19, 3))
    began, over = events.take_reports()
    assert f'camera: given frames whose pixels are all {value}; accepted: a pic' in began.text
    assert 'over after' in over.text


@dataclass(frozen=True)
class Message:
    """A received message."""

    received_s: float
    stamp_ns: int


def test_a_camera_with_another_clock_is_reported_until_it_is_set() -> None:
    events = EventLog()
    watch = StampsApart([JOINTS, CAMERA], events)
    watch.note('camera/image', Message(5.0, 9_000_000_000_000))
    assert not events.counts()  # nothing to compare with
    watch.note('joint_states', Message(5.0, 100_000_000_000))
    watch.note('camera/image', Message(5.1, 99_900_000_000))  # exposed 0.2 s before
    assert not events.counts()
    watch.note('camera/image', Message(5.1, 60_100_000_000))
    watch.note('joint_states', Message(5.2, 100_200_000_000))
    watch.note('camera/image', Message(5.2, 100_100_000_000))
    began, over = events.take_reports()
    assert 'given stamps -40 s from those of joint_states; accepted: at most' in began.text
    assert 'over after' in over.text


def test_what_was_published_once_long_ago_is_not_compared() -> None:
    events, goal = EventLog(), replace(JOINTS, name='goal', topic='goal', once=True)
    watch = StampsApart([goal, JOINTS, CAMERA], events)
    watch.note('goal', Message(5.0, 0))
    watch.note('camera/image', Message(5.0, 100_000_000_000))
    assert not events.counts()


def test_stamps_without_cameras_are_not_compared() -> None:
    events = EventLog()
    watch = StampsApart([JOINTS], events)
    watch.note('joint_states', Message(5.0, 0))
    watch.note('joint_states', Message(5.0, 10**18))
    assert not events.counts()


def test_pictures_of_several_images_are_written_as_png(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    gray, colours = (rng.integers(0, 256, (side, 3, depth)) for side, depth in ((2, 1), (4, 3)))
    picture = side_by_side([gray.astype(np.uint8), colours.astype(np.uint8)])
    write_png(tmp_path / 'seen.png', picture, 2)
    reading = pytest.importorskip('PIL.Image', reason='pillow is not installed')
    read = np.asarray(reading.open(tmp_path / 'seen.png'))
    assert read.shape == (8, 2 * (3 + 4 + 3), 3)
    assert np.array_equal(read[:4:2, :6:2], np.broadcast_to(gray, (2, 3, 3)))
    assert np.array_equal(read[::2, 14::2], colours)

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

"""Writes what policies saw as ROS 2 images in an MCAP file, for Foxglove and other players.

The journal packs images into numbers, which no player shows.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mcap_ros2.writer import Writer
import numpy as np
from rl_agent.cameras.frame import PICTURES
from rl_agent.description.image import Bytes, ImageDescription, unpack_pixels
from rl_agent.description.robot import RobotDescription
from rl_agent.errors import ConfigurationError
from rl_learner.export.dataset_folder import ExportCounts, replaced_folder
from rl_learner.journal.journal_episodes import RecordedEpisode

IMAGES_FILE = 'images.mcap'
REWARD = 'reward'  # topic, in the robot's namespace
_IMAGE, _FLOAT = 'sensor_msgs/msg/Image', 'std_msgs/msg/Float64'
_SECOND_NS = 1_000_000_000
_LATEST_NS = (1 << 31) * _SECOND_NS - 1  # that a stamp can hold
_SEPARATOR = '=' * 80
_IMAGE_DEFINITION = f"""\
std_msgs/Header header
uint32 height
uint32 width
string encoding
uint8 is_bigendian
uint32 step
uint8[] data
{_SEPARATOR}
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
{_SEPARATOR}
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
"""


def is_image_recording(folder: Path) -> bool:
    """Return whether a folder is such a recording, which an export may replace."""
    return (folder / IMAGES_FILE).is_file()


def write_recording(
    folder: Path, episodes: Iterable[RecordedEpisode], robot: RobotDescription
) -> ExportCounts:
    """Write a recording; an existing one is replaced once everything is written.

    Each robot has a topic of sensor_msgs/msg/Image for each image, `/ROBOT/FIELD`, and its
    rewards as std_msgs/msg/Float64. A message has the time of its observation by the robot's
    clock, where two sessions of a simulated robot may have the same.

    Args:
        folder: of the recording.
        episodes: of robots with this description.
        robot: names the images.

    Raises:
        ConfigurationError: the robot sees no images.
        OSError: the recording cannot be written; an existing one is kept.
    """
    if not robot.images:
        raise ConfigurationError(
            f'robot {robot.name!r}: observation: given no image; accepted: a robot with an image'
            ' for --format foxglove'
        )
    counts = ExportCounts()
    with replaced_folder(folder) as temporary, (temporary / IMAGES_FILE).open('wb') as file:
        writer = Writer(file)
        image = writer.register_msgdef(_IMAGE, _IMAGE_DEFINITION)
        number = writer.register_msgdef(_FLOAT, 'float64 data')
        for episode in episodes:
            counts.add(episode)
            name = f'/{episode.sender.robot}'
            stamps = episode.columns['stamp'].clip(0, _LATEST_NS).tolist()
            for field, pictures in _pictures(episode, robot):
                for stamp_ns, picture in zip(stamps, pictures, strict=True):
                    writer.write_message(
                        topic=f'{name}/{field}',
                        schema=image,
                        message=_message(picture, stamp_ns, field),
                        log_time=stamp_ns,
                        publish_time=stamp_ns,
                    )
            for stamp_ns, reward in zip(stamps, episode.columns['reward'].tolist(), strict=True):
                writer.write_message(
                    topic=f'{name}/{REWARD}',
                    schema=number,
                    message={'data': reward},
                    log_time=stamp_ns,
                    publish_time=stamp_ns,
                )
        writer.finish()
    return counts


def _pictures(episode: RecordedEpisode, robot: RobotDescription) -> Iterator[tuple[str, Bytes]]:
    """Yield name and pictures of each image of an episode, (step, height, width, 1 or 3)."""
    observation = episode.columns['observation']
    fields = [(item.name, item.image) for item in robot.seen_by_policy if item.image]
    start = observation.shape[1] - sum(image.size for _, image in fields)
    for name, image in fields:
        packed = observation[:, start : start + image.size]
        pixels = unpack_pixels(packed, image.num_bytes)
        yield name, _shown(pixels.reshape(len(packed), *image.shape), image)
        start += image.size


def _shown(pixels: Bytes, image: ImageDescription) -> Bytes:
    """Return the newest frame, in colour or gray; of many channels the last three or one."""
    return pixels[..., -3:] if image.channels % 3 == 0 else pixels[..., -1:]


def _message(picture: Bytes, stamp_ns: int, frame: str) -> dict[str, Any]:
    """Return a sensor_msgs/msg/Image."""
    height, width, channels = picture.shape
    seconds, nanoseconds = divmod(stamp_ns, _SECOND_NS)
    return {
        'header': {'stamp': {'sec': seconds, 'nanosec': nanoseconds}, 'frame_id': frame},
        'height': height,
        'width': width,
        'encoding': PICTURES[channels],
        'is_bigendian': 0,
        'step': width * channels,
        'data': np.ascontiguousarray(picture).tobytes(),
    }

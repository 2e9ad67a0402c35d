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

"""Images in descriptions, and their pixels as numbers."""

from typing import Any

import numpy as np
import pytest
from rl_agent.configuration import build
from rl_agent.description.image import (
    HIGHEST_NUMBER,
    ImageDescription,
    numbers_for,
    pack_pixels,
    refuse_images,
    refuse_task_images,
    unpack_pixels,
)
from rl_agent.description.robot import (
    description_as_json,
    read_description,
    RobotDescription,
)
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError

IMAGE = {'height': 8, 'width': 6, 'channels': 3}


def field(name: str, **other: Any) -> dict[str, Any]:
    return {
        'name': name,
        'topic': 'task_state',
        'type': 'rl_msgs/msg/TaskState',
        'field': name,
        **other,
    }


def robot(*fields: dict[str, Any], **other: Any) -> RobotDescription:
    content = {
        'name': 'looker',
        'rate_hz': 10,
        'episode_steps': 10,
        'observation': [
            *fields,
            *(field(name, task_only=True) for name in ('reward', 'terminated', 'truncated')),
        ],
        'action': {
            'topic': 'command',
            'type': 'std_msgs/msg/Float64MultiArray',
            'joints': ['a'],
            'unit': 'm',
            'low': [-1],
            'high': [1],
        },
        'task': {'name': 'topic_reward'},
        'reset': {'service': 'reset'},
        **other,
    }
    return build(RobotDescription, content, 'looker.yaml')


def test_three_bytes_are_one_number_the_first_lowest() -> None:
    numbers = pack_pixels(np.array([1, 2, 3, 255], np.uint8))
    assert numbers.tolist() == [1 + 2 * 256 + 3 * 65536, 255]
    assert pack_pixels(np.full(3, 255, np.uint8)).tolist() == [HIGHEST_NUMBER]


@pytest.mark.parametrize('count', [1, 2, 3, 4, 47, 12288])
def test_pixels_come_back_bit_for_bit_through_float32(count: int) -> None:
    pixels = np.random.default_rng(count).integers(0, 256, (2, count), dtype=np.uint8)
    numbers = np.stack([pack_pixels(row) for row in pixels]).astype(np.float32)
    assert numbers.shape == (2, numbers_for(count))
    assert np.array_equal(unpack_pixels(numbers, count), pixels)


def test_numbers_that_no_image_has_become_pixels_all_the_same() -> None:
    numbers = np.array([np.nan, -5.0, np.inf, 3e9, 1.5], np.float32)
    assert unpack_pixels(numbers, 15).reshape(5, 3).tolist() == [
        [0, 0, 0],
        [0, 0, 0],
        [255, 255, 255],
        [255, 255, 255],
        [1, 0, 0],
    ]


def test_an_image_follows_the_numbers_in_an_observation() -> None:
    spaces = Spaces(robot(field('observation', size=2), field('camera', image=IMAGE)))
    size = 8 * 6 * 3 // 3
    assert (spaces.observation_size, spaces.vector_size) == (2 + size, 2)
    assert spaces.images == (ImageDescription(8, 6, 3),)
    assert spaces.observation_high[-1] == HIGHEST_NUMBER


def test_the_size_of_an_image_is_part_of_the_fingerprint() -> None:
    one = Spaces(robot(field('camera', image=IMAGE))).fingerprint
    turned = {'height': 6, 'width': 8, 'channels': 3}
    assert Spaces(robot(field('camera', image=turned))).fingerprint != one
    assert Spaces(robot(field('camera', size=48))).fingerprint != one


def test_a_description_with_an_image_survives_json() -> None:
    described = robot(field('camera', image=IMAGE))
    assert read_description(description_as_json(described), 'json') == described


@pytest.mark.parametrize(
    ('fields', 'other', 'reason'),
    [
        ([field('camera', image=IMAGE, size=48)], {}, 'image: given together with size'),
        ([field('camera', image=IMAGE, once=True)], {}, 'given together with once'),
        (
            [field('camera', image={**IMAGE, 'height': 4000, 'width': 4000})],
            {},
            'given 4000 x 4000 x 3, 48000000 bytes; accepted: at most 150528',
        ),
        (
            [{**field('camera', image=IMAGE), 'type': 'sensor_msgs/msg/Image'}],
            {},
            "image: given no encoding with type 'sensor_msgs/msg/Image'; accepted: encoding rgb",
        ),
        (
            [field('camera', image={'height': 128, 'width': 128})],
            {'stack': 4},
            'stack: given 4 with an image of 128 x 128 x 3, 196608 bytes together; accepted: at'
            ' most 3, 150528 bytes',
        ),
        (
            [field('camera', image=IMAGE), field('observation')],
            {},
            'given an image before other fields',
        ),
    ],
)
def test_what_images_cannot_be_combined_with_is_named(
    fields: list[dict[str, Any]], other: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        robot(*fields, **other)


def camera(**image: Any) -> dict[str, Any]:
    return {
        'name': 'camera',
        'topic': 'camera/image_raw',
        'type': 'sensor_msgs/msg/Image',
        'field': 'data',
        'image': {'height': 8, 'width': 6, 'encoding': 'rgb', **image},
    }


CROP = {'left': 2, 'top': 0, 'width': 6, 'height': 8}


def test_cameras_are_seen_beside_numbers() -> None:
    depth = {**camera(encoding='depth', depth_m=[0.2, 4.0]), 'name': 'depth', 'topic': 'depth'}
    described = robot(field('observation', size=2), camera(crop=CROP), depth)
    assert [image.shape for image in described.images] == [(8, 6, 3), (8, 6, 1)]
    assert read_description(description_as_json(described), 'json') == described
    assert Spaces(described).vector_size == 2


def test_what_a_policy_sees_of_a_camera_is_part_of_the_fingerprint() -> None:
    seen = [
        camera(),
        camera(crop=CROP),
        camera(encoding='mono'),
        camera(encoding='depth', depth_m=[0.2, 4.0]),
        camera(encoding='depth', depth_m=[0.2, 3.0]),
        {**camera(), 'type': 'sensor_msgs/msg/CompressedImage'},
    ]
    assert len({Spaces(robot(item)).fingerprint for item in seen}) == len(seen)
    other_topic = {**camera(), 'topic': 'other'}
    assert Spaces(robot(other_topic)).fingerprint == Spaces(robot(camera())).fingerprint


@pytest.mark.parametrize(
    ('given', 'reason'),
    [
        ({**camera(), 'image': None}, r'image: missing with type .*Image.*\{height: 64'),
        ({**camera(), 'field': 'height'}, "image: given field 'height' with type"),
        ({**camera(), 'type': 'sensor_msgs/msg/Imu'}, "given with type 'sensor_msgs/msg/Imu'"),
        ({**camera(), 'type': 'rl_msgs/msg/TaskState'}, "encoding: given 'rgb' with type"),
        (camera(encoding='hsv'), r"encoding: given 'hsv'; accepted: .*'rgb', 'mono' or 'depth'"),
        (camera(encoding='depth'), 'depth_m: missing with encoding'),
        (camera(depth_m=[0.2, 4.0]), "depth_m: given with encoding 'rgb'"),
        (camera(encoding='depth', depth_m=[4.0, 0.2]), 'accepted: low before high'),
        (camera(encoding='depth', depth_m=[-1.0, 2.0]), 'accepted: 0 or more'),
        (camera(encoding=None, crop=CROP), 'crop: given without encoding'),
        (camera(crop={**CROP, 'width': 5}), 'crop: given 8 x 5; accepted: at least 8 x 6'),
        (camera(channels=4), "channels: given 4 with encoding 'rgb'; accepted: 3"),
    ],
)
def test_what_a_camera_cannot_have_is_named(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        robot(given)


def test_users_without_images_refuse_them_by_name() -> None:
    refuse_images('looker', (), 'rl_export_dataset')
    with pytest.raises(ConfigurationError, match=r"robot 'looker': .*none with rl_export_d"):
        refuse_images('looker', (ImageDescription(8, 6),), 'rl_export_dataset')
    refuse_task_images('looker', (ImageDescription(8, 6, encoding='rgb'),))
    with pytest.raises(ConfigurationError, match=r"robot 'looker': .*one of a Gymnasium task"):
        refuse_task_images('looker', (ImageDescription(8, 6),))

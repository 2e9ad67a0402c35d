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

"""Rows with images: bit for bit through n-step sums and Reverb, and stored once."""

from image_updates import ACTION, IMAGES, observations, SIZE, VECTOR
import numpy as np
import pytest
from replay_servers import MakeServer, TIMEOUT_S
from rl_agent.array_types import Float32Array
from rl_agent.description.image import Bytes, ImageDescription, unpack_pixels
from rl_learner.frames.frame_items import to_frame_items, to_whole_rows
from rl_learner.replay.items import ROWS_PER_ITEM, to_items, to_rows
from rl_learner.replay.layout import ReplayLayout
from rl_learner.replay.n_step import NStep
from rl_learner.replay.replay_memory import stored_width
from rl_learner.replay.sampler import ReplaySampler
from rl_learner.replay.transition_arrays import TransitionArrays
from rl_learner.replay.writer import ReplayWriter

LAYOUT = ReplayLayout(SIZE, ACTION, IMAGES)
NUM_BYTES = sum(image.num_bytes for image in IMAGES)


def transitions(count: int, end_every: int = 0, seed: int = 0) -> TransitionArrays:
    """Return transitions; after `end_every` of them another episode begins."""
    seen = observations(count + 1, seed)
    after = seen[1:].copy()
    number = np.arange(count)
    ends = (number + 1) % end_every == 0 if end_every else np.zeros(count, np.bool_)
    after[ends] = observations(count, seed + 1)[ends]  # the last of an episode, seen once
    rng = np.random.default_rng(seed)
    return TransitionArrays(
        observation=seen[:-1],
        action=rng.uniform(-1, 1, (count, ACTION)).astype(np.float32),
        reward=np.arange(1, count + 1, dtype=np.float32),
        next_observation=after,
        terminated=ends,
        truncated=np.zeros(count, np.bool_),
        episode=(number // end_every if end_every else 0 * number).astype(np.uint32),
    )


def rows_of(given: TransitionArrays, n_step: int = 1) -> Float32Array:
    sums = NStep(LAYOUT, n_step, 0.5)
    return np.concatenate([sums.push(given), sums.flush()])


def images_of(rows: Float32Array, columns: slice) -> Bytes:
    """Return the bytes of the images in rows, (row, NUM_BYTES)."""
    return np.ascontiguousarray(rows[:, columns]).view(np.uint8)[:, :NUM_BYTES]


def pixels_of(seen: Float32Array) -> Bytes:
    """Return the bytes of the images in observations, (row, NUM_BYTES)."""
    parts, start = [], VECTOR
    for image in IMAGES:
        parts.append(unpack_pixels(seen[:, start : start + image.size], image.num_bytes))
        start += image.size
    return np.concatenate(parts, axis=1)


def assert_same(given: Float32Array, expected: Float32Array) -> None:
    """Compare bit by bit: pixels may look like NaN."""
    assert given.shape == expected.shape
    assert np.array_equal(given.view(np.uint32), expected.view(np.uint32))


def stored_and_drawn(rows: Float32Array) -> Float32Array:
    """Return rows that were split into items, and put together again in one fetch."""
    assert LAYOUT.pixels is not None
    items = list(to_frame_items(to_items(rows), LAYOUT.pixels))
    most = max(len(item.frames) for item in items)
    frames = np.zeros((len(items), most, LAYOUT.pixels.num_words), np.float32)
    for number, item in enumerate(items):
        frames[number, : len(item.frames)] = item.frames
    return to_whole_rows(np.stack([item.rows for item in items]), frames, LAYOUT.pixels)


@pytest.mark.parametrize('n_step', [1, 3])
def test_n_step_sums_keep_the_pixels(n_step: int) -> None:
    given = transitions(40, end_every=7)
    rows, pixels = rows_of(given, n_step), LAYOUT.pixels
    assert pixels is not None
    assert np.array_equal(images_of(rows, pixels.observation), pixels_of(given.observation))
    number = np.arange(40)
    last = np.minimum(np.minimum(number + n_step - 1, number // 7 * 7 + 6), 39)
    expected = pixels_of(given.next_observation)[last]
    assert np.array_equal(images_of(rows, pixels.next_observation), expected)
    assert rows[:, -1].tolist() == (last - number + 1).tolist()
    reward = [
        sum(0.5**step * (row + step + 1) for step in range(last[row] - row + 1)) for row in number
    ]
    np.testing.assert_allclose(LAYOUT.unpack(rows).reward, reward)


@pytest.mark.parametrize('n_step', [1, 3])
@pytest.mark.parametrize('end_every', [0, 1, 5])
def test_items_give_back_every_row_bit_for_bit(n_step: int, end_every: int) -> None:
    rows = rows_of(transitions(70, end_every), n_step)
    rows[20] = 0.0  # a transition without content
    assert_same(stored_and_drawn(rows), np.delete(rows, 20, axis=0))


def test_each_image_is_in_an_item_once() -> None:
    """rail-berkeley/softlearning#65: each image was stored twice, 56 GB for a million of them."""
    rows, pixels = rows_of(transitions(32)), LAYOUT.pixels
    assert pixels is not None
    items = list(to_frame_items(to_items(rows), pixels))
    assert [len(item.frames) for item in items] == [ROWS_PER_ITEM + 1] * 2
    numbers = LAYOUT.width - 2 * pixels.num_words + 2  # and two numbers of frames
    assert 4 * stored_width(LAYOUT) == 4 * numbers + 4 * pixels.num_words


def test_a_camera_slower_than_control_is_stored_at_its_own_rate() -> None:
    given = transitions(32)
    for seen in (given.observation, given.next_observation):
        seen[:, VECTOR:] = observations(1)[:, VECTOR:]
    pixels = LAYOUT.pixels
    assert pixels is not None
    items = list(to_frame_items(to_items(rows_of(given)), pixels))
    assert [len(item.frames) for item in items] == [1, 1]


def test_black_images_and_rows_without_images_are_as_before() -> None:
    rows = np.arange(1.0, 41.0, dtype=np.float32).reshape(10, 4)
    assert_same(to_rows(to_items(rows)), rows)
    given = transitions(20)
    for seen in (given.observation, given.next_observation):
        seen[:, VECTOR:] = 0.0
    assert_same(stored_and_drawn(rows_of(given)), rows_of(given))


def test_rows_pass_reverb_bit_for_bit(make_server: MakeServer) -> None:
    rows = rows_of(transitions(100, end_every=9))
    server = make_server(width=LAYOUT.width, capacity=112, pixels=LAYOUT.pixels)
    writer = ReplayWriter(server.port, pixels=LAYOUT.pixels)
    writer.insert(rows[:50])
    writer.insert(rows[50:])
    sampler = ReplaySampler(
        server, width=LAYOUT.width, batch_size=64, updates_per_block=8, pixels=LAYOUT.pixels
    )
    block = sampler.next_block(TIMEOUT_S)
    sampler.stop()
    assert block is not None
    known = {row.tobytes() for row in rows}
    drawn = {row.tobytes() for row in block.reshape(-1, LAYOUT.width)}
    assert drawn <= known
    assert len(drawn) > 80
    assert server.size in (100, 112)  # with padding once rows were removed


def test_images_of_any_number_of_bytes() -> None:
    for shape in ((5, 7, 1), (5, 7, 3), (1, 1, 1)):
        image = ImageDescription(*shape)
        layout = ReplayLayout(image.size, 1, (image,))
        numbers = np.random.default_rng(0).integers(0, 2**24, (3, image.size))
        rows = layout.pack(numbers, np.zeros((3, 1)), np.zeros(3), numbers, np.zeros(3))
        assert layout.pixels is not None
        stored = np.ascontiguousarray(rows[:, layout.pixels.observation]).view(np.uint8)
        expected = unpack_pixels(numbers, image.num_bytes)
        assert np.array_equal(stored[:, : image.num_bytes], expected)


def test_observations_of_another_size_are_named() -> None:
    with pytest.raises(ValueError, match=r'observation: given shape \(2, 5\); accepted'):
        LAYOUT.pack(np.zeros((2, 5)), np.zeros((2, 2)), np.zeros(2), np.zeros((2, 5)), np.zeros(2))

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

"""Several frames in an observation: what a robot acted on is what is trained on, bit by bit."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
import pytest
from rl_agent.array_types import Float32Array
from rl_agent.description.image import ImageDescription, pack_pixels, stacked, unpack_pixels
from rl_agent.environment.observation_history import ObservationHistory
from rl_agent.transport.transition import Sender
from rl_learner.frames.frame_items import to_frame_items
from rl_learner.journal.batch_codec import encode, TransitionBatch
from rl_learner.journal.journal import Journal, JournalSettings
from rl_learner.journal.journal_rows import JournalRows
from rl_learner.replay.items import to_items
from rl_learner.replay.layout import ReplayLayout

IMAGES = (ImageDescription(5, 4, 3), ImageDescription(3, 3, 1))
NUMBERS, STACK, ACTIONS = 2, 3, 1
FRAME = NUMBERS + sum(image.size for image in IMAGES)
SENT = NUMBERS * STACK + ACTIONS + FRAME - NUMBERS
LAYOUT = ReplayLayout(SENT, 1, IMAGES, stack=STACK)
EPISODE = 9  # steps
_ROWS = 5  # of a batch


def frame(rng: np.random.Generator) -> Float32Array:
    """Return a frame as sensors give it."""
    pixels = [rng.integers(0, 256, image.shape, dtype=np.uint8) for image in IMAGES]
    parts = [rng.standard_normal(NUMBERS), *map(pack_pixels, pixels)]
    numbers: Float32Array = np.concatenate(parts).astype(np.float32)
    return numbers


def pixels_of(observation: Float32Array) -> list[NDArray[np.uint8]]:
    """Return the images in an observation that a policy acts on."""
    start, found = NUMBERS * STACK + ACTIONS, []
    for image in (stacked(image, STACK) for image in IMAGES):
        numbers = observation[start : start + image.size]
        found.append(unpack_pixels(numbers, image.num_bytes).reshape(image.shape))
        start += image.size
    assert start == len(observation)
    return found


def sent(observation: Float32Array) -> Float32Array:
    """Return an observation with the newest frame only."""
    parts = [observation[: NUMBERS * STACK + ACTIONS]]
    for image, pixels in zip(IMAGES, pixels_of(observation), strict=True):
        parts.append(pack_pixels(pixels[:, :, : image.channels]).astype(np.float32))
    return np.concatenate(parts)


def acted_on(episodes: int) -> list[tuple[Float32Array, Float32Array]]:
    """Return observation and next observation of each step, as a policy acts on them."""
    rng, steps = np.random.default_rng(0), []
    history = ObservationHistory(FRAME, 1, STACK, ACTIONS, IMAGES)
    for _ in range(episodes):
        before = history.begin(frame(rng))
        for _ in range(EPISODE):
            after = history.advance(rng.uniform(-1, 1, 1).astype(np.float32), frame(rng))
            steps.append((before, after))
            before = after
    return steps


def write(folder: Path, steps: list[tuple[Float32Array, Float32Array]]) -> Journal:
    """Write a journal of small files, in batches that have each frame once."""
    number = np.arange(len(steps))
    columns = {
        'observation': np.stack([sent(before) for before, _ in steps]),
        'action': np.zeros((len(steps), 1), np.float32),
        'reward': number.astype(np.float32),
        'next_observation': np.stack([sent(after) for _, after in steps]),
        'terminated': np.zeros(len(steps), np.uint8),
        'truncated': (number % EPISODE == EPISODE - 1).astype(np.uint8),
        'intervention': np.zeros(len(steps), np.uint8),
        'evaluation': np.zeros(len(steps), np.uint8),
        'policy_version': np.ones(len(steps), np.uint64),
        'episode': (number // EPISODE + 1).astype(np.uint32),
        'step': (number % EPISODE).astype(np.uint32),
        'stamp': number.astype(np.int64),
    }
    sender = Sender('robot', 'session', 'fingerprint')
    whole = TransitionBatch((0, 0), '', sender, 1, 1, SENT, 1, len(steps), columns)
    journal = Journal(folder, 'fingerprint', JournalSettings(file_bytes=2000, keep_bytes=0))
    for start in range(0, len(steps), _ROWS):
        batch = whole.part(start, min(start + _ROWS, len(steps)))
        journal.append([encode(batch, short=True)], len(batch), {('robot', 'session'): start})
    return journal


def rows_from(journal: Journal, position: int, n_step: int = 1) -> Float32Array:
    """Return the rows of a journal from a number on, until no more are complete."""
    reader = JournalRows(journal.folder, lambda: journal.written, LAYOUT, n_step=n_step, gamma=0.5)
    reader.seek(position)
    parts = [np.empty((0, LAYOUT.width), np.float32)]
    while reader.position < journal.written.total and len(part := reader.read(4)):
        parts.append(part)
    return np.concatenate(parts)


def assert_same_pixels(columns: Float32Array, expected: Float32Array) -> None:
    """Check the frames of one row against an observation that a policy acted on."""
    frames = np.ascontiguousarray(columns).view(np.uint8).reshape(STACK, -1)
    start = 0
    for image, pixels in zip(IMAGES, pixels_of(expected), strict=True):
        newest_first = [
            item[start : start + image.num_bytes].reshape(image.shape) for item in frames
        ]
        assert np.array_equal(np.concatenate(newest_first, axis=2), pixels)
        start += image.num_bytes


@pytest.mark.parametrize('n_step', [1, 3])
def test_rows_have_what_the_policy_acted_on(tmp_path: Path, n_step: int) -> None:
    steps = acted_on(5)
    journal = write(tmp_path, steps)
    assert journal.files > 3
    assert LAYOUT.pixels is not None
    rows = rows_from(journal, 0, n_step)
    assert len(rows) > 40
    assert (rows[:, -1] > 0).all() or n_step == 3
    fields = LAYOUT.unpack(rows)
    for number, row in enumerate(rows):
        before, _ = steps[number]
        after = steps[number + int(fields.num_steps[number]) - 1][1]
        assert np.array_equal(fields.observation[number, : LAYOUT.vector_size], before[:7])
        assert_same_pixels(row[LAYOUT.pixels.observation], before)
        assert_same_pixels(row[LAYOUT.pixels.next_observation], after)


def test_rows_do_not_depend_on_where_reading_starts(tmp_path: Path) -> None:
    """Frames of the file before are read, too."""
    journal = write(tmp_path, acted_on(5))
    expected = rows_from(journal, 0)
    for position in range(0, len(expected), 3):
        found = rows_from(journal, position)
        assert np.array_equal(found.view(np.uint32), expected[position:].view(np.uint32))


def test_replay_stores_each_frame_once(tmp_path: Path) -> None:
    rows = rows_from(write(tmp_path, acted_on(5)), 0)
    assert LAYOUT.pixels is not None
    frames = {
        content.tobytes()
        for item in to_frame_items(to_items(rows), LAYOUT.pixels)
        for content in item.frames
    }
    assert len(frames) == 5 * (EPISODE + 1)

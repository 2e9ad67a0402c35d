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

"""Earlier frames of rows, from the rows before them.

Asked for in public:

- google-deepmind/reverb#1 and HorizonRobotics/alf#645: stacks that store each frame once.
- openai/baselines#295: stacks that are stored whole need 30 GB for a million frames instead of 7.
- Farama-Foundation/Gymnasium#829, ikostrikov/pytorch-a2c-ppo-acktr-gail#185: the first stack of an
  episode was the frame after black ones; it is the frame repeated.
"""

import numpy as np
import pytest
from rl_agent.array_types import Float32Array
from rl_agent.description.image import ImageDescription, pack_pixels
from rl_learner.frames.frame_items import stored_width, to_frame_items, to_whole_rows
from rl_learner.frames.frame_stacks import FrameStacks
from rl_learner.replay.items import to_items
from rl_learner.replay.layout import ReplayLayout

IMAGE = ImageDescription(2, 2, 1)  # one word
LAYOUT = ReplayLayout(IMAGE.size, 1, (IMAGE,), stack=3)
ONE = ('robot', 'session')


def rows_of(frames: list[int], after: list[int]) -> Float32Array:
    """Return rows whose pixels are these numbers."""
    seen, following = (
        np.stack([pack_pixels(np.full(IMAGE.shape, value, np.uint8)) for value in values])
        for values in (frames, after)
    )
    count = len(frames)
    return LAYOUT.pack(seen, np.zeros((count, 1)), np.ones(count), following, np.zeros(count))


def completed(
    stacks: FrameStacks,
    steps: list[int],
    frames: list[int],
    after: list[int],
    *,
    sender: tuple[str, str] = ONE,
    episode: int = 1,
) -> list[tuple[list[int], list[int], bool]]:
    """Return frames, next frames, and whether it can be trained on, of each row."""
    rows = rows_of(frames, after)
    numbers = np.array(steps, np.uint32)
    stacks.complete(rows, sender, np.full_like(numbers, episode), numbers)
    return described(rows)


def described(rows: Float32Array) -> list[tuple[list[int], list[int], bool]]:
    """Return the first pixel of each frame of rows."""
    assert LAYOUT.pixels is not None
    seen, after = (
        np.ascontiguousarray(part).view(np.uint8).reshape(len(rows), 3, 4)[:, :, 0].tolist()
        for part in LAYOUT.pixels.split(rows)
    )
    return list(zip(seen, after, (rows[:, -1] != 0.0).tolist(), strict=True))


def stacks() -> FrameStacks:
    assert LAYOUT.pixels is not None
    return FrameStacks(LAYOUT.pixels)


def test_an_episode_begins_with_its_first_frame_repeated() -> None:
    assert completed(stacks(), [0, 1, 2, 3], [10, 11, 12, 13], [11, 12, 13, 14]) == [
        ([10, 10, 10], [11, 10, 10], True),
        ([11, 10, 10], [12, 11, 10], True),
        ([12, 11, 10], [13, 12, 11], True),
        ([13, 12, 11], [14, 13, 12], True),
    ]


def test_batches_of_robots_in_turn_continue_each_of_them() -> None:
    both = stacks()
    completed(both, [0, 1], [10, 11], [11, 12])
    completed(both, [0, 1], [20, 21], [21, 22], sender=('other', 'session'))
    assert completed(both, [2], [12], [13]) == [([12, 11, 10], [13, 12, 11], True)]
    again = completed(both, [2], [22], [23], sender=('other', 'session'))
    assert again == [([22, 21, 20], [23, 22, 21], True)]


def test_rows_after_lost_ones_are_not_trained_on_until_all_frames_are_known() -> None:
    lossy = stacks()
    completed(lossy, [0, 1], [10, 11], [11, 12])
    found = completed(lossy, [5, 6, 7, 8], [15, 16, 17, 18], [16, 17, 18, 19])
    assert [usable for _, _, usable in found] == [False, False, True, True]
    assert found[2:] == [([17, 16, 15], [18, 17, 16], True), ([18, 17, 16], [19, 18, 17], True)]


@pytest.mark.parametrize(
    ('sender', 'episode'), [(ONE, 2), (('robot', 'new session'), 1)], ids=['episode', 'session']
)
def test_no_frame_of_another_episode_or_session_is_taken(
    sender: tuple[str, str], episode: int
) -> None:
    some = stacks()
    completed(some, [0, 1, 2], [10, 11, 12], [11, 12, 13])
    found = completed(some, [3], [30], [31], sender=sender, episode=episode)
    assert found[0][2] is False
    found = completed(some, [0], [40], [41], sender=sender, episode=episode + 1)
    assert found == [([40, 40, 40], [41, 40, 40], True)]


def test_items_have_each_frame_once_and_give_back_the_stacks() -> None:
    rows = rows_of(list(range(10, 42)), list(range(11, 43)))
    number = np.arange(32, dtype=np.uint32)
    stacks().complete(rows, ONE, np.ones_like(number), number)
    pixels = LAYOUT.pixels
    assert pixels is not None
    items = list(to_frame_items(to_items(rows), pixels))
    assert [len(item.frames) for item in items] == [17, 16 + 3]  # with two of the item before
    assert items[0].rows.shape == (16, stored_width(LAYOUT.width, pixels))
    for item, part in zip(items, (rows[:16], rows[16:]), strict=True):
        whole = to_whole_rows(item.rows[None], np.stack(item.frames)[None], pixels)
        assert np.array_equal(whole.view(np.uint32), part.view(np.uint32))

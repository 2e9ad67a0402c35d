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

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Random shifts against padding and cutting out, as DrQ does."""

from rl_learner.vision.random_shift import draw_shifts, shift
import torch
import torch.nn.functional as functional


def test_a_shift_is_padding_with_the_edges_and_cutting_out():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (50, 9, 12, 3), generator=generator, dtype=torch.uint8)
    shifts = draw_shifts(50, 4, generator)
    padded = functional.pad(images.permute(0, 3, 1, 2).float(), (4, 4, 4, 4), mode='replicate')
    moved = shift(images, shifts)
    assert moved.dtype == torch.uint8
    for number, (down, right) in enumerate(shifts.tolist()):
        cut = padded[number, :, 4 + down : 13 + down, 4 + right : 16 + right]
        assert torch.equal(moved[number].float(), cut.permute(1, 2, 0))


def test_all_shifts_occur_and_none_beyond():
    shifts = draw_shifts(5000, 2, torch.Generator().manual_seed(1))
    assert set(map(tuple, shifts.tolist())) == {
        (down, right) for down in range(-2, 3) for right in range(-2, 3)
    }

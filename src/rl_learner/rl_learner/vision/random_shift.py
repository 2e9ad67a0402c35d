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

"""Random shift of images: the augmentation of DrQ (arXiv:2004.13649) and DrQ-v2."""

import torch
from torch import Tensor


def draw_shifts(batch: int, most: int, generator: torch.Generator) -> Tensor:
    """Return rows and columns to shift by, from -most to most, (batch, 2) int64."""
    device = generator.device
    return torch.randint(-most, most + 1, (batch, 2), generator=generator, device=device)


def shift(images: Tensor, shifts: Tensor) -> Tensor:
    """Return each image shifted by its own whole pixels; pixels at an edge are repeated.

    Equal to padding an image with its edges and cutting out a part of the original size.

    Args:
        images: (batch, height, width, channel) uint8.
        shifts: rows and columns, (batch, 2) int64.
    """
    batch, height, width, _ = images.shape
    device = images.device
    rows = torch.arange(height, device=device) + shifts[:, :1]
    columns = torch.arange(width, device=device) + shifts[:, 1:]
    rows, columns = rows.clamp_(0, height - 1), columns.clamp_(0, width - 1)
    number = torch.arange(batch, device=device)[:, None, None]
    return images[number, rows[:, :, None], columns[:, None, :]]

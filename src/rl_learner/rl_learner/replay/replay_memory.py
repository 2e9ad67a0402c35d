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

"""Whether the replay fits into the memory of this machine."""

import numpy as np
from rl_learner.frames.frame_items import stored_width as width_without_frames
from rl_learner.replay.layout import ReplayLayout

_NUMBER_BYTES = np.dtype(np.float32).itemsize
_GIGA = 1e9
_MOST = 0.9  # of the memory: networks, libraries and other programs need some


def stored_width(layout: ReplayLayout) -> int:
    """Return how many numbers a transition takes; its frames count once, see `frame_items`."""
    pixels = layout.pixels
    if pixels is None:
        return layout.width
    return width_without_frames(layout.width, pixels) + pixels.num_words


def replay_bytes(capacity: int, width: int) -> int:
    """Return what a full replay takes at least, in bytes.

    Args:
        capacity: transitions.
        width: numbers of a transition, see `stored_width`.
    """
    return capacity * width * _NUMBER_BYTES


def memory_warning(capacity: int, width: int, memory: int | None) -> str:
    """Return why a full replay will not fit; empty if it will, or if the memory is unknown.

    Args:
        capacity: transitions.
        width: numbers of a transition.
        memory: of this machine, in bytes; None: unknown.
    """
    needed = replay_bytes(capacity, width)
    if memory is None or needed <= _MOST * memory:
        return ''
    fitting = int(_MOST * memory / (width * _NUMBER_BYTES))
    return (
        f'replay_capacity: given {capacity:,} transitions, {needed / _GIGA:.3g} GB when all are'
        f' there, with {memory / _GIGA:.3g} GB of memory on this machine; accepted: at most'
        f' {fitting:,}, or the system ends the learner when the memory is used up'
    )

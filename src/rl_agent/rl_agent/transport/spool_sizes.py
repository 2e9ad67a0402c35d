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

"""How much a robot's spool holds: time, and with images bytes, too."""

from dataclasses import dataclass
import math

_HELD_S = 3600.0  # an hour of robot time
_IN_MEMORY_S = 60.0  # bridges a disk that stalls
_IN_MEMORY_MIN = 4096  # transitions; simulated time may be fast
# with images
_HELD_BYTES, _IN_MEMORY_BYTES = 2 << 30, 64 << 20
_LEAST = 2  # transitions


@dataclass(frozen=True)
class SpoolSizes:
    """Sizes of a spool.

    Attributes:
        held: transitions in all, on the disk if there is a folder.
        in_memory: the newest of them.
    """

    held: int
    in_memory: int


def spool_sizes(
    record_bytes: int, rate_hz: float, *, has_images: bool, has_folder: bool
) -> SpoolSizes:
    """Return the sizes of a robot's spool.

    Args:
        record_bytes: of one transition.
        rate_hz: transitions per second.
        has_images: whether they have images; then bytes are bounded, too.
        has_folder: whether it has a folder on a disk.
    """
    held = math.ceil(_HELD_S * rate_hz)
    in_memory = max(_IN_MEMORY_MIN, math.ceil(_IN_MEMORY_S * rate_hz))
    if has_images:
        most = _HELD_BYTES if has_folder else _IN_MEMORY_BYTES
        held = min(held, max(_LEAST, most // record_bytes))
        in_memory = min(in_memory, max(_LEAST, _IN_MEMORY_BYTES // record_bytes))
    return SpoolSizes(held, min(held, in_memory))


def image_load(record_bytes: int, rate_hz: float, sizes: SpoolSizes) -> str:
    """Return what images ask of link and disk, in one line for people.

    Args:
        record_bytes: of one transition.
        rate_hz: transitions per second.
        sizes: of the spool.
    """
    return (
        f'images: {record_bytes / 1e3:.1f} kB a step, at {rate_hz:g} Hz'
        f' {8e-6 * record_bytes * rate_hz:.1f} Mbit/s to the learner machine at most; the spool'
        f' bridges {sizes.held / rate_hz:.0f} s without it'
    )

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

"""The memory of this machine."""

from pathlib import Path

_MEMORY_INFO = Path('/proc/meminfo')
_LIMITS = (
    Path('/sys/fs/cgroup/memory.max'),
    Path('/sys/fs/cgroup/memory/memory.limit_in_bytes'),  # of cgroups version 1
)


def memory_bytes(info: Path = _MEMORY_INFO, limits: tuple[Path, ...] = _LIMITS) -> int | None:
    """Return how much memory a program may use, in bytes; None: unknown.

    All of the machine's, not what is free now, which changes from second to second; in a container
    at most its limit.

    Args:
        info: file of Linux with the machine's memory.
        limits: files of Linux with the limit of a container, if there is one.
    """
    found = [_total(info), *map(_number, limits)]
    return min((item for item in found if item), default=None)


def _total(info: Path) -> int | None:
    """Return the memory of the machine; None: it is not said."""
    try:
        lines = info.read_text().splitlines()
    except OSError:
        return None
    words = next((line.split() for line in lines if line.startswith('MemTotal:')), [])
    return int(words[1]) * 1024 if len(words) == 3 and words[1].isdigit() else None


def _number(path: Path) -> int | None:
    """Return the number in a file; None: there is no file, or another word such as `max`."""
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None

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

"""Free space on a disk."""

import errno
import os
from pathlib import Path
import tempfile

_PROBE_BYTES = 64 * 1024


def is_full(error: OSError) -> bool:
    """Return whether the only problem is a full disk, which may be freed."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def has_space(folder: Path) -> bool:
    """Return whether some kilobytes can be written in a folder."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    return True

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Whether a disk has room."""

import errno
import os
from pathlib import Path
import tempfile

_SOME = 64 * 1024


def is_full(error: OSError) -> bool:
    """Return whether a disk only lacks room, which may come."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def has_room(folder: Path) -> bool:
    """Return whether the disk of a folder takes some kilobytes."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_SOME))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    return True

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Where files are looked for and kept."""

from collections.abc import Iterable
import os
from pathlib import Path


def folders_above(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Return the folders that hold these files, nearest first, links followed and not."""
    folders: dict[Path, None] = {}
    for path in paths:
        for place in (Path(path).absolute(), Path(path).resolve()):
            folders.update(dict.fromkeys(place.parents))
    return list(folders)


def default_spool_folder() -> Path:
    """Return `rl_agent/spool` in the folder that ROS or the system sets apart for such files."""
    home = os.environ.get('ROS_HOME') or os.environ.get('XDG_STATE_HOME') or '~/.local/state'
    return Path(home).expanduser() / 'rl_agent' / 'spool'

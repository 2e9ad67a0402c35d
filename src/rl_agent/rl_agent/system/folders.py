# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Folders to search and to store files in."""

from collections.abc import Iterable
import os
from pathlib import Path


def folders_above(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Return all parent folders of these files, nearest first, with and without links resolved."""
    folders: dict[Path, None] = {}
    for path in paths:
        for place in (Path(path).absolute(), Path(path).resolve()):
            folders.update(dict.fromkeys(place.parents))
    return list(folders)


def default_spool_folder() -> Path:
    """Return `rl_agent/spool` in the state folder of ROS or of the user."""
    home = os.environ.get('ROS_HOME') or os.environ.get('XDG_STATE_HOME') or '~/.local/state'
    return Path(home).expanduser() / 'rl_agent' / 'spool'

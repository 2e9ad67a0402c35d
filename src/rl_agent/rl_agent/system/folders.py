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

"""Folders to search and to store files in, and names that become a part of a path or topic."""

from collections.abc import Iterable
import os
from pathlib import Path
import re
from urllib.parse import quote

from rl_agent.errors import ConfigurationError

_LONGEST_NAME = 200  # bytes, encoded; a file name may have 255
_NAMESPACE = re.compile(r'([A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*)?')


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


def folder_name(name: str, what: str) -> str:
    """Return a name as one part of a path: a slash and other special characters are encoded.

    Args:
        name: of a robot or a run, for example, as somebody gave it.
        what: where it was given, for the error.

    Raises:
        ConfigurationError: it is empty, too long, begins with a dot, or has a control character.
    """
    try:
        encoded = quote(name, safe='')
    except UnicodeEncodeError:
        encoded = ''
    if not encoded or name[0] == '.' or not name.isprintable() or len(encoded) > _LONGEST_NAME:
        given = repr(name) if len(name) <= 60 else f'{name[:57]!r}...'
        raise ConfigurationError(
            f'{what}: given {given}; accepted: 1 to {_LONGEST_NAME} printable characters (others'
            ' than letters, digits and _.-~ count more), the first one no dot'
        )
    return encoded


def checked_namespace(name: str, what: str) -> str:
    """Return a ROS namespace without its outer slashes; empty for the root.

    Args:
        name: as somebody gave it.
        what: where it was given, for the error.

    Raises:
        ConfigurationError: ROS would not accept it.
    """
    inner = name.strip('/')
    if len(inner) > _LONGEST_NAME or not _NAMESPACE.fullmatch(inner):
        given = repr(name) if len(name) <= 60 else f'{name[:57]!r}...'
        raise ConfigurationError(
            f'{what}: given {given}; accepted: letters, digits and _, the first one no digit, as'
            ' in robot_1 or fleet/robot_1'
        )
    return inner


def make_private_folder(folder: Path, *, exist_ok: bool = True) -> None:
    """Create a folder that only its owner can enter; an existing one keeps its mode.

    Args:
        folder: of a run or a spool; missing folders above it are made as usual.
        exist_ok: accept an existing one.

    Raises:
        OSError: it cannot be created.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=exist_ok)

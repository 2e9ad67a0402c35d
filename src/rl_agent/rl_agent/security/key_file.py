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

"""Key files: read only where their permissions keep others out, never overwritten by accident."""

import os
from pathlib import Path
import stat
import tempfile

from rl_agent.errors import ConfigurationError

MOST_KEYS = 2  # of a kind at a time: the one in use, and another while keys are changed
SECRET, PUBLIC = 0o600, 0o644  # permissions of new files
_READABLE = stat.S_IRWXG | stat.S_IRWXO
_WRITABLE = stat.S_IWGRP | stat.S_IWOTH
_LARGEST = 1 << 16


def read_key_file(name: str, path: Path, *, secret: bool) -> str:
    """Return the text of a key file.

    Args:
        name: of the parameter or option that names it, for the error.
        path: of the file.
        secret: others must not read it; otherwise they must not write it.

    Raises:
        ConfigurationError: it is missing, not text, or others have access.
    """
    accepted = 'a key file that `rl_keys make` wrote'
    try:
        # non-blocking: a pipe of that name would wait for a writer
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), 'rb') as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ConfigurationError(f'{name}: given {path}: no file; accepted: {accepted}')
            _refuse_access_of_others(name, path, status.st_mode, secret=secret)
            content = file.read(_LARGEST)
        return content.decode('ascii')
    except OSError as error:
        raise ConfigurationError(
            f'{name}: given {path}: {error.strerror}; accepted: {accepted}'
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f'{name}: given {path}: not text; accepted: {accepted}'
        ) from error


def write_key_file(path: Path, text: str, permissions: int, *, replace: bool = False) -> None:
    """Write a key file; it appears whole, on the disk, with its permissions, or not at all.

    Args:
        path: of the file.
        text: its content.
        permissions: `SECRET` or `PUBLIC`.
        replace: an existing file goes; otherwise it is an error.

    Raises:
        ConfigurationError: the file exists, or the disk does not take it.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f'.{path.name}.', dir=path.parent)
        try:
            with os.fdopen(handle, 'w', encoding='ascii') as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary = Path(name)
            temporary.chmod(permissions)
            if replace:
                temporary.replace(path)
            else:
                path.hardlink_to(temporary)  # unlike a rename it replaces nothing
        finally:
            Path(name).unlink(missing_ok=True)
    except FileExistsError as error:
        raise ConfigurationError(
            f'{path}: exists already; accepted: another folder, or `rl_keys rotate` for new keys'
        ) from error
    except OSError as error:
        raise ConfigurationError(f'{path}: cannot be written: {error.strerror}') from error


def missing_keys(**paths: str) -> str:
    """Return what to log where a node has no keys; empty: it has all.

    Args:
        paths: value of each parameter that names a key file.
    """
    names = [f'no {name}' for name, path in paths.items() if not path]
    if not names:
        return ''
    return (
        f'{", ".join(names)}: anyone on this network may act as robot or learner;'
        ' docs/security.md shows what helps'
    )


def refuse_count(name: str, path: Path, count: int) -> None:
    """Do nothing where a file holds as many keys as it may.

    Raises:
        ConfigurationError: none, or too many.
    """
    if not 1 <= count <= MOST_KEYS:
        raise ConfigurationError(
            f'{name}: given {path}: {count} keys; accepted: 1 to {MOST_KEYS}, as'
            ' `rl_keys make` and `rl_keys rotate` write them'
        )


def _refuse_access_of_others(name: str, path: Path, mode: int, *, secret: bool) -> None:
    """Raise ConfigurationError where others may read a secret, or write a public key."""
    if mode & (_READABLE if secret else _WRITABLE):
        access, permissions = ('use', SECRET) if secret else ('write', PUBLIC)
        raise ConfigurationError(
            f'{name}: given {path} with permissions {stat.S_IMODE(mode):04o}: others may {access}'
            f' it; accepted: {permissions:04o}, by `chmod {permissions:o} {path}`'
        )

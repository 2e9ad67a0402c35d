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

"""A folder with all keys of a fleet: made, changed one by one, removed.

Keys are changed in three steps, and after each one the files go to robots and learner machine: a
second key is accepted, then it is used, then the first one is no longer accepted. So no message is
refused meanwhile, whichever machine is updated first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rl_agent.errors import ConfigurationError
from rl_agent.security.fleet_key import (
    fleet_key_id,
    fleet_keys_text,
    new_fleet_key,
    read_fleet_keys,
)
from rl_agent.security.key_file import MOST_KEYS, PUBLIC, SECRET, write_key_file
from rl_agent.security.policy_signature import (
    new_private_key,
    private_keys_text,
    public_key_id,
    public_keys_text,
    read_private_keys,
    read_public_keys,
)

SIGNING_KEY, TRUSTED_KEYS, FLEET_KEY = 'signing_key.pem', 'trusted_keys.pem', 'fleet_key.txt'
FILES = {
    SIGNING_KEY: 'learner',
    TRUSTED_KEYS: 'robots',
    FLEET_KEY: 'robots and learner machine',
}


@dataclass(frozen=True)
class KeyInFile:
    """A key as people see it.

    Attributes:
        file: name of its file.
        id: which key.
        use: what it is used for.
    """

    file: str
    id: str
    use: str


@dataclass(frozen=True)
class _Kind:
    """How the keys of a secret file are made, read, written and named."""

    file: str
    new: Callable[[], Any]
    read: Callable[[Path], list[Any]]
    text: Callable[[list[Any]], str]
    id_of: Callable[[Any], str]


_SIGNING = _Kind(
    SIGNING_KEY,
    new_private_key,
    read_private_keys,
    private_keys_text,
    lambda key: public_key_id(key.public_key()),
)
_FLEET = _Kind(FLEET_KEY, new_fleet_key, read_fleet_keys, fleet_keys_text, fleet_key_id)
_KINDS = (_SIGNING, _FLEET)


def make_keys(folder: Path) -> None:
    """Write one key of each kind into a folder, made if it is not there.

    Raises:
        ConfigurationError: it has one of the files already, or cannot be written; nothing changed.
    """
    for name in FILES:
        if (folder / name).exists() or (folder / name).is_symlink():
            raise ConfigurationError(
                f'{folder / name}: exists already; accepted: another folder, or `rl_keys rotate`'
                ' for new keys'
            )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f'{folder}: {error.strerror}; accepted: a folder') from error
    for kind in _KINDS:
        _write(folder, kind, [kind.new()], replace=False)


def list_keys(folder: Path) -> list[KeyInFile]:
    """Return the keys of a folder; a copy for a robot or a learner lacks some of the files.

    Raises:
        ConfigurationError: it has no key file, or one that cannot be used.
    """
    keys = []
    for kind, uses in ((_SIGNING, 'signs policies'), (_FLEET, 'authenticates transitions')):
        if (folder / kind.file).exists():
            for number, key in enumerate(kind.read(folder / kind.file)):
                use = f'accepted, but not in use ({uses})' if number else uses
                keys.append(KeyInFile(kind.file, kind.id_of(key), use))
    if (folder / TRUSTED_KEYS).exists():
        keys += [
            KeyInFile(TRUSTED_KEYS, public_key_id(key), 'its policies are obeyed')
            for key in read_public_keys(folder / TRUSTED_KEYS)
        ]
    if not keys:
        raise ConfigurationError(
            f'given {folder}: no key file; accepted: a folder with {", ".join(FILES)}'
        )
    return keys


def add_keys(folder: Path) -> None:
    """Add a second key of each kind, which is accepted but not used yet.

    Raises:
        ConfigurationError: there are two already, or a file cannot be used; nothing changed.
    """
    found = {kind: kind.read(folder / kind.file) for kind in _KINDS}
    for kind, keys in found.items():
        if len(keys) >= MOST_KEYS:
            raise ConfigurationError(
                f'{folder / kind.file}: given {len(keys)} keys; accepted: one to add a second to;'
                ' `rl_keys rotate --use` goes over to it, `rl_keys remove` ends with the other'
            )
    for kind, keys in found.items():
        _write(folder, kind, [*keys, kind.new()], replace=True)


def use_other_keys(folder: Path) -> None:
    """Use the second key of each kind from now on; the first one is still accepted.

    Raises:
        ConfigurationError: there is no second key, or a file cannot be used; nothing changed.
    """
    found = {kind: kind.read(folder / kind.file) for kind in _KINDS}
    for kind, keys in found.items():
        if len(keys) < MOST_KEYS:
            raise ConfigurationError(
                f'{folder / kind.file}: given one key; accepted: two, as `rl_keys rotate` makes'
            )
    for kind, keys in found.items():
        _write(folder, kind, keys[::-1], replace=True)


def remove_key(folder: Path, id_text: str) -> str:
    """Remove the key of an id; return the name of its file.

    Raises:
        ConfigurationError: there is none, or it is in use; nothing changed.
    """
    for kind in _KINDS:
        keys = kind.read(folder / kind.file)
        ids = [kind.id_of(key) for key in keys]
        if id_text not in ids:
            continue
        if id_text == ids[0]:
            raise ConfigurationError(
                f'given {id_text}: is in use; accepted: a key that is not;'
                ' `rl_keys rotate --use` goes over to the other one'
            )
        _write(folder, kind, keys[:1], replace=True)
        return kind.file
    raise ConfigurationError(f'given {id_text}: no such key; accepted: one of `rl_keys show`')


def _write(folder: Path, kind: _Kind, keys: list[Any], *, replace: bool) -> None:
    """Write the keys of a kind, and which of them robots trust.

    Robots must trust a key before it is used: the public keys are written first.
    """
    if kind is _SIGNING:
        public = public_keys_text([key.public_key() for key in keys])
        write_key_file(folder / TRUSTED_KEYS, public, PUBLIC, replace=replace)
    write_key_file(folder / kind.file, kind.text(keys), SECRET, replace=replace)

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

"""The fleet key: robots and learner machine prove to each other that they share it.

Keyed BLAKE2b (RFC 7693) over the serialised message. A holder of the key can speak for each robot
of the fleet and for the learner machine's bridge.
"""

from collections.abc import Sequence
import hmac
from pathlib import Path
import re
import secrets

from rl_agent.errors import ConfigurationError
from rl_agent.security.key_file import read_key_file, refuse_count
from rl_agent.security.seal import digest, key_id, KEY_ID_SIZE, sealed, split, unsealed

TRANSITIONS, ACKNOWLEDGEMENT = b'rl_msgs/Batch', b'rl_msgs/Ack'  # kinds of messages
_KEY_SIZE = 32
_CODE_SIZE = 32
_SEAL_SIZE = KEY_ID_SIZE + _CODE_SIZE
_KIND = b'fleet key'
_LINE = re.compile(r'[0-9a-f]{64}')


class FleetKeys:
    """One key, or two while they are changed: the first one authenticates, both are accepted.

    Attributes:
        ids: of the keys, as text; the first one is in use.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Use keys of 32 bytes each."""
        self._keys = {key_id(key, _KIND): key for key in keys}
        self._id, self._key = next(iter(self._keys.items()))
        self.ids = [item.hex() for item in self._keys]

    @classmethod
    def load(cls, path: Path, name: str = 'fleet_key') -> 'FleetKeys':
        """Return the keys of a file.

        Args:
            path: of the file.
            name: of the parameter that names it.

        Raises:
            ConfigurationError: it cannot be used, or others may read it.
        """
        return cls(read_fleet_keys(path, name))

    def seal(self, data: bytes, message: bytes) -> bytes:
        """Return a serialised message with its code.

        Args:
            data: the message, its last field `mac` empty.
            message: `TRANSITIONS` or `ACKNOWLEDGEMENT`.
        """
        content = unsealed(data)
        return sealed(content, self._id + digest(content, message, _CODE_SIZE, self._key))

    def check(self, data: bytes, message: bytes) -> None:
        """Do nothing where a message comes from somebody who has one of the keys.

        Raises:
            ConfigurationError: it does not.
        """
        content, seal = split(data, _SEAL_SIZE)
        given, code = seal[:KEY_ID_SIZE], seal[KEY_ID_SIZE:]
        key = self._keys.get(given)
        if key is not None and hmac.compare_digest(
            digest(content, message, _CODE_SIZE, key), code
        ):
            return
        raise ConfigurationError(
            f'mac: {_fault(given, key is not None)}; accepted: one made with'
            f' {" or ".join(self.ids)}, the keys of fleet_key'
        )


def load_fleet_keys(path: str) -> FleetKeys | None:
    """Return the keys of the file that a parameter names; None: it names none.

    Raises:
        ConfigurationError: the file cannot be used.
    """
    return FleetKeys.load(Path(path).expanduser()) if path else None


def new_fleet_key() -> bytes:
    """Return a random key."""
    return secrets.token_bytes(_KEY_SIZE)


def fleet_key_id(key: bytes) -> str:
    """Return the id of a key as text."""
    return key_id(key, _KIND).hex()


def read_fleet_keys(path: Path, name: str = 'fleet_key') -> list[bytes]:
    """Return the keys of a file; raises as `FleetKeys.load` does."""
    lines = read_key_file(name, path, secret=True).split()
    if not all(_LINE.fullmatch(line) for line in lines):
        raise ConfigurationError(
            f'{name}: given {path}: damaged; accepted: one key a line, 64 hexadecimal digits each'
        )
    refuse_count(name, path, len(lines))
    return [bytes.fromhex(line) for line in lines]


def fleet_keys_text(keys: Sequence[bytes]) -> str:
    """Return the content of a file of keys."""
    return ''.join(f'{key.hex()}\n' for key in keys)


def _fault(given: bytes, known: bool) -> str:
    """Return what is wrong with a message."""
    if not given:
        return 'given none'
    return (
        f'given one that does not fit the message, of key {given.hex()}'
        if known
        else (f'given one of key {given.hex()}')
    )

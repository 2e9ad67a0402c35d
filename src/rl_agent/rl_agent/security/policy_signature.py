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

"""Ed25519 signatures (RFC 8032) of policies: the learner signs, robots know the public keys.

The signature is over the BLAKE2b digest of the serialised message. It needs the package
`cryptography`, but only where keys are configured.
"""

from collections.abc import Sequence
from pathlib import Path
import re
from typing import Any, TYPE_CHECKING

from rl_agent.errors import ConfigurationError, PolicyError
from rl_agent.security.key_file import read_key_file, refuse_count
from rl_agent.security.seal import digest, key_id, KEY_ID_SIZE, sealed, split, unsealed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

_MESSAGE = b'rl_msgs/Policy'
_DIGEST_SIZE = 64
_SIGNATURE_SIZE = 64
_SEAL_SIZE = KEY_ID_SIZE + _SIGNATURE_SIZE
_KIND = b'Ed25519'
_BLOCK = re.compile(r'-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----\n?')


class SigningKey:
    """What a learner signs its policies with.

    Attributes:
        id: of the key, as text.
    """

    def __init__(self, key: 'Ed25519PrivateKey') -> None:
        """Sign with a private key."""
        self._key = key
        self._id = _id_of(key.public_key())
        self.id = self._id.hex()

    @classmethod
    def load(cls, path: Path, name: str = 'signing_key') -> 'SigningKey':
        """Return the key in use, which is the first one of a file.

        Args:
            path: of the file.
            name: of the parameter that names it.

        Raises:
            ConfigurationError: it cannot be used, others may read it, or `cryptography` is not
                installed.
        """
        return cls(read_private_keys(path, name)[0])

    def seal(self, data: bytes) -> bytes:
        """Return a serialised policy, its last field `signature` empty, with its signature."""
        content = unsealed(data)
        signature = self._key.sign(digest(content, _MESSAGE, _DIGEST_SIZE))
        return sealed(content, self._id + signature)


class TrustedKeys:
    """The public keys whose policies a robot obeys.

    Attributes:
        ids: of the keys, as text.
    """

    def __init__(self, keys: Sequence['Ed25519PublicKey']) -> None:
        """Trust some keys."""
        self._keys = {_id_of(key): key for key in keys}
        self.ids = [item.hex() for item in self._keys]

    @classmethod
    def load(cls, path: Path, name: str = 'trusted_keys') -> 'TrustedKeys':
        """Return the keys of a file; raises as `SigningKey.load`, but others may read it."""
        return cls(read_public_keys(path, name))

    def check(self, data: bytes | memoryview) -> None:
        """Do nothing where one of the keys has signed a serialised policy.

        Raises:
            PolicyError: none has.
        """
        from cryptography.exceptions import InvalidSignature

        content, seal = split(data, _SEAL_SIZE)
        given = seal[:KEY_ID_SIZE]
        fault = f'given one of key {given.hex()}' if given else 'given none'
        key = self._keys.get(given)
        if key is not None:
            try:
                key.verify(seal[KEY_ID_SIZE:], digest(content, _MESSAGE, _DIGEST_SIZE))
                return
            except InvalidSignature:
                fault = f'given one that does not fit the policy, of key {given.hex()}'
        raise PolicyError(
            f'signature: {fault}; accepted: one of {" or ".join(self.ids)}, the keys of'
            ' trusted_keys'
        )


def new_private_key() -> 'Ed25519PrivateKey':
    """Return a random key."""
    key: Ed25519PrivateKey = _ed25519('rl_keys').Ed25519PrivateKey.generate()
    return key


def public_key_id(key: 'Ed25519PublicKey') -> str:
    """Return the id of a key as text."""
    return _id_of(key).hex()


def read_private_keys(path: Path, name: str = 'signing_key') -> list['Ed25519PrivateKey']:
    """Return the keys of a file; raises as `SigningKey.load` does."""
    return _read(name, path, 'PRIVATE KEY')


def read_public_keys(path: Path, name: str = 'trusted_keys') -> list['Ed25519PublicKey']:
    """Return the keys of a file; raises as `TrustedKeys.load` does."""
    return _read(name, path, 'PUBLIC KEY')


def private_keys_text(keys: Sequence['Ed25519PrivateKey']) -> str:
    """Return the content of a file of keys, as PEM (PKCS 8)."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    blocks = [key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for key in keys]
    return b''.join(blocks).decode()


def public_keys_text(keys: Sequence['Ed25519PublicKey']) -> str:
    """Return the content of a file of keys, as PEM (SubjectPublicKeyInfo)."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    form = PublicFormat.SubjectPublicKeyInfo
    return b''.join(key.public_bytes(Encoding.PEM, form) for key in keys).decode()


def _read(name: str, path: Path, label: str) -> list[Any]:
    """Return the Ed25519 keys in the PEM blocks of a file.

    Args:
        name: of the parameter that names it.
        path: of the file.
        label: of the blocks.
    """
    secret = label == 'PRIVATE KEY'
    text = read_key_file(name, path, secret=secret)
    module = _ed25519(name)
    from cryptography.hazmat.primitives import serialization

    blocks = list(_BLOCK.finditer(text))
    kind = module.Ed25519PrivateKey if secret else module.Ed25519PublicKey
    damaged = ConfigurationError(
        f'{name}: given {path}: damaged, or another kind of file; accepted: Ed25519 keys as PEM,'
        f' {label}'
    )
    if _BLOCK.sub('', text).strip() or any(block[1] != label for block in blocks):
        raise damaged
    refuse_count(name, path, len(blocks))
    try:
        keys = [
            serialization.load_pem_private_key(block[0].encode(), password=None)
            if secret
            else serialization.load_pem_public_key(block[0].encode())
            for block in blocks
        ]
    except Exception as error:  # of many types, those of its library among them
        raise damaged from error
    if not all(isinstance(key, kind) for key in keys):
        raise damaged
    return keys


def _id_of(key: 'Ed25519PublicKey') -> bytes:
    """Return the id of a key."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key_id(key.public_bytes(Encoding.Raw, PublicFormat.Raw), _KIND)


def _ed25519(name: str) -> Any:
    """Return the module of Ed25519.

    Raises:
        ConfigurationError: `cryptography` is not installed.
    """
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise ConfigurationError(
            f'{name}: needs the Python package cryptography ({error}); accepted: `sudo apt install'
            ' python3-cryptography`, or `pip install cryptography`'
        ) from error
    return ed25519

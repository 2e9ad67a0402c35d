# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The three files of keys."""

from collections.abc import Callable
import contextlib
from pathlib import Path
import stat

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from door import Door
from rl_agent.errors import RlError
from rl_agent.security.fleet_key import fleet_keys_text, FleetKeys, TRANSITIONS
from rl_agent.security.policy_signature import (
    private_keys_text,
    public_keys_text,
    SigningKey,
    TrustedKeys,
)


class KeyDoor(Door):
    """A file of keys."""

    def __init__(
        self, folder: Path, text: str, permissions: int, use: Callable[[Path], None]
    ) -> None:
        """Begin.

        Args:
            folder: for the file.
            text: content of a valid one.
            permissions: of the file.
            use: loads it, and uses its keys.
        """
        self._path, self._permissions, self._use = folder / 'keys', permissions, use
        self.seeds = [text.encode(), (text * 2).encode()]

    def give(self, data: bytes) -> None:
        """Load the keys."""
        self._path.write_bytes(data)
        if stat.S_IMODE(self._path.stat().st_mode) != self._permissions:
            self._path.chmod(self._permissions)
        self._use(self._path)


_PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(32))


def signing_key_door(folder: Path) -> Door:
    """Return the door of a learner's private keys."""

    def use(path: Path) -> None:
        assert len(SigningKey.load(path).seal(bytes(8))) == 80

    return KeyDoor(folder, private_keys_text([_PRIVATE]), 0o600, use)


def trusted_keys_door(folder: Path) -> Door:
    """Return the door of the public keys at a robot."""

    def use(path: Path) -> None:
        keys = TrustedKeys.load(path)
        with contextlib.suppress(RlError):
            keys.check(SigningKey(_PRIVATE).seal(bytes(8)))

    return KeyDoor(folder, public_keys_text([_PRIVATE.public_key()]), 0o644, use)


def fleet_key_door(folder: Path) -> Door:
    """Return the door of the fleet key."""

    def use(path: Path) -> None:
        keys = FleetKeys.load(path)
        keys.check(keys.seal(bytes(8), TRANSITIONS), TRANSITIONS)

    return KeyDoor(folder, fleet_keys_text([bytes(32)]), 0o600, use)

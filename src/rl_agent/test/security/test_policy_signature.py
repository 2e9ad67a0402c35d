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

"""Only a policy that the holder of a trusted key signed passes, without a change."""

from hashlib import blake2b
from pathlib import Path
import subprocess
import sys

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
import pytest
from rl_agent.errors import ConfigurationError, PolicyError
from rl_agent.security.policy_signature import (
    private_keys_text,
    public_keys_text,
    SigningKey,
    TrustedKeys,
)

ONE, OTHER, FOREIGN = (Ed25519PrivateKey.from_private_bytes(bytes([n] * 32)) for n in (1, 2, 3))
CONTENT = b'\x00\x01\x00\x00' + bytes(range(100, 140))
MESSAGE = CONTENT + bytes(4)  # an empty field at its end


def trusted(*keys: Ed25519PrivateKey) -> TrustedKeys:
    return TrustedKeys([key.public_key() for key in keys])


def test_the_signature_is_ed25519_over_the_digest_of_all_bytes_before_it() -> None:
    sealed = SigningKey(ONE).seal(MESSAGE)
    raw = ONE.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert sealed[:44] == CONTENT
    assert sealed[44:48] == (72).to_bytes(4, 'little')
    assert sealed[48:56] == blake2b(raw, digest_size=8, person=b'Ed25519').digest()
    digest = blake2b(digest_size=64, person=b'rl_msgs/Policy')
    digest.update(b'\x00\x01' + bytes(range(100, 140)))
    ONE.public_key().verify(sealed[56:], digest.digest())


def test_any_flipped_bit_is_noticed() -> None:
    """But for the two bytes of options that a middleware may set."""
    keys = trusted(ONE)
    sealed = SigningKey(ONE).seal(MESSAGE)
    keys.check(sealed)
    for bit in range(8 * len(sealed)):
        if bit // 8 in (2, 3):
            continue
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(PolicyError, match='signature: given'):
            keys.check(bytes(changed))


def test_what_others_sign_is_refused() -> None:
    keys = trusted(ONE, OTHER)
    keys.check(SigningKey(ONE).seal(MESSAGE))
    keys.check(SigningKey(OTHER).seal(MESSAGE))
    foreign = SigningKey(FOREIGN)
    with pytest.raises(PolicyError) as caught:
        keys.check(foreign.seal(MESSAGE))
    assert str(caught.value) == (
        f'signature: given one of key {foreign.id}; accepted: one of {SigningKey(ONE).id} or'
        f' {SigningKey(OTHER).id}, the keys of trusted_keys'
    )
    for data in (MESSAGE, b'', bytes(5), SigningKey(ONE).seal(MESSAGE)[:-1]):
        with pytest.raises(PolicyError, match='signature: given none'):
            keys.check(data)


def test_keys_come_from_files_and_the_first_private_one_signs(tmp_path: Path) -> None:
    private, public = tmp_path / 'signing_key.pem', tmp_path / 'trusted_keys.pem'
    private.touch(0o600)
    private.write_text(private_keys_text([OTHER, ONE]))
    public.write_text(public_keys_text([ONE.public_key(), OTHER.public_key()]))
    key, keys = SigningKey.load(private), TrustedKeys.load(public)
    assert (key.id, keys.ids) == (SigningKey(OTHER).id, trusted(ONE, OTHER).ids)
    keys.check(key.seal(MESSAGE))


def pem_of_another_curve() -> str:
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(*form).decode()


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('', '0 keys; accepted: 1 to 2'),
        (private_keys_text([ONE, OTHER, FOREIGN]), '3 keys'),
        (private_keys_text([ONE])[:60], 'damaged, or another kind of file; accepted: Ed25519'),
        (private_keys_text([ONE]).replace('MC4', 'XXX'), 'damaged'),
        (private_keys_text([ONE]) + 'more', 'damaged'),
        (public_keys_text([ONE.public_key()]), 'damaged, or another kind of file'),
        (pem_of_another_curve(), 'damaged, or another kind of file'),
        ('\x00' * 100_000, 'damaged'),
    ],
    ids=['empty', 'three', 'cut off', 'changed', 'more', 'public', 'other curve', 'zeros'],
)
def test_a_file_that_is_no_key_is_refused_with_one_error(
    tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / 'signing_key.pem'
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=f'signing_key: given {path}: .*{words}'):
        SigningKey.load(path)


def test_without_the_library_one_error_says_how_to_install_it(tmp_path: Path) -> None:
    """Also that nothing else needs it: the modules are imported without it."""
    path = tmp_path / 'trusted_keys.pem'
    path.write_text(public_keys_text([ONE.public_key()]))
    program = (
        'import sys\n'
        "sys.modules['cryptography'] = None\n"
        'from rl_agent.errors import ConfigurationError\n'
        'from rl_agent.policy.policy_authority import PolicyAuthority\n'
        "assert PolicyAuthority.load('', 0.0) is None\n"
        'try:\n'
        f'    PolicyAuthority.load({str(path)!r}, 0.0)\n'
        'except ConfigurationError as error:\n'
        '    print(error)\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', program], capture_output=True, text=True, timeout=60, check=True
    )
    (line,) = done.stdout.splitlines()
    assert line.startswith('trusted_keys: needs the Python package cryptography')
    assert 'apt install python3-cryptography' in line

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

"""Only who has the fleet key can change, make or redirect a message."""

from hashlib import blake2b
from pathlib import Path

import pytest
from rl_agent.errors import ConfigurationError
from rl_agent.security.fleet_key import (
    ACKNOWLEDGEMENT,
    fleet_keys_text,
    FleetKeys,
    load_fleet_keys,
    TRANSITIONS,
)

ONE, OTHER, FOREIGN = bytes(range(32)), bytes(range(1, 33)), bytes(32)
CONTENT = b'\x00\x01\x00\x00' + bytes(range(100, 140))
MESSAGE = CONTENT + bytes(4)  # an empty field at its end


def test_the_code_is_that_of_rfc_7693_over_all_bytes_before_it() -> None:
    sealed = FleetKeys([ONE]).seal(MESSAGE, TRANSITIONS)
    identity = blake2b(ONE, digest_size=8, person=b'fleet key').digest()
    code = blake2b(digest_size=32, key=ONE, person=b'rl_msgs/Batch')
    code.update(b'\x00\x01' + bytes(range(100, 140)))
    assert sealed == CONTENT + (40).to_bytes(4, 'little') + identity + code.digest()


def test_any_flipped_bit_is_noticed() -> None:
    """But for the two bytes of options that a middleware may set."""
    keys = FleetKeys([ONE])
    sealed = keys.seal(MESSAGE, TRANSITIONS)
    keys.check(sealed, TRANSITIONS)
    for bit in range(8 * len(sealed)):
        if bit // 8 in (2, 3):
            continue
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ConfigurationError, match='mac: given'):
            keys.check(bytes(changed), TRANSITIONS)


@pytest.mark.parametrize(
    ('data', 'words'),
    [
        (MESSAGE, 'mac: given none; accepted: one made with'),
        (b'', 'mac: given none'),
        (bytes(3), 'mac: given none'),
        (FleetKeys([FOREIGN]).seal(MESSAGE, TRANSITIONS), 'given one of key'),
        (FleetKeys([ONE]).seal(MESSAGE, ACKNOWLEDGEMENT), 'does not fit the message'),
        (FleetKeys([ONE]).seal(MESSAGE, TRANSITIONS)[:-1], 'mac: given none'),
        (FleetKeys([ONE]).seal(MESSAGE, TRANSITIONS) + b'x', 'mac: given none'),
    ],
    ids=['none', 'empty', 'short', 'foreign', 'other kind', 'cut off', 'longer'],
)
def test_what_others_send_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        FleetKeys([ONE]).check(data, TRANSITIONS)


def test_a_message_that_has_a_code_gets_no_second_one() -> None:
    keys = FleetKeys([ONE])
    with pytest.raises(ValueError, match='not empty'):
        keys.seal(keys.seal(MESSAGE, TRANSITIONS), TRANSITIONS)


def test_while_keys_are_changed_both_are_accepted_and_the_first_is_used() -> None:
    before, both, after = FleetKeys([ONE]), FleetKeys([OTHER, ONE]), FleetKeys([OTHER])
    both.check(before.seal(MESSAGE, TRANSITIONS), TRANSITIONS)
    both.check(after.seal(MESSAGE, TRANSITIONS), TRANSITIONS)
    after.check(both.seal(MESSAGE, TRANSITIONS), TRANSITIONS)
    with pytest.raises(ConfigurationError, match=f'of key {both.ids[0]}; accepted'):
        before.check(both.seal(MESSAGE, TRANSITIONS), TRANSITIONS)


def test_keys_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / 'fleet_key.txt'
    path.touch(0o600)
    path.write_text(fleet_keys_text([ONE, OTHER]))
    assert FleetKeys.load(path).ids == FleetKeys([ONE, OTHER]).ids
    assert load_fleet_keys('') is None
    for text, words in (
        ('', '0 keys; accepted: 1 to 2'),
        ('\n' * 9, '0 keys'),
        (fleet_keys_text([ONE, OTHER, FOREIGN]), '3 keys'),
        (ONE.hex()[:-1], 'damaged; accepted: one key a line, 64 hexadecimal digits'),
        (f'{ONE.hex()}0', 'damaged'),
        ('ä' * 32, 'not text'),
    ):
        path.write_text(text)
        with pytest.raises(ConfigurationError, match=words):
            load_fleet_keys(str(path))

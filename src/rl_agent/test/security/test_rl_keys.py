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

"""The command `rl_keys` as a process, and what it leaves in its folder."""

import itertools
from pathlib import Path
import stat
import subprocess
import sys

import pytest
from rl_agent.errors import ConfigurationError, PolicyError
from rl_agent.security.fleet_key import FleetKeys, TRANSITIONS
from rl_agent.security.key_folder import add_keys, list_keys, make_keys, remove_key, use_other_keys
from rl_agent.security.policy_signature import SigningKey, TrustedKeys

MESSAGE = b'\x00\x01\x00\x00' + bytes(8)


def rl_keys(*words: str | Path) -> 'subprocess.CompletedProcess[str]':
    """Run the command."""
    command = [sys.executable, '-m', 'rl_agent.security.rl_keys', *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def ids(folder: Path) -> dict[str, list[str]]:
    """Return the ids of the keys in each file."""
    found: dict[str, list[str]] = {}
    for key in list_keys(folder):
        found.setdefault(key.file, []).append(key.id)
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_keys_are_made_shown_rotated_and_removed(tmp_path: Path) -> None:
    folder = tmp_path / 'keys'
    made = rl_keys('make', folder)
    assert (made.returncode, made.stderr) == (0, '')
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {'signing_key.pem': 0o600, 'fleet_key.txt': 0o600, 'trusted_keys.pem': 0o644}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    first = ids(folder)
    assert first['signing_key.pem'] == first['trusted_keys.pem']
    shown = rl_keys('show', folder)
    assert all(key in shown.stdout for keys in first.values() for key in keys)
    for secret in (folder / 'signing_key.pem', folder / 'fleet_key.txt'):
        assert not set(secret.read_text().splitlines()) & set(shown.stdout.split())
    assert rl_keys('rotate', folder).returncode == 0
    both = ids(folder)
    assert [keys[0] for keys in both.values()] == [keys[0] for keys in first.values()]
    assert [len(keys) for keys in both.values()] == [2, 2, 2]
    assert 'rl_keys remove' in rl_keys('rotate', folder, '--use').stdout
    after = ids(folder)
    assert after['fleet_key.txt'] == both['fleet_key.txt'][::-1]
    for file in ('signing_key.pem', 'fleet_key.txt'):
        removed = rl_keys('remove', folder, first[file][0])
        assert removed.stdout.startswith(f'{first[file][0]} removed from {file}')
    last = ids(folder)
    assert last['signing_key.pem'] == last['trusted_keys.pem'] == [after['signing_key.pem'][0]]
    assert last['fleet_key.txt'] == [after['fleet_key.txt'][0]]


def test_at_no_step_of_a_rotation_is_anything_refused(tmp_path: Path) -> None:
    """Whichever of the two machines gets the files of a step first."""
    folder = tmp_path / 'keys'
    make_keys(folder)

    def load() -> tuple[SigningKey, TrustedKeys, FleetKeys]:
        return (
            SigningKey.load(folder / 'signing_key.pem'),
            TrustedKeys.load(folder / 'trusted_keys.pem'),
            FleetKeys.load(folder / 'fleet_key.txt'),
        )

    stages = [load()]
    old = ids(folder)
    add_keys(folder)
    stages.append(load())
    use_other_keys(folder)
    stages.append(load())
    for file in ('signing_key.pem', 'fleet_key.txt'):
        remove_key(folder, old[file][0])
    stages.append(load())
    for before, after in itertools.pairwise(stages):
        for sender, receiver in ((before, after), (after, before), (after, after)):
            receiver[1].check(sender[0].seal(MESSAGE))
            receiver[2].check(sender[2].seal(MESSAGE, TRANSITIONS), TRANSITIONS)
    with pytest.raises(PolicyError):
        stages[-1][1].check(stages[0][0].seal(MESSAGE))
    with pytest.raises(ConfigurationError):
        stages[-1][2].check(stages[0][2].seal(MESSAGE, TRANSITIONS), TRANSITIONS)


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    make_keys(tmp_path)
    before = contents(tmp_path)
    again = rl_keys('make', tmp_path)
    assert again.returncode == 2
    (line,) = again.stderr.splitlines()
    assert line.startswith(f'error: {tmp_path / "signing_key.pem"}: exists already; accepted: ')
    assert contents(tmp_path) == before
    for name in ('signing_key.pem', 'trusted_keys.pem'):
        (tmp_path / name).unlink()
    left = contents(tmp_path)
    with pytest.raises(ConfigurationError, match=r'fleet_key\.txt: exists already'):
        make_keys(tmp_path)
    assert contents(tmp_path) == left


def test_wrong_orders_change_nothing_and_say_what_helps(tmp_path: Path) -> None:
    make_keys(tmp_path)
    one = ids(tmp_path)
    before = contents(tmp_path)
    for words, text in (
        (('rotate', tmp_path, '--use'), 'given one key; accepted: two, as `rl_keys rotate` makes'),
        (('remove', tmp_path, one['fleet_key.txt'][0]), 'is in use; accepted: a key that is not'),
        (('remove', tmp_path, '0123456789abcdef'), 'no such key'),
        (('remove', tmp_path), 'KEY: accepted'),
        (('show', tmp_path, '0123456789abcdef'), 'KEY: accepted'),
        (('make', tmp_path, '--use'), '--use: given with make; accepted: with rotate'),
        (('show', tmp_path / 'none'), 'no key file; accepted: a folder with'),
        (('destroy', tmp_path), 'invalid choice'),
    ):
        done = rl_keys(*words)
        assert done.returncode == 2
        assert text in done.stderr
        assert 'Traceback' not in done.stderr
        assert contents(tmp_path) == before
    add_keys(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(ConfigurationError, match='given 2 keys; accepted: one to add'):
        add_keys(tmp_path)
    (tmp_path / 'fleet_key.txt').chmod(0o640)
    with pytest.raises(ConfigurationError, match='0640: others may use it'):
        use_other_keys(tmp_path)
    assert contents(tmp_path) == before

# Copyright 2026 The rl_learner authors
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

"""Each run on a machine gets its own ROS domain."""

from collections.abc import Iterator
from contextlib import contextmanager, ExitStack
import os
from pathlib import Path
import signal
import stat
import subprocess
import sys
import tempfile

import pytest
from rl_agent.errors import ConfigurationError
from rl_learner.system.domain import applied, claim_domain, local_environment

TIMEOUT_S = 30.0
# Claims a domain, prints it, and holds it until its input ends.
HOLDER = """
import sys
from rl_agent.errors import ConfigurationError
from rl_learner.system.domain import claim_domain
try:
    with claim_domain() as domain:
        print(domain, flush=True)
        sys.stdin.read()
except ConfigurationError as error:
    print(error, flush=True)
"""


@pytest.fixture(autouse=True)
def own_lock_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Use a separate lock folder for this process and its children."""
    monkeypatch.setenv('TMPDIR', str(tmp_path))
    monkeypatch.setattr(tempfile, 'tempdir', None)
    monkeypatch.delenv('ROS_DOMAIN_ID', raising=False)
    yield
    monkeypatch.undo()


def start_holder() -> tuple['subprocess.Popen[str]', str]:
    """Return another process and its output: the domain that it holds, or an error."""
    holder = subprocess.Popen(
        [sys.executable, '-c', HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    return holder, holder.stdout.readline().strip()


def end_holder(holder: 'subprocess.Popen[str]') -> None:
    holder.communicate(timeout=TIMEOUT_S)


def test_a_domain_has_safe_ports() -> None:
    with claim_domain() as domain:
        assert 1 <= domain <= 100


def test_two_claims_differ() -> None:
    with claim_domain() as one, claim_domain() as other:
        assert one != other


def test_claims_differ_until_no_domain_is_left() -> None:
    with ExitStack() as stack:
        domains = [stack.enter_context(claim_domain()) for _ in range(100)]
        assert sorted(domains) == list(range(1, 101))
        with pytest.raises(
            ConfigurationError, match='domains 1 to 100 are all in use; accepted: end another run'
        ):
            stack.enter_context(claim_domain())
    with claim_domain() as domain:
        assert domain in domains


def test_an_error_ends_a_claim() -> None:
    with ExitStack() as stack:
        for _ in range(99):
            stack.enter_context(claim_domain())
        with pytest.raises(KeyError), claim_domain() as last:
            raise KeyError
        with claim_domain() as again:
            assert again == last


@pytest.mark.parametrize('killed', [False, True], ids=['ended', 'killed'])
def test_claims_hold_across_processes_and_end_with_them(killed: bool) -> None:
    """This process holds 99 of 100: a second process gets the last one, a third gets none."""
    with ExitStack() as stack:
        mine = {stack.enter_context(claim_domain()) for _ in range(99)}
        (last,) = set(range(1, 101)) - mine
        holder, output = start_holder()
        assert output == str(last)
        third, output = start_holder()
        assert 'are all in use' in output
        end_holder(third)
        with pytest.raises(ConfigurationError):
            stack.enter_context(claim_domain())
        if killed:
            holder.send_signal(signal.SIGKILL)
        end_holder(holder)
        assert stack.enter_context(claim_domain()) == last


def test_a_claim_is_not_inherited() -> None:
    """A child that outlives the run must not keep its domain."""
    with ExitStack() as stack:
        for _ in range(99):
            stack.enter_context(claim_domain())
        with claim_domain() as last:
            child = subprocess.Popen(['cat'], stdin=subprocess.PIPE, close_fds=False)
        with claim_domain() as again:
            assert again == last
        child.communicate(timeout=TIMEOUT_S)


def test_the_domain_of_this_terminal_is_not_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other robots may use it."""
    with ExitStack() as stack:
        mine = {stack.enter_context(claim_domain()) for _ in range(99)}
        (last,) = set(range(1, 101)) - mine
        monkeypatch.setenv('ROS_DOMAIN_ID', str(last))
        with pytest.raises(ConfigurationError, match='are all in use'):
            stack.enter_context(claim_domain())
        monkeypatch.setenv('ROS_DOMAIN_ID', '101')
        assert stack.enter_context(claim_domain()) == last


@pytest.fixture
def shared_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a folder with the permissions of /tmp that takes its place."""
    with tempfile.TemporaryDirectory(dir='/tmp') as name:
        folder = Path(name)
        folder.chmod(0o1777)
        monkeypatch.setenv('TMPDIR', name)
        monkeypatch.setattr(tempfile, 'tempdir', None)
        yield folder


@contextmanager
def not_as_root() -> Iterator[None]:
    """Run as the user `nobody` if root, because root may write all files."""
    user = os.geteuid()
    try:
        os.seteuid(user or 65534)
    except OSError:
        pytest.skip('this process cannot become another user')
    try:
        yield
    finally:
        os.seteuid(user)


def test_lock_files_of_another_user_are_not_claims(shared_folder: Path) -> None:
    """Earlier versions left files that only their user could write."""
    for domain in range(1, 101):
        path = shared_folder / f'rl_ros_domain_{domain}.lock'
        path.touch()
        path.chmod(0o444)
    with not_as_root(), ExitStack() as stack:
        domains = {stack.enter_context(claim_domain()) for _ in range(100)}
        assert len(domains) == 100
        with pytest.raises(ConfigurationError):
            stack.enter_context(claim_domain())


def test_locks_are_for_all_users(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with claim_domain() as domain:
            path = tmp_path / f'rl_ros_domain_{domain}.lock'
            assert stat.S_IMODE(path.stat().st_mode) == 0o666
    finally:
        os.umask(before)


def test_the_previous_environment_is_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """`os.environ` changes, so that the C libraries of ROS see it."""
    monkeypatch.setenv('ROS_STATIC_PEERS', '10.0.0.1')
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SUBNET')
    before = dict(os.environ)
    with applied({**local_environment(42), 'NEW': 'yes'}):
        assert (os.environ['ROS_DOMAIN_ID'], os.environ['NEW']) == ('42', 'yes')
        assert os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
        assert 'ROS_STATIC_PEERS' not in os.environ
    assert dict(os.environ) == before
    with pytest.raises(KeyError), applied({}):
        raise KeyError
    assert dict(os.environ) == before


def test_the_environment_keeps_discovery_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = {
        'ROS_LOCALHOST_ONLY',
        'ROS_STATIC_PEERS',
        'ROS_DISCOVERY_SERVER',
        'RMW_IMPLEMENTATION',
    }
    for name in (*foreign, 'ROS_DOMAIN_ID'):
        monkeypatch.setenv(name, 'something')
    monkeypatch.setenv('KEPT', 'as it is')
    environment = local_environment(42)
    assert environment['ROS_DOMAIN_ID'] == '42'
    assert environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
    assert environment['KEPT'] == 'as it is'
    assert not foreign & set(environment)
    assert os.environ['ROS_DOMAIN_ID'] == 'something'

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Fetches Gazebo 11 from the Debian 11 archive into a folder of its own, without root.

apt-get does the work, with a state of its own: it resolves the dependencies, checks the archive's
signature and each package's checksum, and resumes what an earlier call left half done. The
system's own packages and lists are neither read nor changed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from pathlib import Path
import shutil
import subprocess
from typing import Iterator

MIRROR_VARIABLE = 'GAZEBO_MIRROR'
MIRROR = 'http://deb.debian.org/debian'
SUITE = 'bullseye'
# libc6 brings the loader; Gazebo runs with that one, whatever the system has.
PACKAGES = ('gazebo', 'gazebo-plugin-base', 'gazebo-common', 'libc6')
# Headers that a plugin is compiled with; not all that these packages depend on.
LONE_PACKAGES = (
    'libboost1.74-dev',
    'libc6-dev',
    'libcrypt-dev',
    'libgazebo-dev',
    'libignition-common-dev',
    'libignition-fuel-tools-dev',
    'libignition-math-dev',
    'libignition-msgs-dev',
    'libignition-transport-dev',
    'libprotobuf-dev',
    'libsdformat-dev',
    'libstdc++-10-dev',
    'libtbb-dev',
    'libtinyxml-dev',
    'libtinyxml2-dev',
    'linux-libc-dev',
    'uuid-dev',
)
KEYRING = Path('/usr/share/keyrings/debian-archive-keyring.gpg')

_TIMEOUT_S = 900
_MEBIBYTE = 1 << 20


class ArchiveUnreachableError(Exception):
    """The archive does not answer; nothing is wrong with this machine otherwise."""


class FetchError(Exception):
    """Gazebo cannot be fetched or unpacked here; one line that says why."""


def mirror() -> str:
    """Return the base URL of the Debian archive."""
    return os.environ.get(MIRROR_VARIABLE, '').rstrip('/') or MIRROR


def fetch_gazebo(folder: Path) -> Path:
    """Return the folder with Gazebo's files, fetched and unpacked if they are not there.

    Args:
        folder: the cache; the packages stay in it too, so that a second call needs no network.

    Raises:
        ArchiveUnreachableError: the archive does not answer.
        FetchError: the machine lacks something, or a package is damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        root, stamp = folder / 'root', folder / 'root.stamp'
        wanted = hashlib.sha256(repr((SUITE, PACKAGES, LONE_PACKAGES)).encode()).hexdigest()
        if stamp.is_file() and stamp.read_text(encoding='utf-8') == wanted:
            return root
        _check_machine()
        archives = _download(folder)
        _unpack(archives, root)
        stamp.write_text(wanted, encoding='utf-8')
        return root


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process fetch at a time; a lock ends with its process."""
    with (folder / 'lock').open('w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _check_machine() -> None:
    """Stop where apt-get cannot work, or could not check what it fetches."""
    for program in ('apt-get', 'dpkg-deb'):
        if shutil.which(program) is None:
            raise FetchError(f'{program} not found; accepted: Debian or Ubuntu')
    if not KEYRING.is_file():
        raise FetchError(f'{KEYRING} not found: sudo apt install debian-archive-keyring')


def _download(folder: Path) -> list[Path]:
    """Return the packages, fetched where they are not there."""
    folder = folder.resolve()
    (folder / 'lone').mkdir(exist_ok=True)
    options = _apt_options(folder / 'apt')
    print(f'gazebo: asking {mirror()} for {SUITE}', flush=True)
    _apt(folder, [*options, 'update'], ArchiveUnreachableError)
    print('gazebo: fetching about 280 MB (once; resumes where it was interrupted)', flush=True)
    _apt(folder, [*options, 'install', *PACKAGES], ArchiveUnreachableError)
    _apt(folder, [*options, 'download', *LONE_PACKAGES], ArchiveUnreachableError)
    archives = sorted((folder / 'apt' / 'cache' / 'archives').glob('*.deb'))
    return archives + sorted((folder / 'lone').glob('*.deb'))


def _apt_options(state: Path) -> list[str]:
    """Return the command that runs apt-get on an empty state of its own."""
    for name in ('lists/partial', 'cache/archives/partial', 'etc/preferences.d', 'etc/conf.d'):
        (state / name).mkdir(parents=True, exist_ok=True)
    (state / 'status').touch()
    sources = state / 'sources.list'
    line = f'deb [arch=amd64 signed-by={KEYRING}] {mirror()} {SUITE} main\n'
    sources.write_text(line, encoding='utf-8')
    settings = {
        'APT::Architecture': 'amd64',
        'APT::Architectures': 'amd64',
        'APT::Install-Recommends': 'false',
        'APT::Sandbox::User': '',
        'APT::Update::Error-Mode': 'any',
        'Acquire::AllowInsecureRepositories': 'false',
        'Acquire::Check-Valid-Until': 'false',  # an archived suite is signed no more
        'Acquire::Languages': 'none',
        'Acquire::Retries': '3',
        'Acquire::http::Timeout': '20',
        'Debug::NoLocking': 'true',
        'Dir::Cache': str(state / 'cache'),
        'Dir::Etc::main': '-',
        'Dir::Etc::parts': str(state / 'etc' / 'conf.d'),
        'Dir::Etc::preferences': '-',
        'Dir::Etc::preferencesparts': str(state / 'etc' / 'preferences.d'),
        'Dir::Etc::sourcelist': str(sources),
        'Dir::Etc::sourceparts': '-',
        'Dir::State': str(state),
        'Dir::State::lists': str(state / 'lists'),
        'Dir::State::status': str(state / 'status'),
    }
    flags = [f'-o={name}={value}' for name, value in settings.items()]
    return ['apt-get', *flags, '--yes', '--quiet=2', '--download-only']


def _apt(folder: Path, command: list[str], error: type[Exception]) -> None:
    """Run apt-get; its words go into a file, the last of them into the error."""
    log = folder / 'apt.log'
    with log.open('ab') as file:
        file.write((' '.join(command[-4:]) + '\n').encode())
    environment = {**os.environ, 'LC_ALL': 'C', 'DEBIAN_FRONTEND': 'noninteractive'}
    try:
        done = subprocess.run(
            command,
            cwd=folder / 'lone',
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        raise error(f'{mirror()}: no end within {_TIMEOUT_S} s') from expired
    with log.open('a', encoding='utf-8') as file:
        file.write(done.stdout)
    if done.returncode:
        problems = [line for line in done.stdout.splitlines() if line.startswith('E:')]
        raise error(f'{mirror()}: {" ".join(problems) or done.stdout.strip()[-300:]}; see {log}')


def _unpack(archives: list[Path], root: Path) -> None:
    """Unpack all packages into one folder, which appears only when it is whole."""
    size = sum(file.stat().st_size for file in archives) // _MEBIBYTE
    print(f'gazebo: unpacking {len(archives)} packages, {size} MB', flush=True)
    partial = root.with_name('root.partial')
    for leftover in (partial, root):
        shutil.rmtree(leftover, ignore_errors=True)
    partial.mkdir()
    for archive in archives:
        try:
            subprocess.run(['dpkg-deb', '--extract', str(archive), str(partial)], check=True)
        except subprocess.CalledProcessError as error:
            archive.unlink()  # the next call fetches it again
            raise FetchError(f'{archive.name} cannot be unpacked; it is fetched again') from error
    partial.rename(root)

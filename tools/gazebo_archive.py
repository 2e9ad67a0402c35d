# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Downloads Gazebo 11 from the Debian 11 archive into a folder, without root.

apt-get does the work with separate state: it resolves dependencies, checks the archive's signature
and each package's checksum, and resumes interrupted downloads. The system's packages and package
lists are neither read nor changed.
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
# libc6 has the loader that Gazebo runs with, independent of the system's.
PACKAGES = ('gazebo', 'gazebo-plugin-base', 'gazebo-common', 'libc6')
# Headers for plugins, downloaded without their dependencies.
HEADER_PACKAGES = (
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
_HEADERS_FOLDER = 'lone'
_MEBIBYTE = 1 << 20


class ArchiveUnreachableError(Exception):
    """The archive does not respond; this machine is otherwise fine."""


class FetchError(Exception):
    """Gazebo cannot be downloaded or unpacked; the message says why in one line."""


def mirror() -> str:
    """Return the base URL of the Debian archive."""
    return os.environ.get(MIRROR_VARIABLE, '').rstrip('/') or MIRROR


def fetch_gazebo(folder: Path) -> Path:
    """Return the folder with Gazebo's files; download and unpack them if they are missing.

    Args:
        folder: the cache, which also keeps the packages: a second call needs no network.

    Raises:
        ArchiveUnreachableError: the archive does not respond.
        FetchError: a program is missing, or a package is damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder):
        root, stamp = folder / 'root', folder / 'root.stamp'
        wanted = hashlib.sha256(repr((SUITE, PACKAGES, HEADER_PACKAGES)).encode()).hexdigest()
        if stamp.is_file() and stamp.read_text(encoding='utf-8') == wanted:
            return root
        _check_machine()
        archives = _download(folder)
        _unpack(archives, root)
        stamp.write_text(wanted, encoding='utf-8')
        return root


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Allow one process at a time; the lock ends with its process."""
    with (folder / 'lock').open('w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _check_machine() -> None:
    """Raise FetchError if apt-get cannot work here or cannot verify the packages."""
    for program in ('apt-get', 'dpkg-deb'):
        if shutil.which(program) is None:
            raise FetchError(f'{program} not found; accepted: Debian or Ubuntu')
    if not KEYRING.is_file():
        raise FetchError(f'{KEYRING} not found: sudo apt install debian-archive-keyring')


def _download(folder: Path) -> list[Path]:
    """Return the package files; download those that are missing."""
    folder = folder.resolve()
    (folder / _HEADERS_FOLDER).mkdir(exist_ok=True)
    options = _apt_options(folder / 'apt')
    print(f'gazebo: reading the index of {SUITE} at {mirror()}', flush=True)
    _apt(folder, [*options, 'update'], ArchiveUnreachableError)
    print('gazebo: downloading about 280 MB (once; an interrupted download resumes)', flush=True)
    _apt(folder, [*options, 'install', *PACKAGES], ArchiveUnreachableError)
    _apt(folder, [*options, 'download', *HEADER_PACKAGES], ArchiveUnreachableError)
    archives = sorted((folder / 'apt' / 'cache' / 'archives').glob('*.deb'))
    return archives + sorted((folder / _HEADERS_FOLDER).glob('*.deb'))


def _apt_options(state: Path) -> list[str]:
    """Return the command that runs apt-get with separate state."""
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
        'Acquire::Check-Valid-Until': 'false',  # an archived suite is no longer signed anew
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
    """Run apt-get with its output in a log; the error has its error lines."""
    log = folder / 'apt.log'
    with log.open('ab') as file:
        file.write((' '.join(command[-4:]) + '\n').encode())
    environment = {**os.environ, 'LC_ALL': 'C', 'DEBIAN_FRONTEND': 'noninteractive'}
    try:
        done = subprocess.run(
            command,
            cwd=folder / _HEADERS_FOLDER,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        raise error(f'{mirror()}: not finished within {_TIMEOUT_S} s') from expired
    with log.open('a', encoding='utf-8') as file:
        file.write(done.stdout)
    if done.returncode:
        problems = [line for line in done.stdout.splitlines() if line.startswith('E:')]
        raise error(f'{mirror()}: {" ".join(problems) or done.stdout.strip()[-300:]}; see {log}')


def _unpack(archives: list[Path], root: Path) -> None:
    """Unpack all packages into one folder, which appears only when it is complete."""
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
            archive.unlink()  # so that the next call downloads it again
            raise FetchError(
                f'{archive.name} cannot be unpacked; the next call downloads it again'
            ) from error
    partial.rename(root)

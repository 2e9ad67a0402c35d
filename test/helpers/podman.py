# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Builds and runs container images without a daemon and without an image registry.

Base images are replaced by a bare Debian. Podman keeps everything in a folder of the test, and
runs containers with the limits of this process, so that it needs no privilege beyond root.
"""

from collections.abc import Sequence
import contextlib
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys

PROGRAMS = ('buildah', 'debootstrap', 'podman', 'runc')
_DEBIAN = 'bookworm'
_MOUNTED = '/this_machine'  # where a build finds what pip's options name
_ENGINE = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
"""
_STORAGE = """
[storage]
driver = "overlay"
graphroot = "{folder}/storage"
runroot = "{folder}/run"
"""


def why_not() -> str:
    """Return why images cannot be built here; empty: they can."""
    if os.geteuid() != 0:
        return 'images are built as root'
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f'missing: apt-get install --no-install-recommends {" ".join(missing)}'
    return ''


class Podman:
    """Images and containers in a folder.

    Attributes:
        environment: variables with which other programs use the same folder.
        network: prefix of a command that runs in the network of all containers.
    """

    def __init__(self, folder: Path, network: Sequence[str] = (), *, keep: bool = False) -> None:
        """Use a folder.

        Args:
            folder: empty, or kept by an earlier run.
            network: prefix of a command that runs in the network of all containers.
            keep: `close` keeps the images, and each layer of them, for the next run.
        """
        self._folder, self._keep = folder, keep
        self.network = list(network)
        engine, storage = folder / 'containers.conf', folder / 'storage.conf'
        engine.write_text(_ENGINE)
        storage.write_text(_STORAGE.format(folder=folder))
        self.environment = {
            **os.environ,
            'CONTAINERS_CONF': str(engine),
            'CONTAINERS_STORAGE_CONF': str(storage),
            'TMPDIR': str(folder),
        }

    def prepare(self) -> None:
        """Make the image of a bare Debian, `localhost/debian:bare`."""
        folder = self._folder
        if 'localhost/debian:bare' not in self('images', '--format={{.Repository}}:{{.Tag}}'):
            self._import_debian(folder)

    def _import_debian(self, folder: Path) -> None:
        """Install a bare Debian into a folder, and import it."""
        root = folder / 'root'
        self._run(['debootstrap', '--variant=minbase', _DEBIAN, str(root)], 900)
        archive = folder / 'root.tar'
        self._run(['tar', '-C', str(root), '-cf', str(archive), '.'], 300)
        self('import', str(archive), 'localhost/debian:bare', timeout_s=300)
        archive.unlink()
        shutil.rmtree(root)

    def __call__(self, *words: str, timeout_s: float = 120.0, check: bool = True) -> str:
        """Run podman and return what it prints.

        Raises:
            AssertionError: it fails, unless `check` is False.
        """
        return self._run([*self.network, 'podman', *words], timeout_s, check=check)

    def build(self, dockerfile: Path, tag: str, context: Path, *options: str) -> None:
        """Build an image; its steps use pip as this machine is set up to."""
        mounts = [f'--volume={path}:{_MOUNTED}{path}:ro' for path in _pip_paths().values()]
        words = ['buildah', 'bud', '--isolation=chroot', '--pull-never']
        words += ['--layers'] if self._keep else []
        words += ['--network=host', *mounts, *options]
        self._run([*words, f'--file={dockerfile}', f'--tag={tag}', str(context)], 2400)

    def base_image(self, tag: str, steps: str, context: Path) -> None:
        """Build the stand-in of a base image from the bare Debian.

        Args:
            tag: of the image that it replaces.
            steps: instructions of a Dockerfile.
            context: folder of the files that they copy; gets two more.
        """
        (context / 'pip.conf').write_text(_pip_configuration())
        file = context / 'base.Dockerfile'
        file.write_text(f'FROM localhost/debian:bare\nCOPY pip.conf /etc/pip.conf\n{steps}\n')
        self.build(file, tag, context)

    def close(self) -> None:
        """Remove all containers, and the images unless they are kept."""
        self('rm', '--all', '--force', '--time', '0', check=False)
        if self._keep:
            return
        self('rmi', '--all', '--force', timeout_s=600, check=False)
        with contextlib.suppress(OSError):
            shutil.rmtree(self._folder)

    def _run(self, command: Sequence[str], timeout_s: float, *, check: bool = True) -> str:
        """Run a program and return what it prints on both streams."""
        done = subprocess.run(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert done.returncode == 0 or not check, f'{" ".join(command)}\n{done.stdout[-4000:]}'
        return done.stdout


def _pip_settings() -> dict[str, str]:
    """Return pip's options on this machine: certificates, mirrors, folders."""
    text = subprocess.run(
        [sys.executable, '-m', 'pip', 'config', 'list'],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    lines = re.findall(r"^(?:global|:env:)\.([\w-]+)='(.*)'$", text, flags=re.MULTILINE)
    return {name.strip('.-'): value for name, value in lines}


def _pip_configuration() -> str:
    """Return these options as a configuration file, with local paths as in a build."""
    lines = ['[global]']
    for name, value in _pip_settings().items():
        words = value.split()
        for place, word in enumerate(words):
            if word in _pip_paths():
                prefix = 'file://' if word.startswith('file://') else ''
                words[place] = f'{prefix}{_MOUNTED}{word.removeprefix("file://")}'
        lines.append(f'{name} = {" ".join(words)}')
    return '\n'.join(lines)


def _pip_paths() -> dict[str, Path]:
    """Return the local files and folders that pip's options name, by word."""
    found = {}
    for name, value in _pip_settings().items():
        for word in value.split():
            path = Path(word.removeprefix('file://'))
            if path.is_absolute() and path.exists():
                # an index links to files beside itself
                found[word] = path.parent if name.endswith('url') else path
    return found

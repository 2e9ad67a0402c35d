# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Compiles the lockstep plugin with this machine's compiler, against Debian 11's headers."""

import hashlib
import os
from pathlib import Path
import shlex
import subprocess

SOURCE = Path(__file__).with_name('lockstep_plugin.cpp')
_TRIPLET = 'x86_64-linux-gnu'
_LIBRARIES = (
    'libgazebo_physics.so.11',
    'libgazebo_sensors.so.11',
    'libgazebo_common.so.11',
    'libstdc++.so.6',
    'libgcc_s.so.1',
    'libc.so.6',
    'libm.so.6',
)


def lockstep_library(root: Path) -> Path:
    """Return the compiled plugin, which is recompiled only when its source changes.

    Args:
        root: folder of Gazebo's unpacked packages.

    Raises:
        subprocess.CalledProcessError: the compiler failed; it printed why.
    """
    version = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]
    library = root / f'libLockstep-{version}.so'
    if not library.is_file():
        print('gazebo: compiling the lockstep plugin, about a minute', flush=True)
        compiler = shlex.split(os.environ.get('CXX', 'g++'))
        partial = library.with_suffix('.partial')
        subprocess.run([*compiler, *_arguments(root), '-o', str(partial)], check=True)
        partial.rename(library)
    return library


def _arguments(root: Path) -> list[str]:
    """Return the compiler's arguments.

    They select the C++ library that gzserver loads, which lacks the symbols of newer ones.
    """
    usr = root / 'usr'
    folders = [
        usr / 'include/c++/10',
        usr / 'include' / _TRIPLET / 'c++/10',
        usr / 'include/gazebo-11',
        *sorted(usr.glob('include/ignition/*[0-9]')),
        *sorted(usr.glob('include/sdformat-*')),
    ]
    return [
        '-std=c++17',
        '-O1',
        '-fPIC',
        '-shared',
        f'--sysroot={root}',
        '-nostdinc++',
        *(f'-isystem{folder}' for folder in folders),
        str(SOURCE),
        '-nodefaultlibs',
        f'-L{usr / "lib" / _TRIPLET}',
        f'-L{root / "lib" / _TRIPLET}',
        *(f'-l:{name}' for name in _LIBRARIES),
        '-Wl,--allow-shlib-undefined',
    ]

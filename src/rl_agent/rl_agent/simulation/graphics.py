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

"""Chooses what MuJoCo draws with when there is no display: EGL, or OSMesa."""

import ctypes
import importlib
import os
import sys

from rl_agent.errors import ConfigurationError

_VARIABLE = 'MUJOCO_GL'
_LIBRARIES = {'egl': 'libEGL.so.1', 'osmesa': 'libOSMesa.so.8'}
# MuJoCo reads the variable when it imports one of these
_READERS = ('mujoco.rendering.classic.gl_context', 'mujoco.gl_context')
WHAT_HELPS = (
    'sudo apt install libegl1 libgl1-mesa-dri, or sudo apt install libosmesa6 and MUJOCO_GL=osmesa'
)


def choose_graphics() -> None:
    """Let MuJoCo draw with the library that is there, unless MUJOCO_GL says with which.

    Raises:
        ConfigurationError: there is neither.
    """
    if os.environ.get(_VARIABLE):
        return
    found = next((name for name, library in _LIBRARIES.items() if _is_there(library)), None)
    if found is None:
        raise ConfigurationError(
            f'simulation.cameras: MuJoCo cannot draw: no {" and no ".join(_LIBRARIES.values())};'
            f' accepted: with one of them: {WHAT_HELPS}'
        )
    os.environ[_VARIABLE] = found
    for name in _READERS:
        if name in sys.modules:
            importlib.reload(sys.modules[name])


def _is_there(library: str) -> bool:
    """Return whether the linker finds a library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True

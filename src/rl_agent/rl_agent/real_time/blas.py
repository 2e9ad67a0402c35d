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

"""Settings for NumPy's matrix products, to be made before NumPy is imported.

NumPy's OpenBLAS takes a processor newer than itself for one of 2004, and multiplies a policy's
matrices five times slower than it could. So the kernels are chosen by the processor's flags.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
import platform

_CPU_INFO = Path('/proc/cpuinfo')
# Kernels of OpenBLAS, the best first, each with the flags of x86-64 processors that it needs.
_KERNELS = (
    ('SkylakeX', {'avx512f', 'avx512cd', 'avx512bw', 'avx512dq', 'avx512vl', 'avx2', 'fma'}),
    ('Haswell', {'avx2', 'fma'}),
)


def blas_environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return variables to add to an environment: one thread, kernels that fit the processor.

    On several threads, products as small as a policy's are slower and less steady.

    Args:
        given: the environment; its own values take precedence.
    """
    wanted = {'OPENBLAS_NUM_THREADS': '1'}
    kernels = kernels_for(_processor_flags())
    if kernels is not None:
        wanted['OPENBLAS_CORETYPE'] = kernels
    return {name: value for name, value in wanted.items() if name not in given}


def kernels_for(flags: Collection[str]) -> str | None:
    """Return OpenBLAS's name of the best kernels for a processor; None: OpenBLAS chooses.

    Args:
        flags: of the processor, as Linux names them.
    """
    return next((name for name, needed in _KERNELS if needed <= set(flags)), None)


def _processor_flags() -> list[str]:
    """Return the flags of this processor; empty if they cannot be read."""
    if platform.machine() != 'x86_64':
        return []
    try:
        lines = _CPU_INFO.read_text().splitlines()
    except OSError:
        return []
    return next((line.split() for line in lines if line.startswith('flags')), [])

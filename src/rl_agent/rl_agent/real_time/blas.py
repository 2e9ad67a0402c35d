# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Settings for NumPy's matrix products, to be made before NumPy is imported.

Its OpenBLAS takes a processor that is newer than itself for one of 2004, and multiplies a policy's
matrices five times as slowly as it could. What the processor says that it can do is asked instead.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
import platform

_CPU_INFO = Path('/proc/cpuinfo')
# Kernels of OpenBLAS, the best ones first, each with what it needs of an x86-64 processor.
_KERNELS = (
    ('SkylakeX', {'avx512f', 'avx512cd', 'avx512bw', 'avx512dq', 'avx512vl', 'avx2', 'fma'}),
    ('Haswell', {'avx2', 'fma'}),
)


def blas_environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return what to add to an environment: one thread, and kernels that fit the processor.

    Products as small as a policy's are slower on several threads, and less steady.

    Args:
        given: the environment; what it says stays.
    """
    wanted = {'OPENBLAS_NUM_THREADS': '1'}
    kernels = kernels_for(_processor_flags())
    if kernels is not None:
        wanted['OPENBLAS_CORETYPE'] = kernels
    return {name: value for name, value in wanted.items() if name not in given}


def kernels_for(flags: Collection[str]) -> str | None:
    """Return OpenBLAS's name of the best kernels for a processor, None: let it choose.

    Args:
        flags: what the processor can do, in Linux's words.
    """
    return next((name for name, needed in _KERNELS if needed <= set(flags)), None)


def _processor_flags() -> list[str]:
    """Return what this processor can do; nothing where it cannot be asked."""
    if platform.machine() != 'x86_64':
        return []
    try:
        lines = _CPU_INFO.read_text().splitlines()
    except OSError:
        return []
    return next((line.split() for line in lines if line.startswith('flags')), [])

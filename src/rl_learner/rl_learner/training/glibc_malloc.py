# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Memory that an update frees stays with the process for the next update."""

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # from malloc.h
_LARGEST_BLOCK = 64 * 1024**2
_KEPT = 256 * 1024**2


def keep_freed_memory() -> None:
    """Stop glibc from giving an update's larger tensors back to the kernel and taking them anew.

    Each time the kernel would clear them page by page, which takes a tenth of an update. Does
    nothing where there is no glibc.
    """
    if not sys.platform.startswith('linux'):
        return
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_BLOCK)
        mallopt(_M_TRIM_THRESHOLD, _KEPT)

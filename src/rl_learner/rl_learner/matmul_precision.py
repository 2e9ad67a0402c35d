# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Matrix products of float32 numbers in the precision asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def matmul_precision(precision: str, device: torch.device) -> Iterator[None]:
    """Let float32 matrix products round their inputs, until the block ends.

    Args:
        precision: float32 changes nothing; bf16 rounds to bfloat16, on CUDA to TF32, which has
            its range and more digits. A processor without such products computes as ever.
        device: where the products are.
    """
    if precision == 'float32':
        yield
        return
    cuda = device.type == 'cuda'
    library: Any = torch.backends.cuda if cuda else torch.backends.mkldnn
    backend = library.matmul
    before = backend.fp32_precision
    backend.fp32_precision = 'tf32' if cuda else 'bf16'
    try:
        yield
    finally:
        backend.fp32_precision = before

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Growth of memory, descriptors and threads over the lives of processes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import theilslopes

WARMUP_S, WARMUP_SHARE = 300.0, 0.2  # of a life: caches fill, the replay table fills
LEAST_JUDGED_S = 900.0  # of a life after the warm-up; a shorter one says too little
LARGEST_SLOPE_MB_PER_H = 2.0
LARGEST_SLOPE_SHARE_PER_H = 0.01  # of the memory itself, whichever is more
SMALLEST_STEP_MB = 1.0  # allocators take memory in such pieces
LARGEST_COUNT_GROWTH = 2.0  # descriptors, threads
_MB_VALUES = ('anon_mb', 'shmem_mb')
_COUNTS = ('descriptors', 'threads')
_MOST_POINTS = 400  # for the slope, whose cost is quadratic


@dataclass(frozen=True)
class Sample:
    """What a process used at one moment.

    Attributes:
        at_s: since the start of the soak.
        name: of the process.
        life: which start of it, from 1.
        pss_mb: proportional set size in MiB: its share of all resident memory.
        anon_mb: anonymous part of it: heaps and stacks.
        shmem_mb: shared memory part of it.
        descriptors: open file descriptors.
        threads: number of threads.
    """

    at_s: float
    name: str
    life: int
    pss_mb: float
    anon_mb: float
    shmem_mb: float
    descriptors: int
    threads: int


@dataclass(frozen=True)
class Growth:
    """How one value of a process grew in one life, after the warm-up.

    Attributes:
        name: of the process.
        life: which start of it.
        value: which value.
        seconds: judged.
        level: median.
        slope_per_h: median of all pairwise slopes (Theil-Sen).
        slope_low_per_h: lower end of its 95 % confidence interval.
        late: median of the last quarter less that of the second quarter.
    """

    name: str
    life: int
    value: str
    seconds: float
    level: float
    slope_per_h: float
    slope_low_per_h: float
    late: float

    @property
    def fault(self) -> str:
        """What is wrong, for people; empty: nothing.

        Memory must have grown in both senses: by a slope that noise does not explain, and late.
        """
        where = f'{self.name}, life {self.life}: {self.value}'
        if self.value in _COUNTS:
            if self.late <= LARGEST_COUNT_GROWTH:
                return ''
            return f'{where} grew by {self.late:g} late in {self.seconds / 60:.0f} min'
        allowed = max(LARGEST_SLOPE_MB_PER_H, LARGEST_SLOPE_SHARE_PER_H * self.level)
        between_quarters_h = self.seconds / 2 / 3600.0
        allowed_late = max(SMALLEST_STEP_MB, allowed * between_quarters_h)
        if self.slope_low_per_h <= allowed or self.late <= allowed_late:
            return ''
        return (
            f'{where} grows by {self.slope_per_h:.2f} MB/h (accepted: {allowed:.2f}) and grew by'
            f' {self.late:.2f} MB late (accepted: {allowed_late:.2f}) in'
            f' {self.seconds / 60:.0f} min at {self.level:.0f} MB'
        )


def growths(samples: Iterable[Sample]) -> list[Growth]:
    """Return the growth of every value in every life that was long enough to judge."""
    lives: dict[tuple[str, int], list[Sample]] = {}
    for sample in samples:
        lives.setdefault((sample.name, sample.life), []).append(sample)
    found = []
    for (name, life), own in sorted(lives.items()):
        judged = _after_warmup(own)
        if judged:
            found += [_growth(name, life, judged, value) for value in (*_MB_VALUES, *_COUNTS)]
    return found


def _after_warmup(samples: Sequence[Sample]) -> Sequence[Sample]:
    """Return the samples of a life after its warm-up; none if that is too short to judge."""
    begin_s, end_s = samples[0].at_s, samples[-1].at_s
    from_s = begin_s + max(WARMUP_S, WARMUP_SHARE * (end_s - begin_s))
    if end_s - from_s < LEAST_JUDGED_S:
        return []
    return [sample for sample in samples if sample.at_s >= from_s]


def _growth(name: str, life: int, samples: Sequence[Sample], value: str) -> Growth:
    """Return the growth of one value."""
    at_s = np.array([sample.at_s for sample in samples])
    values = np.array([getattr(sample, value) for sample in samples], np.float64)
    thin = slice(None, None, -(-len(values) // _MOST_POINTS))
    slope, _, low, _ = theilslopes(values[thin], at_s[thin] / 3600.0)
    return Growth(
        name,
        life,
        value,
        float(at_s[-1] - at_s[0]),
        float(np.median(values)),
        float(slope),
        float(low),
        _quarter(values, 3) - _quarter(values, 1),
    )


def _quarter(values: NDArray[np.float64], number: int) -> float:
    """Return the median of one quarter, counted from 0."""
    return float(np.median(np.array_split(values, 4)[number]))

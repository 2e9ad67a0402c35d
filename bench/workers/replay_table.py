# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Memory, pacing and latency of a replay table: python -m workers.replay_table ROWS.

The last line is a JSON object.
"""

import json
import sys
import time

import numpy as np
import psutil
from rl_learner.replay.items import ROWS_PER_ITEM
from rl_learner.replay.layout import ReplayLayout
from rl_learner.replay.sampler import ReplaySampler
from rl_learner.replay.server import ReplayServer
from rl_learner.replay.writer import ReplayWriter
from rl_learner.system.ports import free_port

from workers.legged import ACTION_SIZE, OBSERVATION_SIZE
from workers.replay_refill import measure_refill

BATCH, PER_INSERT = 256, ROWS_PER_ITEM
SAMPLES_PER_INSERT = 256.0
MEBIBYTE = 1 << 20


def main(rows: int) -> None:
    """Measure."""
    width = ReplayLayout(OBSERVATION_SIZE, ACTION_SIZE).width
    random = np.random.default_rng(0)
    process = psutil.Process()
    server = ReplayServer(
        free_port(), width=width, capacity=rows, samples_per_insert=1.0, warmup=1
    )
    writer = ReplayWriter(server.port)
    writer.insert(random.standard_normal((1000, width), np.float32), timeout_s=60.0)
    before, begun_s = process.memory_info().rss, time.monotonic()
    for _ in range(rows // 1000):
        writer.insert(random.standard_normal((1000, width), np.float32), timeout_s=60.0)
    took_s = time.monotonic() - begun_s
    resident = (process.memory_info().rss - before) / MEBIBYTE
    server.stop()
    print(
        json.dumps(
            {
                'resident_mb_per_million': round(resident * 1e6 / (rows // 1000 * 1000), 1),
                'rows': rows,
                'inserted_per_s': round(rows / took_s),
                'refilled_per_s': round(measure_refill(rows // 5)),
                **measure_limiter(width),
            }
        )
    )


def measure_limiter(width: int) -> dict[str, float]:
    """Return how exact the ratio is, and how long an insertion takes with and without a reader."""
    server = ReplayServer(
        free_port(), width=width, capacity=100_000, samples_per_insert=SAMPLES_PER_INSERT, warmup=1
    )
    writer = ReplayWriter(server.port)
    rows = np.ones((PER_INSERT, width), np.float32)
    paused = insert(writer, rows, 300)[:2]
    sampler = ReplaySampler(server, width=width, batch_size=BATCH, updates_per_block=1)
    drawn = drain(sampler)
    *sampled, more = insert(writer, rows, 100, sampler)
    writer.insert(rows[:3])  # padded
    drawn += more + drain(sampler)
    ratio = drawn / (server.inserted - 1)
    sampler.stop()
    server.stop()
    return {
        'samples_per_insert_error': round(ratio / SAMPLES_PER_INSERT - 1, 5),
        'insert_p50_ms_learner_paused': paused[0],
        'insert_p99_ms_learner_paused': paused[1],
        'insert_p50_ms_learner_training': sampled[0],
        'insert_p99_ms_learner_training': sampled[1],
    }


def insert(
    writer: ReplayWriter,
    rows: 'np.ndarray[tuple[int, ...], np.dtype[np.float32]]',
    times: int,
    sampler: ReplaySampler | None = None,
) -> tuple[float, float, int]:
    """Return p50 and p99 of so many insertions in ms, and the samples drawn between them."""
    taken, drawn = [], 0
    for _ in range(times):
        begun_s = time.perf_counter()
        writer.insert(rows, timeout_s=60.0)
        taken.append(time.perf_counter() - begun_s)
        drawn += BATCH * (sampler is not None and sampler.next_block(0.05) is not None)
    p50, p99 = np.quantile(np.array(taken) * 1e3, (0.5, 0.99))
    return round(float(p50), 3), round(float(p99), 3), drawn


def drain(sampler: ReplaySampler) -> int:
    """Take all that may be used; return how many rows."""
    drawn = 0
    while sampler.next_block(1.0) is not None:
        drawn += BATCH
    return drawn


if __name__ == '__main__':
    main(int(sys.argv[1]))

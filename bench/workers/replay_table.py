# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Memory, sampling ratio and latency of a replay table: python -m workers.replay_table ROWS.

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

from workers.compared_networks import BATCH_SIZE
from workers.legged import ACTION_SIZE, OBSERVATION_SIZE
from workers.replay_refill import measure_refill

ROWS_PER_CHUNK = 1000
SAMPLES_PER_INSERT = 256.0
TIMEOUT_S = 60.0
MEBIBYTE = 1 << 20


def main(rows: int) -> None:
    """Measure a table with the given number of rows."""
    width = ReplayLayout(OBSERVATION_SIZE, ACTION_SIZE).width
    random = np.random.default_rng(0)
    process = psutil.Process()
    server = ReplayServer(
        free_port(), width=width, capacity=rows, samples_per_insert=1.0, warmup=1
    )
    writer = ReplayWriter(server.port)
    chunk = (ROWS_PER_CHUNK, width)
    writer.insert(random.standard_normal(chunk, np.float32), timeout_s=TIMEOUT_S)
    before, started_s = process.memory_info().rss, time.monotonic()
    for _ in range(rows // ROWS_PER_CHUNK):
        writer.insert(random.standard_normal(chunk, np.float32), timeout_s=TIMEOUT_S)
    took_s = time.monotonic() - started_s
    resident_mb = (process.memory_info().rss - before) / MEBIBYTE
    inserted = rows // ROWS_PER_CHUNK * ROWS_PER_CHUNK
    server.stop()
    print(
        json.dumps(
            {
                'resident_mb_per_million': round(resident_mb * 1e6 / inserted, 1),
                'rows': rows,
                'inserted_per_s': round(rows / took_s),
                'refilled_per_s': round(measure_refill(rows // 5)),
                **measure_limiter(width),
            }
        )
    )


def measure_limiter(width: int) -> dict[str, float]:
    """Return the error of the sampling ratio, and insertion times with and without a sampler."""
    server = ReplayServer(
        free_port(), width=width, capacity=100_000, samples_per_insert=SAMPLES_PER_INSERT, warmup=1
    )
    writer = ReplayWriter(server.port)
    rows = np.ones((ROWS_PER_ITEM, width), np.float32)
    paused = insert(writer, rows, 300)[:2]
    sampler = ReplaySampler(server, width=width, batch_size=BATCH_SIZE, updates_per_block=1)
    drawn = drain(sampler)
    *training, newly_drawn = insert(writer, rows, 100, sampler)
    writer.insert(rows[:3])  # padded
    drawn += newly_drawn + drain(sampler)
    ratio = drawn / (server.inserted - 1)
    sampler.stop()
    server.stop()
    return {
        'samples_per_insert_error': round(ratio / SAMPLES_PER_INSERT - 1, 5),
        'insert_p50_ms_learner_paused': paused[0],
        'insert_p99_ms_learner_paused': paused[1],
        'insert_p50_ms_learner_training': training[0],
        'insert_p99_ms_learner_training': training[1],
    }


def insert(
    writer: ReplayWriter,
    rows: 'np.ndarray[tuple[int, ...], np.dtype[np.float32]]',
    times: int,
    sampler: ReplaySampler | None = None,
) -> tuple[float, float, int]:
    """Return p50 and p99 of the insertion times in ms, and the samples drawn in between."""
    took_s, drawn = [], 0
    for _ in range(times):
        started_s = time.perf_counter()
        writer.insert(rows, timeout_s=TIMEOUT_S)
        took_s.append(time.perf_counter() - started_s)
        drawn += BATCH_SIZE * (sampler is not None and sampler.next_block(0.05) is not None)
    p50, p99 = np.quantile(np.array(took_s) * 1e3, (0.5, 0.99))
    return round(float(p50), 3), round(float(p99), 3), drawn


def drain(sampler: ReplaySampler) -> int:
    """Take all allowed blocks; return the number of rows."""
    drawn = 0
    while sampler.next_block(1.0) is not None:
        drawn += BATCH_SIZE
    return drawn


if __name__ == '__main__':
    main(int(sys.argv[1]))

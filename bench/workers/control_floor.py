# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The floor of a machine: lateness of a loop that only sleeps until its next tick."""

import json
import sys
import time

from rl_agent.real_time.fixed_rate import FixedRate
from rl_agent.real_time.latency_histogram import LatencyHistogram
from rl_agent.real_time.scheduling import prepare_process, prepare_thread


def main() -> None:
    """Run the loop; arguments: rate in Hz, seconds, priority under SCHED_FIFO."""
    rate_hz, seconds, priority = float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    prepare_process()
    prepare_thread(priority, -1)
    rate, lateness = FixedRate(rate_hz), LatencyHistogram()
    end_s = time.monotonic() + seconds
    rate.start()
    while time.monotonic() < end_s:
        lateness.add(rate.wait())
    p50, p99 = lateness.percentiles((0.5, 0.99))
    print(
        json.dumps(
            {'ticks': rate.ticks, 'late': rate.late, 'missed': rate.missed, 'p50': p50, 'p99': p99}
        )
    )


if __name__ == '__main__':
    main()

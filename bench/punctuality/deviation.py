# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Deviation of published commands from their schedule.

The schedule is `phase + number * period`. Its phase is the one with the least mean absolute
deviation, so a delay that is always the same is no deviation. It must stay the same in the window
of a measurement, which holds for timers of ROS and for the ticks of the agent within an episode.

The command for a scheduled time is the first one from a quarter of a period before it on; until
then, there is only the command before. So a missed tick counts as a command that comes a period
late, whether its node skipped it or hung, and of several in a row each as late as it was. Without
any command until the end of the window, the deviation reaches to that end.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
PERCENTILES = {'p50_us': 50.0, 'p99_us': 99.0, 'p999_us': 99.9}
_EARLIEST = 0.25  # of a period before the scheduled time


def figures(
    published_ns: Sequence[int], window_ns: tuple[int, int], rate_hz: float
) -> dict[str, float] | None:
    """Return percentiles of absolute deviations, us, and missed ticks; None without commands.

    Args:
        published_ns: when each command was published, in order.
        window_ns: begin and end of the measurement, on the same clock.
        rate_hz: control rate.
    """
    if not published_ns:
        return None
    begin_ns, end_ns = window_ns
    period_us = 1e6 / rate_hz
    times = (np.array(published_ns, np.int64) - begin_ns) / 1e3
    late_us = lateness(times, (end_ns - begin_ns) / 1e3, period_us)
    if not late_us.size:
        return None
    percentiles = np.percentile(np.abs(late_us), list(PERCENTILES.values()))
    result = dict(zip(PERCENTILES, np.round(percentiles, 1).tolist(), strict=True))
    missed = late_us >= (1.0 - _EARLIEST) * period_us
    return {**result, 'missed_fraction': float(missed.mean()), 'due': len(late_us)}


def lateness(times_us: Floats, end_us: float, period_us: float) -> Floats:
    """Return how late each scheduled command was, us, (tick,); negative: early.

    Args:
        times_us: when each command was published, (command,), in order, not empty; 0: begin of
            the window.
        end_us: end of the window.
        period_us: control period.
    """
    phase_us = phase(times_us, period_us)
    earliest_us = _EARLIEST * period_us
    first = np.ceil((earliest_us - phase_us) / period_us)
    last = np.floor((end_us - period_us + earliest_us - phase_us) / period_us)
    scheduled = phase_us + period_us * np.arange(first, last + 1.0)
    ended = np.append(times_us[times_us < end_us], end_us)
    late: Floats = ended[np.searchsorted(ended, scheduled - earliest_us)] - scheduled
    return late


def phase(times_us: Floats, period_us: float) -> float:
    """Return the phase, us, from which times deviate least: their median within the period.

    Args:
        times_us: (command,), not empty.
        period_us: control period.
    """
    # the period is a circle: first a mean on it, then the median, with the cut on the other side
    angles = times_us * (2.0 * np.pi / period_us)
    mean_us = np.angle(np.exp(1j * angles).mean()) * period_us / (2.0 * np.pi)
    around = (times_us - mean_us + 0.5 * period_us) % period_us - 0.5 * period_us
    return float(mean_us + np.median(around))

# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Episodes of one policy and what they say about it: means with their uncertainty."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
import warnings

import numpy as np
from rl_agent.array_types import Float64Array
from scipy import stats

_RESAMPLES = 5000
_CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class EvaluatedEpisode:
    """One episode.

    Attributes:
        seed: of the robot or task.
        episode: within the seed, from 1.
        observation: of each step, (step, observation).
        action: as executed, in [-1, 1], (step, action).
        reward: (step,).
        terminated: the task really ended.
    """

    seed: int
    episode: int
    observation: Float64Array
    action: Float64Array
    reward: Float64Array
    terminated: bool

    @property
    def steps(self) -> int:
        """Length."""
        return len(self.reward)

    @property
    def episode_return(self) -> float:
        """Sum of rewards."""
        return float(self.reward.sum())


@dataclass(frozen=True)
class Evaluation:
    """What was judged, how, and what came out.

    Attributes:
        policy: where it came from.
        version: of the policy.
        updates: critic updates behind it.
        judged_on: name of the robot or task.
        setting: `simulated robot`, `real robot` or `task`.
        deterministic: without exploration.
        observation_names: (observation,).
        action_names: (action,).
        episodes: in order.
    """

    policy: str
    version: int
    updates: int
    judged_on: str
    setting: str
    deterministic: bool
    observation_names: Sequence[str]
    action_names: Sequence[str]
    episodes: Sequence[EvaluatedEpisode] = field(default=())

    @property
    def returns(self) -> list[float]:
        """Return of each episode."""
        return [item.episode_return for item in self.episodes]


@dataclass(frozen=True)
class Figures:
    """What a set of returns says; None where there are too few to say it.

    Attributes:
        episodes: how many.
        mean: of the returns.
        std: deviation of single returns about the mean, with n - 1.
        mean_interval: 95 % confidence interval of the mean, by bootstrap.
        iqm: interquartile mean: of the middle half of the returns.
        iqm_interval: 95 % confidence interval of it, by bootstrap.
        lowest: return.
        highest: return.
    """

    episodes: int
    mean: float
    std: float | None
    mean_interval: tuple[float, float] | None
    iqm: float
    iqm_interval: tuple[float, float] | None
    lowest: float
    highest: float


def figures(returns: Sequence[float]) -> Figures:
    """Return the figures of one or more returns (arXiv:2108.13264 for IQM and bootstrap)."""
    values = np.asarray(returns, np.float64)
    several = len(values) > 1
    return Figures(
        episodes=len(values),
        mean=float(values.mean()),
        std=float(values.std(ddof=1)) if several else None,
        mean_interval=_interval(values, np.mean),
        iqm=float(_iqm(values)),
        iqm_interval=_interval(values, _iqm),
        lowest=float(values.min()),
        highest=float(values.max()),
    )


def _iqm(values: Float64Array, axis: int = -1) -> Any:
    """Return the mean of the middle half."""
    return stats.trim_mean(values, 0.25, axis=axis)


def _interval(values: Float64Array, statistic: Callable[..., Any]) -> tuple[float, float] | None:
    """Return the confidence interval of a statistic; None for a single value."""
    if len(values) < 2:
        return None
    if np.ptp(values) == 0.0:
        return float(values[0]), float(values[0])
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # few values: the interval is as good as they are
        result = stats.bootstrap(
            (values,),
            statistic,
            n_resamples=_RESAMPLES,
            confidence_level=_CONFIDENCE,
            method='percentile',
            rng=0,
        )
    low, high = result.confidence_interval
    return float(low), float(high)


def interval_text(bounds: tuple[float, float] | None) -> str:
    """Return an interval as people read it."""
    return '-' if bounds is None else f'{bounds[0]:.1f} to {bounds[1]:.1f}'

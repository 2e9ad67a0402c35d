# Copyright 2026 The rl_learner authors
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

"""Episodes of one policy and the statistics of their returns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
import warnings

import numpy as np
from rl_agent.array_types import Float64Array
from scipy import stats

CONFIDENCE_PERCENT = 95
_RESAMPLES = 5000


@dataclass(frozen=True, eq=False)
class EvaluatedEpisode:
    """One episode.

    Attributes:
        seed: seed of the robot or task.
        episode: number within the seed, from 1.
        observation: (step, observation).
        action: executed actions in [-1, 1], (step, action).
        reward: (step,).
        terminated: the episode ended in a terminal state, not at a time limit.
        succeeded: whether the task succeeded; None: it does not tell.
    """

    seed: int
    episode: int
    observation: Float64Array
    action: Float64Array
    reward: Float64Array
    terminated: bool
    succeeded: bool | None = None

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.reward)

    @property
    def episode_return(self) -> float:
        """Sum of rewards."""
        return float(self.reward.sum())


@dataclass(frozen=True)
class Evaluation:
    """An evaluated policy and its episodes.

    Attributes:
        policy: file or folder of the policy.
        version: version of the policy.
        updates: critic updates that trained it.
        evaluated_on: name of the robot or task.
        setting: `simulated robot`, `real robot` or `task`.
        deterministic: the policy did not explore.
        observation_names: (observation,).
        action_names: (action,).
        episodes: in the order they ended.
    """

    policy: str
    version: int
    updates: int
    evaluated_on: str
    setting: str
    deterministic: bool
    observation_names: Sequence[str]
    action_names: Sequence[str]
    episodes: Sequence[EvaluatedEpisode] = field(default=())

    @property
    def mode(self) -> str:
        """How the policy acted: `deterministic` or `exploring`."""
        return 'deterministic' if self.deterministic else 'exploring'

    @property
    def seeds(self) -> list[int]:
        """Seeds in ascending order."""
        return sorted({item.seed for item in self.episodes})

    @property
    def returns(self) -> list[float]:
        """Return of each episode."""
        return [item.episode_return for item in self.episodes]

    @property
    def success(self) -> 'SuccessRate | None':
        """How many episodes succeeded; None: the task does not tell."""
        told = [item.succeeded for item in self.episodes if item.succeeded is not None]
        return success_rate(sum(told), len(told)) if told else None

    def returns_of(self, seed: int) -> list[float]:
        """Return the return of each episode of one seed."""
        return [item.episode_return for item in self.episodes if item.seed == seed]


@dataclass(frozen=True)
class SuccessRate:
    """How many episodes succeeded.

    Attributes:
        successes: number of episodes that succeeded.
        episodes: number of all.
        rate: their ratio.
        interval: 95 % confidence interval of the rate, by Wilson's score.
    """

    successes: int
    episodes: int
    rate: float
    interval: tuple[float, float]

    @property
    def text(self) -> str:
        """The rate for people."""
        low, high = self.interval
        return (
            f'{self.successes} of {self.episodes} episodes succeeded: {self.rate:.0%}'
            f' ({CONFIDENCE_PERCENT} % interval {low:.0%} to {high:.0%})'
        )


def success_rate(successes: int, episodes: int) -> SuccessRate:
    """Return the rate of some of at least one episode."""
    found = stats.binomtest(successes, episodes).proportion_ci(
        CONFIDENCE_PERCENT / 100.0, method='wilson'
    )
    interval = (float(found.low), float(found.high))
    return SuccessRate(successes, episodes, successes / episodes, interval)


@dataclass(frozen=True)
class ReturnStatistics:
    """Statistics of episode returns; None where a single return does not define them.

    Attributes:
        episodes: number of returns.
        mean: mean return.
        std: sample standard deviation of the returns (n - 1).
        mean_interval: 95 % bootstrap confidence interval of the mean.
        iqm: interquartile mean: the mean of the middle half of the returns.
        iqm_interval: 95 % bootstrap confidence interval of the interquartile mean.
        lowest: lowest return.
        highest: highest return.
    """

    episodes: int
    mean: float
    std: float | None
    mean_interval: tuple[float, float] | None
    iqm: float
    iqm_interval: tuple[float, float] | None
    lowest: float
    highest: float


def return_statistics(returns: Sequence[float]) -> ReturnStatistics:
    """Return the statistics of one or more returns (IQM and bootstrap: arXiv:2108.13264)."""
    values = np.asarray(returns, np.float64)
    several = len(values) > 1
    return ReturnStatistics(
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
    """Return the interquartile mean."""
    return stats.trim_mean(values, 0.25, axis=axis)


def _interval(values: Float64Array, statistic: Callable[..., Any]) -> tuple[float, float] | None:
    """Return the confidence interval of a statistic; None for a single value."""
    if len(values) < 2:
        return None
    if np.ptp(values) == 0.0:
        return float(values[0]), float(values[0])
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # scipy warns about few values
        result = stats.bootstrap(
            (values,),
            statistic,
            n_resamples=_RESAMPLES,
            confidence_level=CONFIDENCE_PERCENT / 100.0,
            method='percentile',
            rng=0,
        )
    low, high = result.confidence_interval
    return float(low), float(high)


def interval_text(bounds: tuple[float, float] | None) -> str:
    """Return an interval as text, `-` if there is none."""
    return '-' if bounds is None else f'{bounds[0]:.1f} to {bounds[1]:.1f}'

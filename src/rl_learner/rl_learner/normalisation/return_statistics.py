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

"""Running deviation of the discounted rewards, by which sampled rewards are divided."""

import math
from typing import Any, NamedTuple

from rl_learner.replay.transition_arrays import TransitionArrays

_EPSILON = 1e-8
_MAX_OPEN_EPISODES = 1000  # of robots that went silent; the oldest are dropped


class _OpenEpisode(NamedTuple):
    """An episode without its end so far.

    Attributes:
        number: of the episode within the session.
        next_sequence: number of the transition that continues it.
        discounted: G after its last transition.
    """

    number: int
    next_sequence: int
    discounted: float


class ReturnStatistics:
    """Mean, deviation and largest magnitude of G over all transitions, in the order of `add`.

    G_t = r_t + gamma G_(t-1) for each robot; it begins at 0 with each episode and after a gap.
    Rewards divided by the deviation of G have returns of the same size whatever the task (XQC;
    SimbaV2, arXiv:2502.15280, eq. 17). The denominator is sqrt(Var G) + 1e-8 or, with a bound,
    max(sqrt(Var G), max|G| / bound) + 1e-8. It is 1 while all G are equal.

    Transitions are included one by one, so the result depends on their order only, bit for bit.

    Attributes:
        position: transitions of the run before the next one in the journal.
    """

    def __init__(self, gamma: float, bound: float = 0.0) -> None:
        """Start without transitions.

        Args:
            gamma: discount of one step.
            bound: no normalised return exceeds it; 0: none.
        """
        self._gamma, self._bound = gamma, bound
        self._count = 0
        self._mean = self._squares = self._largest = 0.0
        self._open: dict[tuple[str, str], _OpenEpisode] = {}
        self.position = 0

    @property
    def denominator(self) -> float:
        """What rewards are divided by, in units of reward, positive."""
        if not self._squares > 0.0:
            return 1.0
        deviation = math.sqrt(self._squares / self._count)
        if self._bound:
            deviation = max(deviation, self._largest / self._bound)
        return deviation + _EPSILON

    def add(self, sender: tuple[str, str], first_sequence: int, rows: TransitionArrays) -> None:
        """Include the next transitions of a robot.

        Args:
            sender: robot and session.
            first_sequence: number of the first transition within the session.
            rows: consecutive transitions; rewards are finite.
        """
        if not len(rows):
            return
        before = self._open.pop(sender, None)
        ended, episode, discounted = True, 0, 0.0
        if before is not None and before.next_sequence == first_sequence:
            ended, episode, discounted = False, before.number, before.discounted
        rewards, numbers = rows.reward.tolist(), rows.episode.tolist()
        ends = (rows.terminated | rows.truncated).tolist()
        for reward, number, is_end in zip(rewards, numbers, ends, strict=True):
            continues = not ended and number == episode
            discounted = reward + self._gamma * discounted if continues else reward
            self._include(discounted)
            ended, episode = is_end, number
        if not ended:
            self._open[sender] = _OpenEpisode(episode, first_sequence + len(rows), discounted)
            if len(self._open) > _MAX_OPEN_EPISODES:
                del self._open[next(iter(self._open))]

    def _include(self, discounted: float) -> None:
        """Include one G, after Welford (1962)."""
        self._count += 1
        shift = discounted - self._mean
        self._mean += shift / self._count
        self._squares += shift * (discounted - self._mean)
        self._largest = max(self._largest, abs(discounted))

    def joined(self, other: 'ReturnStatistics') -> 'ReturnStatistics':
        """Return the statistics of both, after Chan, Golub and LeVeque; it takes no more rows."""
        total = self._count + other._count
        result = ReturnStatistics(self._gamma, self._bound)
        if not total:
            return result
        shift = other._mean - self._mean
        result._count = total
        result._mean = self._mean + shift * other._count / total
        result._squares = self._squares + other._squares
        result._squares += shift * shift * self._count * other._count / total
        result._largest = max(self._largest, other._largest)
        return result

    def state_dict(self) -> dict[str, Any]:
        """Return everything that `add` has changed, as numbers and text."""
        return {
            'position': self.position,
            'count': self._count,
            'mean': self._mean,
            'squares': self._squares,
            'largest': self._largest,
            'open': [[*sender, *episode] for sender, episode in self._open.items()],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a `state_dict`."""
        self.position, self._count = int(state['position']), int(state['count'])
        self._mean, self._squares = float(state['mean']), float(state['squares'])
        self._largest = float(state['largest'])
        self._open = {
            (robot, session): _OpenEpisode(number, next_sequence, discounted)
            for robot, session, number, next_sequence, discounted in state['open']
        }

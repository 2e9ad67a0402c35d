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

"""Decides when to evaluate during a run, and whether the robot has learned."""

from dataclasses import dataclass, field
import math
import statistics

_FIRST_WINDOW = 3  # exploring episodes that must look good before the first evaluation
_CLOSE = 0.25  # exploring looks good if its mean is at most this fraction below the target
_LOOKS_AHEAD = 2  # looks at the robots' steps that pass until an evaluation begins
_UNFINISHED_EPISODES = 2  # of each robot that may end before its first evaluation episode


def fitting_episodes(wanted: int, *, max_steps: int, episode_steps: int, robots: int) -> int:
    """Return how many of the wanted evaluation episodes fit into a run; at least one.

    Half of the steps are for learning. In the other half, unfinished episodes end first.
    """
    room = max_steps // (2 * episode_steps) - _UNFINISHED_EPISODES * robots
    return max(1, min(wanted, room))


@dataclass
class EvaluationProgress:
    """The episodes of an evaluation so far.

    Attributes:
        returns: returns of the episodes.
        policy_versions: policy versions of the same episodes.
    """

    returns: list[float] = field(default_factory=list)
    policy_versions: list[int] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """Mean return; NaN if there are no episodes."""
        return statistics.fmean(self.returns) if self.returns else float('nan')


class EvaluationSchedule:
    """Starts an evaluation when exploring episodes look good, or before the steps run out.

    Nothing is learned during an evaluation, so after each failed one, twice as many episodes must
    look good.

    Without a target there is one evaluation, before the steps run out.

    Attributes:
        evaluating: an evaluation is running.
        learned: an evaluation reached the target.
        finished: without a target: the evaluation is complete.
        evaluation: the newest evaluation.
    """

    def __init__(
        self,
        *,
        target_return: float | None,
        highest_return: float | None,
        episodes: int,
        episode_steps: int,
        max_steps: int,
        robots: int,
    ) -> None:
        """Evaluate by the mean return of consecutive deterministic episodes.

        Args:
            target_return: mean return that counts as learned; None: there is none.
            highest_return: upper bound of an episode's return; None: unknown.
            episodes: number of episodes of one evaluation.
            episode_steps: steps of the longest episode.
            max_steps: steps of the whole run.
            robots: number of robots.
        """
        self._target, self._highest, self._episodes = target_return, highest_return, episodes
        # unfinished episodes end before an evaluation starts
        self._reserve = (episodes + _UNFINISHED_EPISODES * robots) * episode_steps
        # the last chance must not fall between two looks at the robots' steps
        self._early = max(self._reserve // 8, episode_steps)
        self._max_steps = max_steps
        self._seen_steps: int | None = None  # at the last look
        self._recent: list[float] = []  # exploring returns since the last evaluation started
        self._window = _FIRST_WINDOW  # number of them that must look good
        self._last_chance_used = False
        self.evaluating = False
        self.learned = False
        self.finished = False
        self.evaluation = EvaluationProgress()

    def on_episode(self, episode_return: float, *, evaluation: bool, policy_version: int) -> None:
        """Record a finished episode."""
        if not evaluation:
            self._recent.append(episode_return)
        elif self.evaluating and len(self.evaluation.returns) < self._episodes:
            self.evaluation.returns.append(episode_return)
            self.evaluation.policy_versions.append(policy_version)
            self._decide()

    def start_if_due(self, steps: int) -> bool:
        """Start an evaluation if it is time after `steps` control steps; return whether it is."""
        left = self._max_steps - steps
        between = 0 if self._seen_steps is None else steps - self._seen_steps
        self._seen_steps = steps
        if self.evaluating or self.learned or self.finished or self._is_too_late(left):
            return False
        good = self._looks_good()
        early = max(self._early, _LOOKS_AHEAD * between)
        last_chance = left < self._reserve + early and not self._last_chance_used
        if not (good or last_chance):
            return False
        self._last_chance_used = self._last_chance_used or last_chance
        self._recent.clear()
        self._window *= 2
        self.evaluating, self.evaluation = True, EvaluationProgress()
        return True

    def _is_too_late(self, left: int) -> bool:
        """Return whether an evaluation cannot be completed; without a target some of it counts."""
        if self._target is None:
            return self._last_chance_used
        return left < self._reserve

    def _looks_good(self) -> bool:
        """Return whether the newest exploring episodes come close to the target."""
        if self._target is None:
            return False
        close = self._target - _CLOSE * abs(self._target)
        recent = self._recent[-self._window :]
        return len(recent) == self._window and statistics.fmean(recent) >= close

    def _decide(self) -> None:
        """End the evaluation if its outcome is certain."""
        returns = self.evaluation.returns
        missing = self._episodes - len(returns)
        if self._target is None:
            self.finished = not missing
            self.evaluating = not self.finished
            return
        highest = math.inf if self._highest is None else self._highest
        best = (sum(returns) + (missing * highest if missing else 0.0)) / self._episodes
        if best < self._target:
            self.evaluating = False
        elif not missing:
            self.evaluating, self.learned = False, True

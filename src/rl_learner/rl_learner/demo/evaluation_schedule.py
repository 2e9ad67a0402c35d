# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""When to evaluate during a run, and whether the robot has learned."""

from dataclasses import dataclass, field
import statistics

_RECENT = 3  # exploring episodes that must look good before the first evaluation
_UNDER_WAY = 2  # episodes of each robot that may still end before its first of an evaluation


def fitting_episodes(wanted: int, *, max_steps: int, episode_steps: int, robots: int) -> int:
    """Return how many episodes an evaluation may have in a run so short; at least one.

    Half of the steps are for learning; in the other half each robot first ends what it has begun.
    """
    room = max_steps // (2 * episode_steps) - _UNDER_WAY * robots
    return max(1, min(wanted, room))


@dataclass
class EvaluationProgress:
    """Deterministic episodes.

    Attributes:
        returns: of the episodes so far.
        policy_versions: of the same episodes.
    """

    returns: list[float] = field(default_factory=list)
    policy_versions: list[int] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """Mean return; NaN without episodes."""
        return statistics.fmean(self.returns) if self.returns else float('nan')


class EvaluationSchedule:
    """Calls for an evaluation once exploring episodes look good, or the steps run out.

    An evaluation costs steps that nothing is learned in, so after each lost one twice as many
    episodes must look good.

    Attributes:
        evaluating: an evaluation is under way.
        learned: an evaluation reached the target.
        evaluation: the newest one.
    """

    def __init__(
        self,
        *,
        target_return: float,
        highest_return: float,
        episodes: int,
        episode_steps: int,
        max_steps: int,
        robots: int,
    ) -> None:
        """Judge by the mean return of `episodes` deterministic episodes in a row.

        Args:
            target_return: the mean that counts as learned.
            highest_return: bound of an episode's return.
            episodes: of one evaluation.
            episode_steps: longest episode.
            max_steps: of the whole run.
            robots: that run episodes side by side.
        """
        self._target, self._highest, self._episodes = target_return, highest_return, episodes
        # episodes under way are finished before an evaluation begins
        self._reserve = (episodes + _UNDER_WAY * robots) * episode_steps
        self._max_steps = max_steps
        self._recent: list[float] = []  # exploring returns since the last evaluation began
        self._wanted = _RECENT  # of them that must look good
        self._last_chance_used = False
        self.evaluating = False
        self.learned = False
        self.evaluation = EvaluationProgress()

    def on_episode(self, episode_return: float, *, evaluation: bool, policy_version: int) -> None:
        """Take note of a finished episode."""
        if not evaluation:
            self._recent.append(episode_return)
        elif self.evaluating and len(self.evaluation.returns) < self._episodes:
            self.evaluation.returns.append(episode_return)
            self.evaluation.policy_versions.append(policy_version)
            self._decide()

    def wants_evaluation(self, steps: int) -> bool:
        """Return whether to begin an evaluation after so many steps; if so, it has begun."""
        left = self._max_steps - steps
        if self.evaluating or self.learned or left < self._reserve:
            return False
        close = self._target - 0.25 * abs(self._target)
        recent = self._recent[-self._wanted :]
        good = len(recent) == self._wanted and statistics.fmean(recent) >= close
        last_chance = left < self._reserve + self._reserve // 8 and not self._last_chance_used
        if not (good or last_chance):
            return False
        self._last_chance_used = self._last_chance_used or last_chance
        self._recent.clear()
        self._wanted *= 2
        self.evaluating, self.evaluation = True, EvaluationProgress()
        return True

    def _decide(self) -> None:
        """End the evaluation where its outcome is certain."""
        returns = self.evaluation.returns
        missing = self._episodes - len(returns)
        best = (sum(returns) + missing * self._highest) / self._episodes
        if best < self._target:
            self.evaluating = False
        elif not missing:
            self.evaluating, self.learned = False, True

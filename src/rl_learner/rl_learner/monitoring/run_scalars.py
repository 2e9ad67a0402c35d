# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""What goes on in a run as numbers over transitions stored; TensorBoard draws them.

Tags are `learner/...`, `critic/...`, `actor/...`, `replay/...` and `<robot>/...`;
docs/tools.md has the table of all of them.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
import math
import statistics
from typing import Any

import numpy as np
from rl_learner.actor_critic.algorithm import Algorithm

_CRITIC = ('critic_loss', 'q_mean', 'quantile_spread', 'target_mean', 'critic_gradient_norm')
_AGENT = {
    'policy_age_s': 'policy/age_s',
    'policy_version': 'policy/version',
    'policies_rejected': 'policy/rejected',
    'steps_per_s': 'steps_per_s',
    'transitions_pending': 'transitions/pending',
    'transitions_dropped': 'transitions/dropped',
    'latency_p50_us': 'control/latency_p50_us',
    'latency_p99_us': 'control/latency_p99_us',
    'safety_latched': 'safety/latched',
}
_BRIDGE = (
    'transitions_journaled',
    'transitions_duplicate',
    'transitions_lost',
    'batches_refused',
    'journal_bytes',
    'acknowledge_p50_s',
    'acknowledge_p99_s',
)

# What a simulated robot does not have is apart: an empty chart looks like a fault.
CHARTS = {
    'Overview': {
        'returns: exploring, evaluation': ['.*/return/exploring$', '.*/return/evaluation$'],
        'Q: predicted, and return obtained (discounted)': [
            'critic/q_mean$',
            '.*/return/obtained$',
        ],
        'critic loss': ['critic/critic_loss$'],
        'temperature': ['actor/temperature$'],
        'entropy': ['actor/entropy$'],
        'updates to data, as reached': ['learner/updates_to_data$'],
    },
    'Robots in real time': {
        'control loop, us': ['.*/control/latency_p50_us$', '.*/control/latency_p99_us$'],
        'late and missed, share of ticks': [
            '.*/control/late_fraction$',
            '.*/control/missed_fraction$',
        ],
        'age of the policy, s': ['.*/policy/age_s$'],
    },
}


# Steps and episodes come on topics of their own, the end perhaps before the last steps.
_LOOKS_FOR_LATE_STEPS = 3


@dataclass
class _Episode:
    """An episode as far as its steps were heard.

    Attributes:
        rewards: of its steps, in order.
        parts: of the reward, by name.
        interventions: steps whose action was not the policy's.
        saturation: for each step, the share of actions at their bounds.
    """

    rewards: list[float] = field(default_factory=list)
    parts: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    interventions: int = 0
    saturation: list[float] = field(default_factory=list)


@dataclass
class _Finished:
    """An episode that has ended.

    Attributes:
        message: rl_msgs/Episode.
        step: transitions stored when it came.
        looks: how often its steps were looked for.
    """

    message: Any
    step: int
    looks: int = 0


class RunScalars:
    """Turns messages into named numbers; the caller writes them down now and then.

    Numbers that come often (losses, rates) are averaged until `take`; those of an episode stand
    for themselves, `take_episodes`.

    Attributes:
        step: transitions stored so far, of this run; never falls.
    """

    def __init__(self, algorithm: Algorithm, step: int = 0) -> None:
        """Record a run.

        Args:
            algorithm: of the learner.
            step: where an earlier start of the run ended.
        """
        self._algorithm = algorithm
        self._sums: dict[str, list[float]] = defaultdict(list)
        self._episodes: dict[tuple[str, int], _Episode] = defaultdict(_Episode)
        self._finished: list[_Finished] = []
        self._counted: tuple[str, int, int] | None = None
        self._ticks: dict[str, tuple[int, int, int]] = {}
        self.step = step

    def on_learner(self, status: Any) -> None:
        """Take note of an rl_msgs/LearnerStatus."""
        self.step = max(self.step, int(status.transitions_stored))
        numbers = {
            'learner/updates_per_s': status.updates_per_s,
            'learner/updates': status.updates,
            'learner/policy_version': status.policy_version,
            'learner/backlog': status.backlog,
            'replay/size': status.replay_size,
            'replay/fill': status.replay_size / self._algorithm.replay_capacity,
        }
        for name, value in zip(status.metric_names, status.metric_values, strict=True):
            numbers[f'{"critic" if name in _CRITIC else "actor"}/{name}'] = value
        self._add(numbers)
        self._count_updates(status)

    def on_bridge(self, status: Any) -> None:
        """Take note of an rl_msgs/ReplayStatus."""
        self.step = max(self.step, int(status.transitions_journaled))
        self._add({f'bridge/{name}': getattr(status, name) for name in _BRIDGE})

    def on_agent(self, status: Any) -> None:
        """Take note of an rl_msgs/AgentStatus."""
        robot = status.robot
        numbers = {f'{robot}/{tag}': getattr(status, name) for name, tag in _AGENT.items()}
        for name, count in zip(status.event_names, status.event_counts, strict=True):
            numbers[f'{robot}/events/{name}'] = count
        ticks = (int(status.ticks), int(status.ticks_late), int(status.ticks_missed))
        before = self._ticks.get(robot)
        made = ticks[0] - before[0] if before else 0
        if before and made > 0:
            numbers[f'{robot}/control/late_fraction'] = (ticks[1] - before[1]) / made
            numbers[f'{robot}/control/missed_fraction'] = (ticks[2] - before[2]) / made
        self._ticks[robot] = ticks
        self._add(numbers)

    def on_step(self, step: Any) -> None:
        """Take note of an rl_msgs/Step."""
        key = (step.robot, int(step.episode))
        if step.step == 0:
            self._episodes[key] = _Episode()  # an agent that starts again counts anew
        episode = self._episodes[key]
        episode.rewards.append(float(step.reward))
        for name, value in zip(step.reward_names, step.reward_parts, strict=True):
            episode.parts[name].append(float(value))
        episode.interventions += bool(step.intervention)
        at_bound = [abs(value) > 0.99 for value in step.action_executed]
        episode.saturation.append(sum(at_bound) / max(len(at_bound), 1))

    def on_episode(self, episode: Any) -> None:
        """Take note of an rl_msgs/Episode."""
        self._finished.append(_Finished(episode, self.step))

    def take_episodes(self, *, all_of_them: bool = False) -> list[tuple[int, dict[str, float]]]:
        """Return step and numbers of each episode that ended, once all its steps were heard.

        Args:
            all_of_them: wait for no steps.
        """
        ready, waiting = [], []
        for item in self._finished:
            item.looks += 1
            key = (item.message.robot, int(item.message.episode))
            heard = self._episodes.get(key, _Episode())
            complete = len(heard.rewards) >= item.message.steps
            if complete or all_of_them or item.looks >= _LOOKS_FOR_LATE_STEPS:
                ready.append((item.step, self._numbers(item.message, heard)))
                self._forget(*key)
            else:
                waiting.append(item)
        self._finished = waiting
        return ready

    def _numbers(self, episode: Any, heard: _Episode) -> dict[str, float]:
        """Return the numbers of an episode.

        Parts are means over the steps that were heard, times all steps of the episode. The
        discounted return is left out where a step was missed.
        """
        robot, kind = episode.robot, 'evaluation' if episode.evaluation else 'exploring'
        numbers = {
            f'{robot}/return/{kind}': float(episode.episode_return),
            f'{robot}/episode_steps': float(episode.steps),
        }
        if not heard.rewards:
            return numbers
        for name, values in heard.parts.items():
            numbers[f'{robot}/reward_parts/{name}'] = statistics.fmean(values) * episode.steps
        numbers[f'{robot}/interventions'] = heard.interventions / len(heard.rewards)
        numbers[f'{robot}/action_saturation'] = statistics.fmean(heard.saturation)
        if len(heard.rewards) == episode.steps and not episode.evaluation:
            numbers[f'{robot}/return/obtained'] = obtained_return(
                heard.rewards, self._algorithm.gamma, terminated=bool(episode.terminated)
            )
        return numbers

    def _forget(self, robot: str, number: int) -> None:
        """Drop the steps of an episode and of earlier ones."""
        for key in [key for key in self._episodes if key[0] == robot and key[1] <= number]:
            del self._episodes[key]

    def take(self) -> dict[str, float]:
        """Return the means since the last call; numbers that are not finite are left out."""
        means = {tag: statistics.fmean(values) for tag, values in self._sums.items()}
        self._sums.clear()
        return means

    def _add(self, numbers: dict[str, float]) -> None:
        """Collect what is to be averaged."""
        for tag, value in numbers.items():
            if math.isfinite(value):
                self._sums[tag].append(float(value))

    def _count_updates(self, status: Any) -> None:
        """Collect the updates that were made for each transition, from the warm-up on."""
        count = (status.learner_session, int(status.updates), int(status.transitions_stored))
        before = self._counted
        # the learner's parameter may let the warm-up be longer than the algorithm's own
        warms_up = count[1] == 0 or count[2] < self._algorithm.warmup
        if before is None or before[0] != count[0] or warms_up:
            self._counted = count
        elif count[2] > before[2] and count[1] > before[1]:
            reached = (count[1] - before[1]) / (count[2] - before[2])
            self._add({'learner/updates_to_data': reached})


def as_markdown(title: str, content: Sequence[str]) -> str:
    """Return lines of text as TensorBoard's text page shows them unchanged."""
    return f'**{title}**\n\n' + '\n'.join(f'    {line}' for line in content)


def obtained_return(rewards: Sequence[float], gamma: float, *, terminated: bool) -> float:
    """Return the mean over an episode's steps of the discounted sum of the rewards to come.

    Where the episode was cut short (a time limit), the critics look beyond its end. The rewards
    there are unknown; the mean reward of the episode's last tenth stands in for them. The bonus
    for entropy, which critics of SAC include, is not in it.

    Args:
        rewards: of all steps of one episode, in order.
        gamma: discount of one step.
        terminated: the task really ended: nothing comes after.
    """
    values = np.asarray(rewards, np.float64)
    to_come = 0.0
    if not terminated:
        to_come = float(values[-max(1, len(values) // 10) :].mean()) / (1.0 - gamma)
    total = 0.0
    for reward in values[::-1]:
        to_come = float(reward) + gamma * to_come
        total += to_come
    return total / len(values)

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

"""The scalars of a run, from the messages of its nodes, over transitions stored.

Tags are `learner/...`, `critic/...`, `actor/...`, `replay/...` and `<robot>/...`;
docs/tools.md has the table of all tags.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
import math
import statistics
from typing import Any, NamedTuple

import numpy as np
from rl_learner.actor_critic.algorithm import Algorithm

_CRITIC_METRICS = (
    'critic_loss',
    'q_mean',
    'quantile_spread',
    'target_mean',
    'critic_gradient_norm',
    'return_deviation',
)
_AGENT_TAGS = {
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
_BRIDGE_FIELDS = (
    'transitions_journaled',
    'transitions_duplicate',
    'transitions_lost',
    'batches_refused',
    'journal_bytes',
    'acknowledge_p50_s',
    'acknowledge_p99_s',
)

# Robots in lockstep have no timing; an empty chart in the overview would look like a fault.
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


# Steps and episode ends come on different topics, so an end may arrive before the last steps.
_MAX_TAKES_FOR_LATE_STEPS = 3

_AT_BOUND = 0.99  # absolute value of an action's component, in [-1, 1]


@dataclass
class _ReceivedSteps:
    """The steps of an episode that were received.

    Attributes:
        rewards: in order.
        reward_parts: by name, in order.
        interventions: number of steps with an action that was not the policy's.
        saturation: of each step, the fraction of the action's components at their bounds.
    """

    rewards: list[float] = field(default_factory=list)
    reward_parts: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    interventions: int = 0
    saturation: list[float] = field(default_factory=list)


@dataclass
class _EndedEpisode:
    """An episode that has ended.

    Attributes:
        message: rl_msgs/Episode.
        step: transitions stored when the message arrived.
        takes: how often `take_episodes` has looked at it.
    """

    message: Any
    step: int
    takes: int = 0


class _UpdateCount(NamedTuple):
    """Updates and transitions of a learner session."""

    session: str
    updates: int
    transitions: int


class RunScalars:
    """Turns messages into scalars by tag, which the caller fetches periodically.

    `take_means` averages frequent values such as losses and rates; `take_episodes` gives the
    scalars of each episode.

    Attributes:
        step: transitions of this run stored so far; never decreases.
    """

    def __init__(self, algorithm: Algorithm, step: int = 0) -> None:
        """Begin without values.

        Args:
            algorithm: of the learner.
            step: at the end of the previous start of the run.
        """
        self._algorithm = algorithm
        self._values: dict[str, list[float]] = defaultdict(list)
        self._steps: dict[tuple[str, int], _ReceivedSteps] = defaultdict(_ReceivedSteps)
        self._ended: list[_EndedEpisode] = []
        self._warmup_end: _UpdateCount | None = None
        self._ticks: dict[str, tuple[int, int, int]] = {}
        self.step = step

    def on_learner(self, status: Any) -> None:
        """Add the scalars of an rl_msgs/LearnerStatus."""
        self.step = max(self.step, int(status.transitions_stored))
        scalars = {
            'learner/updates_per_s': status.updates_per_s,
            'learner/updates': status.updates,
            'learner/policy_version': status.policy_version,
            'learner/backlog': status.backlog,
            'replay/size': status.replay_size,
            'replay/fill': status.replay_size / self._algorithm.replay_capacity,
        }
        for name, value in zip(status.metric_names, status.metric_values, strict=True):
            scalars[f'{"critic" if name in _CRITIC_METRICS else "actor"}/{name}'] = value
        self._add(scalars)
        self._add_updates_to_data(status)

    def on_bridge(self, status: Any) -> None:
        """Add the scalars of an rl_msgs/ReplayStatus."""
        self.step = max(self.step, int(status.transitions_journaled))
        self._add({f'bridge/{name}': getattr(status, name) for name in _BRIDGE_FIELDS})

    def on_agent(self, status: Any) -> None:
        """Add the scalars of an rl_msgs/AgentStatus."""
        robot = status.robot
        scalars = {f'{robot}/{tag}': getattr(status, name) for name, tag in _AGENT_TAGS.items()}
        for name, count in zip(status.event_names, status.event_counts, strict=True):
            scalars[f'{robot}/events/{name}'] = count
        ticks = (int(status.ticks), int(status.ticks_late), int(status.ticks_missed))
        before = self._ticks.get(robot)
        new_ticks = ticks[0] - before[0] if before else 0
        if before and new_ticks > 0:
            scalars[f'{robot}/control/late_fraction'] = (ticks[1] - before[1]) / new_ticks
            scalars[f'{robot}/control/missed_fraction'] = (ticks[2] - before[2]) / new_ticks
        self._ticks[robot] = ticks
        self._add(scalars)

    def on_step(self, step: Any) -> None:
        """Add an rl_msgs/Step to its episode."""
        key = (step.robot, int(step.episode))
        if step.step == 0:
            self._steps[key] = _ReceivedSteps()  # a restarted agent reuses episode numbers
        received = self._steps[key]
        received.rewards.append(float(step.reward))
        for name, value in zip(step.reward_names, step.reward_parts, strict=True):
            received.reward_parts[name].append(float(value))
        received.interventions += bool(step.intervention)
        at_bound = [abs(value) > _AT_BOUND for value in step.action_executed]
        received.saturation.append(sum(at_bound) / max(len(at_bound), 1))

    def on_episode(self, episode: Any) -> None:
        """Add an rl_msgs/Episode, the end of an episode."""
        self._ended.append(_EndedEpisode(episode, self.step))

    def take_episodes(self, *, wait: bool = True) -> list[tuple[int, dict[str, float]]]:
        """Return step and scalars of each ended episode that was not returned before.

        Args:
            wait: leave episodes with missing steps to the next calls, in case these arrive late.
        """
        ready, waiting = [], []
        for item in self._ended:
            item.takes += 1
            key = (item.message.robot, int(item.message.episode))
            received = self._steps.get(key, _ReceivedSteps())
            complete = len(received.rewards) >= item.message.steps
            if complete or not wait or item.takes >= _MAX_TAKES_FOR_LATE_STEPS:
                ready.append((item.step, self._episode_scalars(item.message, received)))
                self._forget(*key)
            else:
                waiting.append(item)
        self._ended = waiting
        return ready

    def _episode_scalars(self, episode: Any, received: _ReceivedSteps) -> dict[str, float]:
        """Return the scalars of an episode.

        Reward parts are means over the received steps, times the number of steps of the episode.
        The discounted return is left out if a step is missing.
        """
        robot, kind = episode.robot, 'evaluation' if episode.evaluation else 'exploring'
        scalars = {
            f'{robot}/return/{kind}': float(episode.episode_return),
            f'{robot}/episode_steps': float(episode.steps),
            f'{robot}/person_fraction': episode.person_steps / max(1, episode.steps),
        }
        if episode.outcome:
            scalars[f'{robot}/success/{kind}'] = float(episode.outcome == 'success')
        if not received.rewards:
            return scalars
        for name, values in received.reward_parts.items():
            scalars[f'{robot}/reward_parts/{name}'] = statistics.fmean(values) * episode.steps
        scalars[f'{robot}/interventions'] = received.interventions / len(received.rewards)
        scalars[f'{robot}/action_saturation'] = statistics.fmean(received.saturation)
        if len(received.rewards) == episode.steps and not episode.evaluation:
            scalars[f'{robot}/return/obtained'] = obtained_return(
                received.rewards, self._algorithm.gamma, terminated=bool(episode.terminated)
            )
        return scalars

    def _forget(self, robot: str, number: int) -> None:
        """Delete the steps of an episode and of the robot's earlier ones."""
        for key in [key for key in self._steps if key[0] == robot and key[1] <= number]:
            del self._steps[key]

    def take_means(self) -> dict[str, float]:
        """Return the means since the last call, over finite values only."""
        means = {tag: statistics.fmean(values) for tag, values in self._values.items()}
        self._values.clear()
        return means

    def _add(self, scalars: dict[str, float]) -> None:
        """Add finite values to their means."""
        for tag, value in scalars.items():
            if math.isfinite(value):
                self._values[tag].append(float(value))

    def _add_updates_to_data(self, status: Any) -> None:
        """Add the ratio of updates to transitions since the end of the warm-up."""
        count = _UpdateCount(
            status.learner_session, int(status.updates), int(status.transitions_stored)
        )
        before = self._warmup_end
        # a parameter of the learner may make the warm-up longer than the algorithm's
        warming_up = count.updates == 0 or count.transitions < self._algorithm.warmup
        if before is None or before.session != count.session or warming_up:
            self._warmup_end = count
        elif count.transitions > before.transitions and count.updates > before.updates:
            ratio = (count.updates - before.updates) / (count.transitions - before.transitions)
            self._add({'learner/updates_to_data': ratio})


def as_markdown(title: str, content: Sequence[str]) -> str:
    """Return Markdown that TensorBoard's text page shows as the given lines, unchanged."""
    return f'**{title}**\n\n' + '\n'.join(f'    {line}' for line in content)


def obtained_return(rewards: Sequence[float], gamma: float, *, terminated: bool) -> float:
    """Return the mean over an episode's steps of the discounted sum of future rewards.

    Critics bootstrap beyond the end of a truncated episode. The rewards there are unknown; the
    mean reward of the episode's last tenth stands in for them. The entropy bonus, which SAC's
    critics include, is left out.

    Args:
        rewards: of all steps of one episode, in order.
        gamma: discount per step.
        terminated: whether the task ended, so that no reward follows.
    """
    values = np.asarray(rewards, np.float64)
    discounted = 0.0
    if not terminated:
        discounted = float(values[-max(1, len(values) // 10) :].mean()) / (1.0 - gamma)
    total = 0.0
    for reward in values[::-1]:
        discounted = float(reward) + gamma * discounted
        total += discounted
    return total / len(values)

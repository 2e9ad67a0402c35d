# Copyright 2026 The rl_agent authors
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

"""One executed control step, and the rules by which episodes become transitions."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from rl_agent.array_types import Float32Array


class Intervention(IntEnum):
    """Who chose the executed action; rows from before teleoperation have 1 for a person, too."""

    NONE = 0  # the policy
    LIMIT = 1  # a safety limit or a stop
    PERSON = 2


@dataclass(frozen=True, eq=False)
class Transition:
    """One control step of a robot.

    Attributes:
        observation: sensed before the step, as robots send it, (sent,) float32.
        action: executed, after limits and interventions, in [-1, 1], (action,) float32.
        reward: reward of this step.
        next_observation: sensed after the step, even if the episode ended.
        terminated: the task really ended in `next_observation`; its value is zero.
        truncated: the episode was cut after this step; `next_observation` keeps its value.
        intervention: who chose the action.
        evaluation: the policy acted deterministically, for an evaluation.
        policy_version: version of the policy that proposed the action.
        episode: number within the session, from 1.
        step: number within the episode, from 0.
        stamp_ns: when `observation` was sensed, by the robot's clock.
    """

    observation: Float32Array
    action: Float32Array
    reward: float
    next_observation: Float32Array
    terminated: bool
    truncated: bool
    intervention: Intervention
    evaluation: bool
    policy_version: int
    episode: int
    step: int
    stamp_ns: int


class TransitionBuilder:
    """Turns the steps of episodes into transitions.

    | input                      | transition                                              |
    |----------------------------|---------------------------------------------------------|
    | `first`                    | none: one observation is not a transition               |
    | ordinary `step`            | from the last observation to this one                   |
    | `step` with `terminated`   | the same; then only `first` may follow                  |
    | `step` with `truncated`    | the same; then only `first` may follow                  |
    | `first` during an episode  | none: the unfinished step is left out                   |

    No transition ever leads from one episode into the next.
    """

    def __init__(
        self, sent: Callable[[Float32Array], Float32Array] = lambda observation: observation
    ) -> None:
        """Start before the first episode.

        Args:
            sent: returns an observation as transitions have it, see `Spaces.sent`.
        """
        self._sent = sent
        self.episode = 0
        self.step_number = 0
        self._observation: Float32Array | None = None
        self._stamp_ns = 0

    def first(self, observation: Float32Array, stamp_ns: int) -> None:
        """Begin an episode.

        Args:
            observation: first observation, (observation,).
            stamp_ns: when it was sensed.
        """
        self.episode += 1
        self.step_number = 0
        self._observation, self._stamp_ns = self._sent(observation), stamp_ns

    def step(
        self,
        action: Float32Array,
        reward: float,
        next_observation: Float32Array,
        stamp_ns: int,
        *,
        terminated: bool = False,
        truncated: bool = False,
        intervention: Intervention = Intervention.NONE,
        evaluation: bool = False,
        policy_version: int = 0,
    ) -> Transition:
        """Return the transition of one executed action.

        Args:
            action: executed, in [-1, 1], (action,).
            reward: reward of this step.
            next_observation: sensed after the action, (observation,).
            stamp_ns: when `next_observation` was sensed.
            terminated: the task really ended.
            truncated: the episode is cut here.
            intervention: who chose the action.
            evaluation: the policy acted deterministically.
            policy_version: version of the policy that proposed the action.

        Raises:
            RuntimeError: no episode is in progress.
        """
        if self._observation is None:
            raise RuntimeError('step() before first(): no episode is in progress')
        next_observation = self._sent(next_observation)
        transition = Transition(
            observation=self._observation,
            action=action,
            reward=reward,
            next_observation=next_observation,
            terminated=terminated,
            truncated=truncated,
            intervention=intervention,
            evaluation=evaluation,
            policy_version=policy_version,
            episode=self.episode,
            step=self.step_number,
            stamp_ns=self._stamp_ns,
        )
        ended = terminated or truncated
        self._observation, self._stamp_ns = (None if ended else next_observation), stamp_ns
        self.step_number += 1
        return transition


@dataclass(frozen=True)
class Sender:
    """The sender of transitions.

    Attributes:
        robot: name of the robot, unique in its fleet.
        session: new id for each start of the agent.
        fingerprint: fingerprint of the robot's observation and action layout.
    """

    robot: str
    session: str
    fingerprint: str

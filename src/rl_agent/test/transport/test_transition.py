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

"""Steps of episodes become exactly these transitions."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
import pytest
from rl_agent.transport.transition import Intervention, Transition, TransitionBuilder


@dataclass(frozen=True)
class First:
    """An episode begins."""

    observation: float
    stamp_ns: int


@dataclass(frozen=True)
class Step:
    """An action was executed."""

    action: float
    reward: float
    next_observation: float
    stamp_ns: int
    terminated: bool = False
    truncated: bool = False
    intervention: Intervention = Intervention.NONE
    evaluation: bool = False
    policy_version: int = 0


@dataclass(frozen=True)
class Expected:
    """A transition, each field spelled out."""

    observation: float
    action: float
    reward: float
    next_observation: float
    terminated: bool
    truncated: bool
    intervention: Intervention
    evaluation: bool
    policy_version: int
    episode: int
    step: int
    stamp_ns: int


NO, YES = False, True
POLICY, PERSON = Intervention.NONE, Intervention.PERSON

# Observations are [x, -x], actions [a]; the columns of Expected are
# observation, action, reward, next_observation,
# terminated, truncated, intervention, evaluation, policy_version, episode, step, stamp_ns.
TABLE: dict[str, tuple[list[First | Step], list[Expected]]] = {
    'a first observation alone': ([First(1.0, 10)], []),
    'one ordinary step': (
        [First(1.0, 10), Step(0.1, -1.0, 2.0, 20)],
        [Expected(1.0, 0.1, -1.0, 2.0, NO, NO, POLICY, NO, 0, 1, 0, 10)],
    ),
    'ordinary steps share the observation between them': (
        [First(1.0, 10), Step(0.1, -1.0, 2.0, 20), Step(0.2, -2.0, 3.0, 35)],
        [
            Expected(1.0, 0.1, -1.0, 2.0, NO, NO, POLICY, NO, 0, 1, 0, 10),
            Expected(2.0, 0.2, -2.0, 3.0, NO, NO, POLICY, NO, 0, 1, 1, 20),
        ],
    ),
    'terminated': (
        [First(1.0, 10), Step(0.1, -1.0, 2.0, 20), Step(0.2, -2.0, 3.0, 30, terminated=True)],
        [
            Expected(1.0, 0.1, -1.0, 2.0, NO, NO, POLICY, NO, 0, 1, 0, 10),
            Expected(2.0, 0.2, -2.0, 3.0, YES, NO, POLICY, NO, 0, 1, 1, 20),
        ],
    ),
    'terminated in the first step': (
        [First(1.0, 10), Step(0.1, -1.0, 2.0, 20, terminated=True)],
        [Expected(1.0, 0.1, -1.0, 2.0, YES, NO, POLICY, NO, 0, 1, 0, 10)],
    ),
    'truncated is not terminated and keeps the last observation': (
        [First(1.0, 10), Step(0.1, -1.0, 2.0, 20, truncated=True)],
        [Expected(1.0, 0.1, -1.0, 2.0, NO, YES, POLICY, NO, 0, 1, 0, 10)],
    ),
    'no transition leads across an episode boundary': (
        [
            First(1.0, 10),
            Step(0.1, -1.0, 2.0, 20, truncated=True),
            First(7.0, 30),
            Step(0.7, -7.0, 8.0, 40),
            Step(0.8, -8.0, 9.0, 50, terminated=True),
            First(4.0, 60),
            Step(0.4, -4.0, 5.0, 70),
        ],
        [
            Expected(1.0, 0.1, -1.0, 2.0, NO, YES, POLICY, NO, 0, 1, 0, 10),
            Expected(7.0, 0.7, -7.0, 8.0, NO, NO, POLICY, NO, 0, 2, 0, 30),
            Expected(8.0, 0.8, -8.0, 9.0, YES, NO, POLICY, NO, 0, 2, 1, 40),
            Expected(4.0, 0.4, -4.0, 5.0, NO, NO, POLICY, NO, 0, 3, 0, 60),
        ],
    ),
    'first during an episode adds no transition': (
        [First(1.0, 10), Step(0.1, -1.0, 2.0, 20), First(5.0, 30), Step(0.5, -5.0, 6.0, 40)],
        [
            Expected(1.0, 0.1, -1.0, 2.0, NO, NO, POLICY, NO, 0, 1, 0, 10),
            Expected(5.0, 0.5, -5.0, 6.0, NO, NO, POLICY, NO, 0, 2, 0, 30),
        ],
    ),
    'first twice': (
        [First(1.0, 10), First(5.0, 30), Step(0.5, -5.0, 6.0, 40)],
        [Expected(5.0, 0.5, -5.0, 6.0, NO, NO, POLICY, NO, 0, 2, 0, 30)],
    ),
    'flags and versions belong to their own step': (
        [
            First(1.0, 10),
            Step(0.1, -1.0, 2.0, 20, intervention=Intervention.PERSON, policy_version=3),
            Step(0.2, -2.0, 3.0, 30, evaluation=True, policy_version=4),
            Step(0.3, -3.0, 4.0, 40),
        ],
        [
            Expected(1.0, 0.1, -1.0, 2.0, NO, NO, PERSON, NO, 3, 1, 0, 10),
            Expected(2.0, 0.2, -2.0, 3.0, NO, NO, POLICY, YES, 4, 1, 1, 20),
            Expected(3.0, 0.3, -3.0, 4.0, NO, NO, POLICY, NO, 0, 1, 2, 30),
        ],
    ),
}


def observe(number: float) -> NDArray[np.float32]:
    return np.array([number, -number], np.float32)


def play(builder: TransitionBuilder, inputs: Sequence[First | Step]) -> list[Transition]:
    """Return the transitions for these inputs."""
    transitions = []
    for item in inputs:
        if isinstance(item, First):
            builder.first(observe(item.observation), item.stamp_ns)
            continue
        transitions.append(
            builder.step(
                np.array([item.action], np.float32),
                item.reward,
                observe(item.next_observation),
                item.stamp_ns,
                terminated=item.terminated,
                truncated=item.truncated,
                intervention=item.intervention,
                evaluation=item.evaluation,
                policy_version=item.policy_version,
            )
        )
    return transitions


def plain(transition: Transition | Expected) -> dict[str, Any]:
    """Return every field of a transition as plain numbers."""
    content = {item.name: getattr(transition, item.name) for item in fields(transition)}
    if isinstance(transition, Expected):
        content['observation'] = observe(transition.observation)
        content['next_observation'] = observe(transition.next_observation)
        content['action'] = np.array([transition.action], np.float32)
    arrays = ('observation', 'next_observation', 'action')
    return content | {name: (content[name].dtype, content[name].tolist()) for name in arrays}


@pytest.mark.parametrize('name', TABLE)
def test_inputs_become_exactly_these_transitions(name: str) -> None:
    inputs, expected = TABLE[name]
    given = play(TransitionBuilder(), inputs)
    assert [plain(item) for item in given] == [plain(item) for item in expected]


@pytest.mark.parametrize(
    'before',
    [
        [],
        [First(1.0, 10), Step(0.1, -1.0, 2.0, 20, terminated=True)],
        [First(1.0, 10), Step(0.1, -1.0, 2.0, 20, truncated=True)],
    ],
    ids=['at the start', 'after terminated', 'after truncated'],
)
def test_step_before_first_is_refused(before: list[First | Step]) -> None:
    builder = TransitionBuilder()
    play(builder, before)
    with pytest.raises(RuntimeError, match='no episode is in progress'):
        play(builder, [Step(0.1, -1.0, 2.0, 30)])


def test_a_refused_step_changes_nothing() -> None:
    builder = TransitionBuilder()
    play(builder, [First(1.0, 10), Step(0.1, -1.0, 2.0, 20, terminated=True)])
    with pytest.raises(RuntimeError):
        play(builder, [Step(0.1, -1.0, 2.0, 30)])
    (transition,) = play(builder, [First(3.0, 40), Step(0.3, -3.0, 4.0, 50)])
    expected = Expected(3.0, 0.3, -3.0, 4.0, NO, NO, POLICY, NO, 0, 2, 0, 40)
    assert plain(transition) == plain(expected)


def test_episodes_and_steps_are_counted() -> None:
    builder = TransitionBuilder()
    counts = [(builder.episode, builder.step_number)]
    for item in (First(1.0, 1), Step(0.1, 0.0, 2.0, 2), Step(0.1, 0.0, 3.0, 3, truncated=True)):
        play(builder, [item])
        counts.append((builder.episode, builder.step_number))
    play(builder, [First(1.0, 4)])
    counts.append((builder.episode, builder.step_number))
    assert counts == [(0, 0), (1, 0), (1, 1), (1, 2), (2, 0)]

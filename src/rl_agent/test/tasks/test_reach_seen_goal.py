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

"""The task of driving to a goal that a sensor tells."""

import numpy as np
import pytest
from rl_agent.array_types import FieldValues
from rl_agent.tasks.reach_seen_goal import ReachSeenGoal

COMMAND = np.zeros(2)


def values(position: tuple[float, float], goal: tuple[float, float]) -> FieldValues:
    """Return an observation."""
    return {'position': np.array(position), 'goal': np.array(goal)}


@pytest.mark.parametrize(
    ('before', 'after', 'parts', 'reached'),
    [
        ((0.0, 0.0), (0.3, 0.0), {'progress': 3.0, 'time': -0.05, 'goal': 0.0}, False),
        ((0.3, 0.0), (0.0, 0.0), {'progress': -3.0, 'time': -0.05, 'goal': 0.0}, False),
        ((0.7, 0.0), (0.8, 0.0), {'progress': 1.0, 'time': -0.05, 'goal': 5.0}, True),
        ((0.7, 0.0), (0.75, 0.0), {'progress': 0.5, 'time': -0.05, 'goal': 0.0}, False),
    ],
)
def test_reward_and_end(
    before: tuple[float, float], after: tuple[float, float], parts: dict[str, float], reached: bool
) -> None:
    goal = (1.0, 0.0)
    outcome = ReachSeenGoal().outcome(values(before, goal), COMMAND, values(after, goal))
    assert outcome.parts == pytest.approx(parts)
    assert (outcome.terminated, outcome.succeeded) == (reached, reached)


def test_a_goal_that_was_moved_counts_where_it_is() -> None:
    """A new goal 0.5 m further away is no step back of the robot: it still costs."""
    outcome = ReachSeenGoal().outcome(values((0, 0), (1, 0)), COMMAND, values((0, 0), (1.5, 0)))
    assert outcome.reward == pytest.approx(-5.05)

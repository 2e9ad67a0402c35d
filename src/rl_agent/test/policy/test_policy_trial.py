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

"""A policy acts before it is used; a slow one is refused, one that was interrupted is not."""

from collections.abc import Callable, Sequence
import itertools
import math

import numpy as np
from pendulum_robot import describe, make_parameters
import pytest
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import PolicyError
from rl_agent.event_log import EventLog
from rl_agent.policy.policy import Policy
from rl_agent.policy.policy_store import PolicyStore
from rl_agent.policy.policy_trial import try_policy

LOW, HIGH = np.array([-1, -1, -math.inf], np.float32), np.array([1, 1, math.inf], np.float32)


def clock(durations_s: Sequence[float]) -> Callable[[], float]:
    """Return a clock by which actions take these times, the last one for ever.

    It is read once before the attempts of each kind of action, then before and after each action.
    """
    steps = itertools.chain(durations_s, itertools.repeat(durations_s[-1]))
    state = {'now': 0.0, 'reads': 0}

    def read() -> float:
        state['reads'] += 1
        if state['reads'] > 1 and state['reads'] % 2 == 1:
            state['now'] += next(steps)
        return state['now']

    return read


def test_a_policy_whose_actions_all_take_too_long_is_refused() -> None:
    with pytest.raises(PolicyError, match=r'given 2 ms on this robot; accepted: at most 1 ms'):
        try_policy(Policy(make_parameters(7)), LOW, HIGH, 1e-3, clock([5e-3, 2e-3, 3e-3]))


def test_an_interruption_is_no_reason() -> None:
    try_policy(Policy(make_parameters()), LOW, HIGH, 1e-3, clock([5e-3, 0.5e-3]))


def test_a_very_slow_policy_is_not_tried_ten_times() -> None:
    read: list[float] = []
    slow = clock([0.7])

    def note() -> float:
        read.append(slow())
        return read[-1]

    with pytest.raises(PolicyError, match='given 700 ms'):
        try_policy(Policy(make_parameters()), LOW, HIGH, 0.1, note)
    assert len(read) == 5  # two attempts


def test_the_store_refuses_and_counts_a_slow_policy() -> None:
    events = EventLog()
    store = PolicyStore(Spaces(describe()), events, longest_action_s=1e-12)
    with pytest.raises(PolicyError, match='time for one action'):
        store.offer(make_parameters())
    assert (store.newest, store.rejected) == (None, 1)
    assert events.counts() == {'policy_refused/trial': 1}


def test_a_trial_leaves_exploration_as_it_was() -> None:
    """An action after the trial is that of a policy without a trial."""
    tried, fresh = Policy(make_parameters()), Policy(make_parameters())
    try_policy(tried, LOW, HIGH, math.inf)
    observation = np.array([0.1, 0.2, 0.3], np.float32)
    actions = []
    for policy in (tried, fresh):
        rng = np.random.default_rng(5)
        policy.reset(rng)
        actions.append(policy.act(observation, rng).tolist())
    assert actions[0] == actions[1]

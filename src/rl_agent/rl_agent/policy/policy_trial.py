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

"""A policy tried before it moves anything: its actions must be finite, and each come in time."""

from collections.abc import Callable
import time

import numpy as np
from rl_agent.array_checks import all_finite
from rl_agent.array_types import Float32Array
from rl_agent.errors import PolicyError
from rl_agent.policy.policy import Policy

_ATTEMPTS = 10
_LONGEST_TRIAL_S = 1.0


def try_policy(
    policy: Policy,
    low: Float32Array,
    high: Float32Array,
    longest_s: float,
    clock: Callable[[], float] = time.perf_counter,
    pause: Callable[[], None] = lambda: None,
) -> None:
    """Raise PolicyError if a policy's actions are not finite, or take longer than allowed.

    The shortest of several attempts counts, because other threads interrupt some of them.

    Args:
        policy: not in use yet.
        low: lowest observation, (observation,).
        high: highest observation, (observation,).
        longest_s: longest time for one action; infinity: any.
        clock: returns the time, s.
        pause: called before each action; it may wait.
    """
    ends = [np.nan_to_num(bound, posinf=0.0, neginf=0.0) for bound in (low, high)]
    rng = np.random.default_rng(0)
    for observation in (*ends, (ends[0] / 2 + ends[1] / 2).astype(np.float32)):
        for deterministic in (False, True):
            pause()
            _act(policy, observation, rng, deterministic)
    for deterministic in (False, True):
        pause()
        took_s = _shortest_s(policy, ends[0], rng, deterministic, longest_s, clock)
        if took_s > longest_s:
            raise PolicyError(
                f'policy {policy.parameters.version}: time for one action: given'
                f' {1e3 * took_s:.3g} ms on this robot; accepted: at most {1e3 * longest_s:.3g} ms'
            )


def _act(
    policy: Policy, observation: Float32Array, rng: np.random.Generator, deterministic: bool
) -> None:
    """Compute the first action of an episode, which is the one that takes longest."""
    policy.reset(rng)
    action = policy.act(observation, rng, deterministic)
    if not all_finite(action):
        raise PolicyError(
            f'policy {policy.parameters.version}: rehearsal: given action {action.tolist()};'
            ' accepted: finite numbers'
        )


def _shortest_s(
    policy: Policy,
    observation: Float32Array,
    rng: np.random.Generator,
    deterministic: bool,
    enough_s: float,
    clock: Callable[[], float],
) -> float:
    """Return the shortest time for an action, s; stop trying at one that is short enough."""
    shortest_s, begun_s = np.inf, clock()
    for _ in range(_ATTEMPTS):
        before_s = clock()
        _act(policy, observation, rng, deterministic)
        now_s = clock()
        shortest_s = min(shortest_s, now_s - before_s)
        if shortest_s <= enough_s or now_s - begun_s > _LONGEST_TRIAL_S:
            break
    return shortest_s

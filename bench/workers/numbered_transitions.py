# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Transitions that senders of `uplink` and `fleets` number, in episodes of 1,000 steps."""

import time

from rl_agent.array_types import Float32Array
from rl_agent.transport.transition import Intervention, Transition

_EPISODE_STEPS = 1000


def numbered_transition(
    number: int, observation: Float32Array, action: Float32Array
) -> Transition:
    """Return the transition of a number, from 0, which is its reward, too."""
    return Transition(
        observation=observation,
        action=action,
        reward=float(number),
        next_observation=observation,
        terminated=False,
        truncated=number % _EPISODE_STEPS == _EPISODE_STEPS - 1,
        intervention=Intervention.NONE,
        evaluation=False,
        policy_version=1,
        episode=number // _EPISODE_STEPS + 1,
        step=number % _EPISODE_STEPS,
        stamp_ns=time.time_ns(),
    )

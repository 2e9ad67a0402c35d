# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What a record can hold, and what it refuses."""

import math

import numpy as np
from plain_transition import plain_transition
import pytest
from rl_agent.errors import RlError
from rl_agent.transport.spool import Spool
from rl_agent.transport.transition import Transition
from rl_agent.transport.transition_record import RecordLayout, to_transition

LARGEST = (2.0 - 2.0**-23) * 2.0**127  # of float32


def rewarded(reward: float) -> Transition:
    """Return a transition with this reward."""
    return plain_transition(3, reward=reward)


@pytest.mark.parametrize('reward', [0.0, -0.5, LARGEST, -LARGEST])
def test_a_reward_comes_back(reward: float) -> None:
    layout = RecordLayout(3, 1)
    record = np.frombuffer(layout.pack(1, b'', 1, rewarded(reward)), layout.dtype)[0]
    assert to_transition(record).reward == reward


@pytest.mark.parametrize('reward', [3.5e38, -1e300, math.inf, -math.inf, math.nan])
def test_a_reward_that_is_no_number_in_float32_is_refused(reward: float) -> None:
    spool = Spool(10)
    spool.append(rewarded(1.0))
    words = f'^reward: given {reward:g}; accepted: a finite number in float32$'
    with pytest.raises(RlError, match=words.replace('+', r'\+')):
        spool.append(rewarded(reward))
    assert spool.newest_sequence == spool.pending == 1

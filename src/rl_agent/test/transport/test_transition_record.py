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

"""The bytes of a record, and the rewards it accepts."""

import math
import struct
import zlib

import numpy as np
from plain_transition import plain_transition
import pytest
from rl_agent.errors import RlError
from rl_agent.transport.spool import Spool
from rl_agent.transport.transition import Intervention, Transition
from rl_agent.transport.transition_record import RecordLayout, to_transition

LARGEST = (2.0 - 2.0**-23) * 2.0**127  # of float32


def rewarded(reward: float) -> Transition:
    """Return a transition with this reward."""
    return plain_transition(3, reward=reward)


def test_a_record_has_the_bytes_that_older_spools_hold() -> None:
    transition = Transition(
        observation=np.array([1.0, 2.0], np.float32),
        action=np.array([-0.5], np.float32),
        reward=0.25,
        next_observation=np.array([3.0, 4.0], np.float32),
        terminated=True,
        truncated=False,
        intervention=Intervention.LIMIT,
        evaluation=False,
        policy_version=1 << 40,
        episode=6,
        step=7,
        stamp_ns=-8,
    )
    numbers = (9, 10, b'session', 1 << 40, -8, 6, 7, 0.25, 1, 0, 1, 0)
    body = struct.pack('<QQ32sQqIIf4B', *numbers)
    body += struct.pack('<5f', 1.0, 2.0, -0.5, 3.0, 4.0)
    layout = RecordLayout(2, 1)
    packed = layout.pack(9, b'session', 10, transition)
    assert packed == body + struct.pack('<I', zlib.crc32(body))
    assert len(packed) == layout.size
    record = np.frombuffer(packed, layout.dtype)[0]
    assert (record['position'], record['sequence'], record['session']) == (9, 10, b'session')
    found, given = vars(to_transition(record)), vars(transition)
    for name in ('observation', 'action', 'next_observation'):
        assert found.pop(name).tolist() == given[name].tolist()
    assert found == {name: given[name] for name in found}
    assert [type(value) for value in found.values()] == [type(given[name]) for name in found]


@pytest.mark.parametrize('reward', [0.0, -0.5, LARGEST, -LARGEST])
def test_a_reward_is_read_back(reward: float) -> None:
    layout = RecordLayout(3, 1)
    record = np.frombuffer(layout.pack(1, b'', 1, rewarded(reward)), layout.dtype)[0]
    assert to_transition(record).reward == reward


@pytest.mark.parametrize('reward', [3.5e38, -1e300, math.inf, -math.inf, math.nan])
def test_a_reward_that_is_not_finite_in_float32_is_refused(reward: float) -> None:
    spool = Spool(10)
    spool.append(rewarded(1.0))
    words = f'^reward: given {reward:g}; accepted: a finite number in float32$'
    with pytest.raises(RlError, match=words.replace('+', r'\+')):
        spool.append(rewarded(reward))
    assert spool.newest_sequence == spool.pending == 1

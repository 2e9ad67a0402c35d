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

"""Batches with images: each observation is sent once, and comes back whole."""

import numpy as np
import pytest
from rclpy.serialization import serialize_message
from rl_agent.transport.ros_batch_message import batch_to_message
from rl_agent.transport.spool import Spool
from rl_agent.transport.transition import Intervention, Sender, Transition
from rl_learner.journal.batch_codec import decode

SENDER = Sender('robot', 'session', 'fingerprint')
SIZE = 5000


def observation(number: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.random.default_rng(number).integers(0, 2**24, SIZE).astype(np.float32)


def spool_of(rows: list[tuple[int, int, bool, int]]) -> Spool:
    """Return a spool of rows: episode, step, whether the episode ends, next observation."""
    spool = Spool(100, session='session')
    for number, (episode, step, ends, after) in enumerate(rows):
        spool.append(
            Transition(
                observation(number), np.zeros(1, np.float32), 0.0, observation(after), False, ends,
                Intervention.NONE, False, policy_version=1, episode=episode, step=step, stamp_ns=0,
            )
        )  # fmt: skip
    return spool


@pytest.mark.parametrize(
    ('rows', 'observations'),
    [
        ([(1, 0, False, 1), (1, 1, False, 2), (1, 2, False, 9)], 3 + 1),
        ([(1, 0, False, 1), (1, 1, True, 9), (2, 0, False, 8)], 3 + 2),
        ([(1, 0, False, 9)], 1 + 1),
        ([(1, 0, False, 7), (1, 1, False, 9)], 2 + 2),  # the next one is another: all are sent
    ],
)
def test_each_observation_travels_once_and_comes_back(
    rows: list[tuple[int, int, bool, int]], observations: int
) -> None:
    batch = spool_of(rows).next_batch(100)
    assert batch is not None
    short = serialize_message(batch_to_message(batch, SENDER, short=True))
    whole = serialize_message(batch_to_message(batch, SENDER))
    assert (len(short) + 2000) // (4 * SIZE) == observations
    read, expected = decode(short).columns, decode(whole).columns
    for name in expected:
        assert np.array_equal(read[name], expected[name]), name
    assert [*map(tuple, read['next_observation'])] == [tuple(observation(row[-1])) for row in rows]

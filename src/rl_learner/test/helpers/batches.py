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

"""Batches for tests; the reward of a transition is its number."""

from collections.abc import Container

import numpy as np
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.transport.transition import Sender
from rl_learner.journal.batch_codec import TransitionBatch
from rl_learner.replay.layout import ReplayLayout

SPACES = Spaces(load_robot('pendulum'))
LAYOUT = ReplayLayout(3, 1)
ONE = Sender('robot_1', 'session_a', SPACES.fingerprint)


def make_batch(
    first: int,
    count: int,
    *,
    oldest: int = 1,
    sender: Sender = ONE,
    truncated_at: int = -1,
    observation_size: int = 3,
    people: Container[int] = (),
) -> TransitionBatch:
    """Return transitions of one episode.

    Number k leads from observation [k, k, k] to [k + 1, k + 1, k + 1] with action [k / 1000]; a
    person chose it if it is one of `people`.
    """
    number = np.arange(first, first + count, dtype=np.float32)
    observation = np.repeat(number[:, None], observation_size, axis=1)
    return TransitionBatch(
        stamp=(7, 8),
        frame_id='',
        sender=sender,
        first_sequence=first,
        oldest_sequence=oldest,
        observation_size=observation_size,
        action_size=1,
        count=count,
        columns={
            'observation': observation,
            'action': number[:, None] / 1000,
            'reward': number,
            'next_observation': observation + np.float32(1),
            'terminated': np.zeros(count, np.uint8),
            'truncated': (number == truncated_at).astype(np.uint8),
            'intervention': np.array(
                [2 * (k in people) for k in range(first, first + count)], np.uint8
            ),
            'evaluation': np.zeros(count, np.uint8),
            'policy_version': np.full(count, 1 << 40, np.uint64),
            'episode': np.ones(count, np.uint32),
            'step': np.arange(count, dtype=np.uint32),
            'stamp': np.arange(count, dtype=np.int64) - 5,
        },
    )

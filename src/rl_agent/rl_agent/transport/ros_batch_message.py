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

"""Spooled batches as ROS messages."""

from array import array

import numpy as np
from numpy.typing import NDArray
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
from rl_agent.transport.spool import SpooledBatch
from rl_agent.transport.transition import Sender
from rl_agent.transport.transition_columns import COLUMNS, leads_on
from rl_agent.transport.transition_record import Records
from rl_msgs.msg import TransitionBatch

_CODES = {column.name: column.code for column in COLUMNS}
_NEXT = 'next_observation'


def batch_to_message(
    batch: SpooledBatch, sender: Sender, *, short: bool = False
) -> TransitionBatch:
    """Return the message of a spooled batch, with the batch's own session and no stamp.

    Args:
        batch: to send.
        sender: of the batch.
        short: leave out each next observation that is the observation of the row after it.
    """
    rows = batch.records
    columns = {name: rows[name] for name in _CODES}
    if short:
        columns[_NEXT] = _needed_next(rows)
    return TransitionBatch(
        robot=sender.robot,
        session=batch.session,
        fingerprint=sender.fingerprint,
        first_sequence=batch.first_sequence,
        oldest_sequence=batch.oldest_sequence,
        count=len(rows),
        observation_size=rows.dtype['observation'].shape[0],
        action_size=rows.dtype['action'].shape[0],
        **{name: array(code, columns[name].tobytes()) for name, code in _CODES.items()},
    )


def _needed_next(rows: Records) -> NDArray[np.float32]:
    """Return the next observations that the rows after them do not have, (row, observation)."""
    leads, after = leads_on(rows), rows[_NEXT]
    if not np.array_equal(after[leads], rows['observation'][1:][leads[:-1]]):
        return np.asarray(after)
    return np.asarray(after[~leads])

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

import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
from rl_agent.transport.spool import SpooledBatch
from rl_agent.transport.transition import Sender
from rl_agent.transport.transition_columns import COLUMNS
from rl_msgs.msg import TransitionBatch

_CODES = {column.name: column.code for column in COLUMNS}


def batch_to_message(batch: SpooledBatch, sender: Sender) -> TransitionBatch:
    """Return the message of a spooled batch, with the batch's own session and no stamp."""
    rows = batch.records
    return TransitionBatch(
        robot=sender.robot,
        session=batch.session,
        fingerprint=sender.fingerprint,
        first_sequence=batch.first_sequence,
        oldest_sequence=batch.oldest_sequence,
        count=len(rows),
        observation_size=rows.dtype['observation'].shape[0],
        action_size=rows.dtype['action'].shape[0],
        **{name: array(code, rows[name].tobytes()) for name, code in _CODES.items()},
    )

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

"""The columns of transitions, defined once for messages, spooled records and the journal."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rl_agent.transport.transition import Intervention, Transition

# element type to its type code in `array` and `struct`
_CODES = {'float32': 'f', 'uint8': 'B', 'uint32': 'I', 'uint64': 'Q', 'int64': 'q'}


@dataclass(frozen=True)
class Column:
    """One field of all transitions of a batch.

    Attributes:
        name: of the array in rl_msgs/msg/TransitionBatch, and of the field in a spooled record.
        type: of an element, as ROS and NumPy name it.
        size_field: field of the batch that holds the length of a vector; empty: one number per
            transition.
        kind: type of a number in a `Transition`; None: as NumPy converts it.
    """

    name: str
    type: str
    size_field: str = ''
    kind: Callable[[int], bool | Intervention] | None = None

    @property
    def attribute(self) -> str:
        """Name of the attribute of a `Transition`, which has the unit where there is one."""
        return 'stamp_ns' if self.name == 'stamp' else self.name

    @property
    def is_flag(self) -> bool:
        """Whether an element is 0 or 1, for false or true."""
        return self.kind is bool

    @property
    def highest(self) -> int:
        """Largest accepted element of a column with a `kind`, whose elements start at 0."""
        return max(Intervention) if self.kind is Intervention else 1

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of an element in NumPy, little-endian."""
        return np.dtype(self.type).newbyteorder('<')

    @property
    def code(self) -> str:
        """Type code of an element in `array` and `struct`."""
        return _CODES[self.type]


# in the order of rl_msgs/msg/TransitionBatch
COLUMNS = (
    Column('observation', 'float32', 'observation_size'),
    Column('action', 'float32', 'action_size'),
    Column('reward', 'float32'),
    Column('next_observation', 'float32', 'observation_size'),
    Column('terminated', 'uint8', kind=bool),
    Column('truncated', 'uint8', kind=bool),
    Column('intervention', 'uint8', kind=Intervention),
    Column('evaluation', 'uint8', kind=bool),
    Column('policy_version', 'uint64'),
    Column('episode', 'uint32'),
    Column('step', 'uint32'),
    Column('stamp', 'int64'),
)


def to_columns(transitions: Sequence[Transition]) -> dict[str, NDArray[Any]]:
    """Return the columns of one or more transitions by name, (count,) or (count, size) each."""
    return {
        column.name: np.array(
            [getattr(transition, column.attribute) for transition in transitions], column.dtype
        )
        for column in COLUMNS
    }


def leads_on(columns: Mapping[str, NDArray[Any]] | NDArray[Any]) -> NDArray[np.bool_]:
    """Return which rows lead to the row after them by episode and step, (count,).

    The next observation of such a row is the observation of the row after it.
    """
    episode, step = columns['episode'], columns['step']
    leads = columns['terminated'] == columns['truncated']
    leads &= columns['terminated'] == 0
    leads[:-1] &= (episode[1:] == episode[:-1]) & (step[1:] == step[:-1] + 1)
    leads[-1:] = False
    return np.asarray(leads, np.bool_)

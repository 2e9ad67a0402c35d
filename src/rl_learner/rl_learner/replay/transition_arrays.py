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

"""Transitions by column, as received by the learner machine."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class TransitionArrays:
    """The columns of a received batch; views into the message where the types match.

    Attributes:
        observation: (count, observation) float32.
        action: (count, action) float32.
        reward: (count,) float32.
        next_observation: (count, observation) float32.
        terminated: (count,) bool.
        truncated: (count,) bool.
        episode: (count,) uint32.
    """

    observation: NDArray[np.float32]
    action: NDArray[np.float32]
    reward: NDArray[np.float32]
    next_observation: NDArray[np.float32]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    episode: NDArray[np.uint32]

    def __len__(self) -> int:
        """Return the number of transitions."""
        return len(self.reward)

    def __getitem__(self, rows: slice) -> 'TransitionArrays':
        """Return a slice of the transitions."""
        return TransitionArrays(
            **{item.name: getattr(self, item.name)[rows] for item in fields(self)}
        )

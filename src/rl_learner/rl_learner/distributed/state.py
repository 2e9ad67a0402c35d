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

"""The state of training, sent from rank 0 to the others as tensors, never as pickled objects."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from rl_learner.distributed.ranks import Ranks
import torch
from torch import Tensor

# rank 0 alone normalises, so the others need no statistics
_SHARED = ('networks', 'optimizers', 'random_state')
_COUNTERS = ('updates', 'actor_updates')


class TrainedState(Protocol):
    """Something with a nested state."""

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of the state."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a state."""
        ...


def share_state(trained: TrainedState, ranks: Ranks) -> None:
    """Replace networks, optimizers, random state and counters by those of rank 0.

    Args:
        trained: of the same shapes on all ranks.
        ranks: take part.
    """
    state = trained.state_dict()
    counters = torch.tensor([state[name] for name in _COUNTERS], dtype=torch.int64)
    for tensor in (counters, *_tensors({name: state[name] for name in _SHARED})):
        ranks.broadcast(tensor)
    if ranks.rank:
        state.update(zip(_COUNTERS, counters.tolist(), strict=True))
        trained.load_state_dict(state)


def _tensors(state: Mapping[str, Any]) -> Iterator[Tensor]:
    """Yield the tensors of a nested state in the order of their names."""
    for name in sorted(state):
        value = state[name]
        if isinstance(value, Mapping):
            yield from _tensors(value)
        else:
            yield value

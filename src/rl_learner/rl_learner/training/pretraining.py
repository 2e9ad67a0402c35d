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

"""Updates from demonstrations alone, before a run publishes its first policy."""

from typing import Protocol

from rl_agent.array_types import Float32Array
from rl_learner.training.training_pace import TrainingPace


class DemonstrationSource(Protocol):
    """Where blocks of demonstrations come from."""

    def next_block(self, timeout_s: float) -> Float32Array | None:
        """Return rows, (update, batch, width), or None if none arrive in time."""
        ...

    def stop(self) -> None:
        """End; nothing is asked for any more."""
        ...


class Pretraining:
    """Hands out blocks until all updates are done; the checkpoint has their number in the pace.

    Attributes:
        left: updates to do.
    """

    def __init__(self, source: DemonstrationSource, pace: TrainingPace, left: int) -> None:
        """Prepare.

        Args:
            source: of the blocks; stopped after the last one.
            pace: counts the updates, so that no transition has to pay for them.
            left: updates to do, without those of earlier starts.
        """
        self._source, self._pace, self.left = source, pace, left

    def next_block(self, timeout_s: float) -> Float32Array | None:
        """Return rows, (update, batch, width), at most `left` updates; None if none arrive."""
        block = self._source.next_block(timeout_s)
        return None if block is None else block[: self.left]

    def did(self, updates: int) -> None:
        """Count updates that were done."""
        self._pace.pretraining += updates
        self.left -= updates
        if not self.left:
            self.stop()

    def stop(self) -> None:
        """Stop the source."""
        self._source.stop()

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

"""How many samples are due for the transitions of a run, across restarts of the learner."""

import math
from typing import Any

from rl_agent.errors import TrainingError
from rl_learner.actor_critic.state_checks import count, part


class TrainingPace:
    """Keeps the ratio of samples to transitions across restarts and changed settings.

    In a run without restarts, `samples_per_insert * (transitions - warmup)` samples are due, minus
    those already drawn. After a restart, the samples due at the checkpoint are due, plus those for
    the transitions since. So updates lost with a killed learner are repeated, updates in the
    checkpoint are not, and a changed ratio applies from the checkpoint on.

    A batch counts as `batch_size` samples, whatever part of it is demonstrations.

    Attributes:
        pretraining: updates from demonstrations alone, which no transition pays for.
    """

    def __init__(self, samples_per_insert: float, batch_size: int, warmup: int) -> None:
        """Pace a new run.

        Args:
            samples_per_insert: see `Algorithm.samples_per_insert`.
            batch_size: samples per update.
            warmup: transitions before the first sample.
        """
        self._per_insert, self._batch_size, self._warmup = samples_per_insert, batch_size, warmup
        self._offset = 0.0  # samples that are no longer due, for reasons other than updates
        self.pretraining = 0

    def resume(self, state: dict[str, Any], total: int, updates: int) -> None:
        """Continue from a checkpoint.

        Args:
            state: see `state`.
            total: transitions of the run now; fewer than in the checkpoint if experience was
                deleted.
            updates: critic updates in the checkpoint.

        Raises:
            TrainingError: the state is damaged.
        """
        new = total - count(state, 'transitions', 'pace')
        self.pretraining = count({'pretraining': 0, **state}, 'pretraining', 'pace')
        samples_due = part(state, 'samples_due', 'pace')
        if not isinstance(samples_due, (int, float)) or not math.isfinite(samples_due):
            raise TrainingError(
                f'checkpoint: samples_due: given {samples_due!r}; accepted: a finite number'
            )
        due = min(float(samples_due) + self._per_insert * new, self._limit(total))
        # negative values are warmup: a run that lost its experience warms up again
        due = max(due, min(0.0, self._limit(total)))
        self._offset = self._limit(total) - self._samples(updates) - due

    def samples_due(self, total: int, updates: int) -> float:
        """Return the samples still to be drawn, given the transitions and updates so far."""
        return self._limit(total) - self._samples(updates) - self._offset

    def backlog(self, total: int, updates: int) -> int:
        """Return the number of transitions that updates are still due for."""
        return max(0, int(self.samples_due(total, updates) / self._per_insert))

    def state(self, total: int, updates: int) -> dict[str, Any]:
        """Return the part of a checkpoint that `resume` reads."""
        return {
            'transitions': total,
            'samples_due': self.samples_due(total, updates),
            'pretraining': self.pretraining,
        }

    def _samples(self, updates: int) -> int:
        """Return the samples of a number of updates, those of pretraining left out."""
        return (updates - self.pretraining) * self._batch_size

    def _limit(self, total: int) -> float:
        """Return the samples that a number of transitions allows in all."""
        return self._per_insert * (total - self._warmup)

# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""How many samples are due for the transitions of a run, over all starts of the learner."""

from typing import Any


class TrainingPace:
    """Keeps the ratio of samples to transitions, restarts and changed settings included.

    Of a run that is trained without a break, `samples_per_insert * (transitions - warmup)` samples
    are due, less those that its updates drew. A restarted learner goes on from its checkpoint: it
    owes what was due then, and what has come since. So updates that were lost with a killed
    learner are made again, those that the checkpoint has are not, and a ratio that was changed
    counts from the checkpoint on.
    """

    def __init__(self, samples_per_insert: float, batch_size: int, warmup: int) -> None:
        """Pace a new run.

        Args:
            samples_per_insert: updates_to_data x batch size.
            batch_size: samples of one update.
            warmup: transitions before the first sample.
        """
        self._per_insert, self._batch_size, self._warmup = samples_per_insert, batch_size, warmup
        self._offset = 0.0  # samples that are not due any more for another reason than updates

    def resume(self, state: dict[str, Any], total: int, updates: int) -> None:
        """Go on from a checkpoint.

        Args:
            state: see `state`.
            total: transitions of the run now; fewer than then if experience was taken away.
            updates: of the checkpoint.
        """
        new = total - int(state['transitions'])
        due = min(float(state['samples_due']) + self._per_insert * new, self._limit(total))
        # what is due below zero is warmup; a run that lost its experience warms up again
        due = max(due, min(0.0, self._limit(total)))
        self._offset = self._limit(total) - updates * self._batch_size - due

    def samples_due(self, total: int, updates: int) -> float:
        """Return the samples to draw after so many transitions and updates."""
        return self._limit(total) - updates * self._batch_size - self._offset

    def backlog(self, total: int, updates: int) -> int:
        """Return the transitions whose updates are still to be made."""
        return max(0, int(self.samples_due(total, updates) / self._per_insert))

    def state(self, total: int, updates: int) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {'transitions': total, 'samples_due': self.samples_due(total, updates)}

    def _limit(self, total: int) -> float:
        """Return the samples that so many transitions allow in all."""
        return self._per_insert * (total - self._warmup)

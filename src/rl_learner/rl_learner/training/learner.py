# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""The training loop: blocks from replay into updates, policies and checkpoints out."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
import logging
from pathlib import Path
import threading
import time
from typing import Protocol

from rl_agent.array_types import Float32Array
from rl_agent.errors import DiskError
from rl_agent.policy.parameters import PolicyParameters
from rl_agent.policy.policy_file import save_policy
from rl_learner.run.folder import CHECKPOINTS, POLICY_FILE, VERSIONS_FILE
from rl_learner.training.checkpoint import Checkpoints
from rl_learner.training.policy_versions import PolicyVersions
from rl_learner.training.training_pace import TrainingPace
from rl_learner.training.update import Update
import torch

_LOGGER = logging.getLogger(__name__)
_VERSION = 'policy version'
_IDLE_S = 2.0  # without a block the learner waits for data, whatever it did before


class BlockSource(Protocol):
    """Where training data comes from."""

    def next_block(self, timeout_s: float) -> Float32Array | None:
        """Return rows, (update, batch, width), or None if there are none in time."""
        ...


@dataclass(frozen=True)
class LearnerSettings:
    """How often the learner shows and keeps its work.

    Attributes:
        publish_period_s: least time between two policies.
        checkpoint_period_s: time between two checkpoints.
    """

    publish_period_s: float = 0.2
    checkpoint_period_s: float = 60.0


@dataclass(frozen=True)
class Progress:
    """How training goes.

    Attributes:
        state: what the learner does or waits for, in words; `disk: ...` while the disk does not
            take what is to be kept.
        updates: critic updates of the run.
        updates_per_s: over the last publishing period.
        policy_version: newest published.
        metrics: losses and their like, means over the last publishing period.
    """

    state: str = 'starting'
    updates: int = 0
    updates_per_s: float = 0.0
    policy_version: int = 0
    metrics: dict[str, float] = field(default_factory=dict)


class Learner:
    """Trains as long as replay lets blocks out.

    Attributes:
        progress: replaced as a whole, so that any thread may read it.
        settings: may be replaced by any thread.
    """

    def __init__(
        self,
        update: Update,
        pace: TrainingPace,
        publish: Callable[[PolicyParameters], None],
        run_folder: Path,
        settings: LearnerSettings,
        *,
        transitions: int = 0,
        fingerprint: str = '',
    ) -> None:
        """Prepare training; goes on from the run folder's checkpoint if there is one.

        `connect` says where data comes from, before `run`.

        Args:
            update: the networks and their update.
            pace: goes on from the checkpoint, too.
            publish: called on the training thread with each new policy.
            run_folder: for checkpoints and the policy file.
            settings: periods.
            transitions: of the run so far.
            fingerprint: of the robot; it goes into the policy file.

        Raises:
            TrainingError: the checkpoint does not fit the algorithm.
        """
        self._update, self._pace = update, pace
        self._publish_policy, self._folder, self.settings = publish, run_folder, settings
        self._fingerprint = fingerprint
        self._checkpoints = Checkpoints(run_folder / CHECKPOINTS)
        self._stop = threading.Event()
        self._save_wanted = threading.Event()
        self._troubles: dict[str, str] = {}  # what the disk does not take, and its words
        self._published_s = self._saved_s = 0.0
        self._published_updates = self._saved_updates = 0
        self.progress = Progress()
        self._versions = PolicyVersions(run_folder / VERSIONS_FILE)
        self._resume(transitions)

    def connect(self, source: BlockSource, count_transitions: Callable[[], int]) -> None:
        """Take training data from `source`; the function counts those of the whole run."""
        self._source, self._count_transitions = source, count_transitions

    def prepare(self) -> None:
        """Allow `run` after a `stop`."""
        self._stop.clear()

    def stop(self) -> None:
        """Stop after the block under way."""
        self._stop.set()

    def save_soon(self) -> None:
        """Write a checkpoint after the block under way."""
        self._save_wanted.set()

    def run(self) -> None:
        """Train until stopped, then save.

        While the disk takes nothing training goes on, and it is tried again period by period.

        Raises:
            DiskError: what was trained last cannot be saved at the end.
            TrainingError: numbers are not finite; the last checkpoint stays as it is.
        """
        self._publish('waiting for data')
        self._saved_s = time.monotonic()
        while not self._stop.is_set():
            block = self._source.next_block(timeout_s=0.2)
            if block is not None:
                self._update.run(torch.from_numpy(block))
                if time.monotonic() - self._published_s >= self.settings.publish_period_s:
                    self._publish('training')
            elif self._update.updates > self._published_updates or self._owes_a_policy():
                self._publish('waiting for data')  # what was trained before it ran out, too
            elif self._age_s() >= _IDLE_S:
                state = self._in_words('waiting for data')
                self.progress = replace(self.progress, state=state, updates_per_s=0.0)
            if self._save_wanted.is_set() or self._must_save():
                self._try('checkpoint', self._save)
        self._publish('stopped')
        self._save()
        self._versions.give_back()

    def _owes_a_policy(self) -> bool:
        """Whether the disk kept a policy back, and it is time to try again."""
        return _VERSION in self._troubles and self._age_s() >= self.settings.publish_period_s

    def _age_s(self) -> float:
        """How old what was published last is."""
        return time.monotonic() - self._published_s

    def _must_save(self) -> bool:
        """Whether a checkpoint is due: there is something new, and the last one is old."""
        age_s = time.monotonic() - self._saved_s
        return (
            age_s >= self.settings.checkpoint_period_s
            and self._update.updates > self._saved_updates
        )

    def _try(self, what: str, work: Callable[[], None]) -> None:
        """Do what needs the disk; where the disk does not take it, remember and say so."""
        try:
            work()
        except DiskError as error:
            if what not in self._troubles:
                _LOGGER.warning('training goes on and tries again: %s', error)
            self._troubles[what] = str(error)
        else:
            if self._troubles.pop(what, ''):
                _LOGGER.info('the disk takes it again: %s', what)

    def _publish(self, state: str) -> None:
        """Publish progress, and the policy, if a new version can be had for it."""
        now_s = time.monotonic()
        made = self._update.updates - self._published_updates
        metrics = self._update.metrics()  # raises where training diverged: nobody gets that policy
        self._try(_VERSION, self._publish_next_policy)
        self.progress = Progress(
            state=self._in_words(state),
            updates=self._update.updates,
            updates_per_s=made / (now_s - self._published_s),
            policy_version=self._versions.newest,
            metrics={**self.progress.metrics, **metrics},
        )
        self._published_s, self._published_updates = now_s, self._update.updates

    def _in_words(self, state: str) -> str:
        """Return the state, or the disk's first trouble."""
        trouble = next(iter(self._troubles.values()), '')
        return f'disk: {trouble}' if trouble else state

    def _publish_next_policy(self) -> None:
        """Publish the policy under a new version."""
        self._publish_policy(self._update.policy(self._versions.next()))

    def _save(self) -> None:
        """Write checkpoint and policy file.

        Raises:
            DiskError: the disk does not take them.
        """
        self._save_wanted.clear()
        self._saved_s = time.monotonic()  # if it fails, too: the next one is due a period later
        version = self.progress.policy_version
        updates = self._update.updates
        state = {
            'update': self._update.state_dict(),
            'policy_version': version,
            'pace': self._pace.state(self._count_transitions(), updates),
        }
        self._checkpoints.save(state, updates)
        policy = replace(self._update.policy(version), fingerprint=self._fingerprint)
        try:
            save_policy(self._folder / POLICY_FILE, policy)
        except OSError as error:
            raise DiskError(f'{POLICY_FILE}: cannot be written: {error}') from error
        self._saved_updates = updates

    def _resume(self, transitions: int) -> None:
        """Go on from the newest good checkpoint."""
        state = self._checkpoints.load()
        if state is None:
            return
        self._update.load_state_dict(state['update'])
        self._pace.resume(state['pace'], transitions, self._update.updates)
        self._versions.at_least(int(state['policy_version']))
        self.progress = Progress(
            updates=self._update.updates, policy_version=self._versions.newest
        )
        self._published_updates = self._saved_updates = self._update.updates

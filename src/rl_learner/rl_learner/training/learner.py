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

"""The training loop: takes blocks from replay, publishes policies, writes checkpoints."""

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
from rl_learner.actor_critic.state_checks import count, part
from rl_learner.run.folder import CHECKPOINTS, POLICY_FILE, VERSIONS_FILE
from rl_learner.training.checkpoint import Checkpoints
from rl_learner.training.policy_versions import PolicyVersions
from rl_learner.training.pretraining import Pretraining
from rl_learner.training.training_pace import TrainingPace
from rl_learner.training.update import Update
import torch

_LOGGER = logging.getLogger(__name__)
# what is written to disk while training
_VERSION, _CHECKPOINT = 'policy version', 'checkpoint'
_BLOCK_TIMEOUT_S = 0.2
_IDLE_AFTER_S = 2.0  # without a block for so long, the state is `waiting for data`


class BlockSource(Protocol):
    """Where training data comes from."""

    def next_block(self, timeout_s: float) -> Float32Array | None:
        """Return rows, (update, batch, width), or None if none arrive in time."""
        ...


@dataclass(frozen=True)
class LearnerSettings:
    """How often the learner publishes and saves.

    Attributes:
        publish_period_s: minimum time between two policies.
        checkpoint_period_s: time between two checkpoints.
    """

    publish_period_s: float
    checkpoint_period_s: float


@dataclass(frozen=True)
class Progress:
    """Progress of training.

    Attributes:
        state: what the learner does or waits for, as text; `disk: ...` while writes fail.
        updates: critic updates of the run.
        updates_per_s: over the last publishing period.
        policy_version: newest published version.
        metrics: losses and other metrics, means over the last publishing period.
    """

    state: str = 'starting'
    updates: int = 0
    updates_per_s: float = 0.0
    policy_version: int = 0
    metrics: dict[str, float] = field(default_factory=dict)


class Learner:
    """Trains whenever replay provides a block.

    Attributes:
        progress: replaced as a whole, so any thread may read it.
        settings: any thread may replace them.
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
        """Prepare training; continues from the run folder's checkpoint if there is one.

        Call `connect` before `run`.

        Args:
            update: the networks and their update.
            pace: restored from the checkpoint, too.
            publish: called on the training thread with each new policy.
            run_folder: for checkpoints and the policy file.
            settings: periods.
            transitions: number of transitions of the run so far.
            fingerprint: of the robot, written to the policy file.

        Raises:
            TrainingError: the checkpoint does not match the algorithm.
        """
        self._update, self._pace = update, pace
        self._publish_policy, self._folder, self.settings = publish, run_folder, settings
        self._fingerprint = fingerprint
        self._checkpoints = Checkpoints(run_folder / CHECKPOINTS)
        self._stop = threading.Event()
        self._save_requested = threading.Event()
        self._disk_errors: dict[str, str] = {}  # what could not be written, and why
        self._published_s = self._saved_s = 0.0
        self._published_updates = self._saved_updates = 0
        self.progress = Progress()
        self._versions = PolicyVersions(run_folder / VERSIONS_FILE)
        self._resume(transitions)

    def connect(
        self,
        source: BlockSource,
        count_transitions: Callable[[], int],
        follow_rewards: Callable[[], None] = lambda: None,
        on_updates: Callable[[], None] = lambda: None,
        took: Callable[[float], None] = lambda seconds: None,
        pretraining: Pretraining | None = None,
    ) -> None:
        """Take training data from a source.

        Args:
            source: of the blocks.
            count_transitions: returns the run's transitions so far.
            follow_rewards: called before each block on the training thread, to bring
                `Update.returns` up to date; see `JournalRewards`.
            on_updates: called after each block on the training thread.
            took: called after each block on the training thread, with the time of an update.
            pretraining: comes before data from the source and before the first policy.
        """
        self._source, self._count_transitions = source, count_transitions
        self._follow_rewards, self._on_updates = follow_rewards, on_updates
        self._took = took
        self._pretraining = pretraining

    def prepare(self) -> None:
        """Allow `run` after a `stop`."""
        self._stop.clear()

    def stop(self) -> None:
        """Stop after the current block."""
        self._stop.set()

    def save_soon(self) -> None:
        """Write a checkpoint after the current block."""
        self._save_requested.set()

    def run(self) -> None:
        """Train until stopped, then save.

        If a write to disk fails, training continues and the write is retried each period.

        Raises:
            DiskError: the final save failed.
            TrainingError: a number is not finite; the last checkpoint is unchanged.
        """
        self._publish('waiting for data')
        self._saved_s = time.monotonic()
        while not self._stop.is_set():
            was_pretraining = self._is_pretraining
            block = self._next_block()
            if block is not None:
                self._train(block)
                is_first_policy = was_pretraining and not self._is_pretraining
                if is_first_policy or self._since_publish_s() >= self.settings.publish_period_s:
                    self._publish('training')
            elif self._update.updates > self._published_updates or self._retry_is_due():
                self._publish('waiting for data')  # including the last updates before data ran out
            elif self._since_publish_s() >= _IDLE_AFTER_S:
                state = self._state_text('waiting for data')
                self.progress = replace(self.progress, state=state, updates_per_s=0.0)
            if self._save_requested.is_set() or self._checkpoint_is_due():
                self._try_write(_CHECKPOINT, self._save)
        self._publish('stopped')
        self._save()
        self._versions.release_unused()

    @property
    def _is_pretraining(self) -> bool:
        """Whether updates from demonstrations alone come first; robots wait for their result."""
        return self._pretraining is not None and self._pretraining.left > 0

    def _next_block(self) -> Float32Array | None:
        """Return the next rows, (update, batch, width), or None if none arrive in time."""
        if self._pretraining is not None and self._is_pretraining:
            return self._pretraining.next_block(_BLOCK_TIMEOUT_S)
        return self._source.next_block(_BLOCK_TIMEOUT_S)

    def _train(self, block: Float32Array) -> None:
        """Do the updates of a block."""
        self._follow_rewards()
        began_s = time.perf_counter()
        self._update.run(torch.from_numpy(block))
        self._took((time.perf_counter() - began_s) / len(block))
        if self._pretraining is not None and self._is_pretraining:
            self._pretraining.did(len(block))
        self._on_updates()

    def _retry_is_due(self) -> bool:
        """Whether it is time to retry a policy version that could not be reserved."""
        failed = _VERSION in self._disk_errors
        return failed and self._since_publish_s() >= self.settings.publish_period_s

    def _since_publish_s(self) -> float:
        """Time since progress was last published."""
        return time.monotonic() - self._published_s

    def _checkpoint_is_due(self) -> bool:
        """Whether there are updates to save and the checkpoint period has passed."""
        age_s = time.monotonic() - self._saved_s
        return (
            age_s >= self.settings.checkpoint_period_s
            and self._update.updates > self._saved_updates
        )

    def _try_write(self, what: str, write: Callable[[], None]) -> None:
        """Write to disk; if that fails, log it once and remember it."""
        try:
            write()
        except DiskError as error:
            if what not in self._disk_errors:
                _LOGGER.warning('training continues and retries the write: %s', error)
            self._disk_errors[what] = str(error)
        else:
            if self._disk_errors.pop(what, ''):
                _LOGGER.info('written to disk again: %s', what)

    def _publish(self, state: str) -> None:
        """Publish progress; and the policy, after pretraining, if a version can be reserved."""
        now_s = time.monotonic()
        new_updates = self._update.updates - self._published_updates
        metrics = self._update.metrics()  # raises if training diverged, before the policy is sent
        if not self._is_pretraining:
            self._try_write(_VERSION, self._publish_next_policy)
        self.progress = Progress(
            state=self._state_text(state),
            updates=self._update.updates,
            updates_per_s=new_updates / (now_s - self._published_s),
            policy_version=self._versions.newest,
            metrics={**self.progress.metrics, **metrics},
        )
        self._published_s, self._published_updates = now_s, self._update.updates

    def _state_text(self, state: str) -> str:
        """Return the state, or the oldest disk error."""
        disk_error = next(iter(self._disk_errors.values()), '')
        return f'disk: {disk_error}' if disk_error else state

    def _publish_next_policy(self) -> None:
        """Publish the policy with a new version."""
        self._publish_policy(self._update.policy(self._versions.next()))

    def _save(self) -> None:
        """Write checkpoint and policy file.

        Raises:
            DiskError: a write failed.
        """
        self._save_requested.clear()
        self._saved_s = time.monotonic()  # even if it fails, the next try is a period later
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
        """Continue from the newest readable checkpoint."""
        state = self._checkpoints.load()
        if state is None:
            return
        version = count(state, 'policy_version')
        self._update.load_state_dict(part(state, 'update'))
        self._pace.resume(part(state, 'pace'), transitions, self._update.updates)
        self._versions.skip_to(version)
        self.progress = Progress(
            updates=self._update.updates, policy_version=self._versions.newest
        )
        self._published_updates = self._saved_updates = self._update.updates

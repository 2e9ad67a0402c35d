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

"""Everything that trains in a run's folder: networks, replay and the loop between them."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
import logging
from pathlib import Path
from typing import Any
import uuid

from rl_agent.description.robot import RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError, RlError
from rl_agent.policy.parameters import PolicyParameters
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.distributed.leader import Leader
from rl_learner.distributed.rendezvous import Joined
from rl_learner.distributed.task import announce, check_batch, check_gpus, Task
from rl_learner.journal.journal_reader import journal_extent, JournalExtent
from rl_learner.replay.replay_memory import memory_warning, stored_width
from rl_learner.replay.sampler import ReplaySampler, SampledTable
from rl_learner.replay.server import ReplayServer, ReplayStart
from rl_learner.run.changes import changes
from rl_learner.run.folder import DEMONSTRATIONS, EXPERIENCE, run_key
from rl_learner.run.identity import claim_run, RunIdentity
from rl_learner.run.journal_feed import replay_layout
from rl_learner.run.lock import RunLock
from rl_learner.run.manifest import next_start, read_run, write_run
from rl_learner.system.memory import memory_bytes
from rl_learner.system.thread_choice import numbers_of_threads, ThreadChoice
from rl_learner.training.device import num_threads, training_device, use_threads
from rl_learner.training.journal_rewards import JournalRewards
from rl_learner.training.learner import Learner, LearnerSettings
from rl_learner.training.pretraining import Pretraining
from rl_learner.training.training_pace import TrainingPace
from rl_learner.training.update import Update
import torch

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class SessionSettings:
    """How a session trains, other than by its algorithm.

    Attributes:
        seed: of networks and sampling.
        device: `auto`, `cpu` or `cuda`.
        threads: CPU threads of an update; 0: as many as are fastest, measured while training.
        replay_port: TCP port of the Reverb server.
        periods: of policies and checkpoints.
    """

    seed: int
    device: str
    threads: int
    replay_port: int
    periods: LearnerSettings


class TrainingSession:
    """One start of a run's training, from the lock of its folder to the Reverb server.

    The table is filled by others: by the replay bridge, or by `one_process`.

    Attributes:
        session: id of this start.
        run: session of the run's first start.
        spaces: of the robots.
        device: of the updates.
        threads: the numbers of CPU threads that updates may have, ascending.
        update: the networks.
        pace: how many samples are due.
        learner: the training loop.
        server: the Reverb server.
    """

    def __init__(
        self,
        robot: RobotDescription,
        algorithm: Algorithm,
        folder: Path,
        settings: SessionSettings,
        *,
        publish: Callable[[PolicyParameters], None],
        recorded: dict[str, Any],
        on_updates: Callable[[], None] = lambda: None,
        joined: Joined | None = None,
    ) -> None:
        """Lock the folder, continue from its checkpoint, and serve replay.

        Args:
            robot: description of the robots.
            algorithm: with all overrides.
            folder: of the run; it exists.
            settings: see there.
            publish: called on the training thread with each new policy, which has the robot's
                fingerprint and this session.
            recorded: parameters for the manifest.
            on_updates: called on the training thread after each block of updates.
            joined: this rank 0 and the others that share its batches; None: there are none.

        Raises:
            ConfigurationError: another process trains in the folder, the run is of another robot
                or algorithm, or ranks cannot share the batch.
            RlError: the checkpoint or the journal cannot be used, or the port is in use.
        """
        self.session = uuid.uuid4().hex
        self.spaces = Spaces(robot)
        self._algorithm, self._folder, self._publish = algorithm, folder, publish
        self._on_updates, self._joined = on_updates, joined
        self._lock = RunLock(folder)
        try:
            self._build(robot, settings, recorded)
        except RlError:
            self._lock.close()
            raise
        self._lock.begin()

    def train(self) -> None:
        """Train until the learner is stopped, then save; call it on one thread and no other.

        Raises:
            RlError: as `Learner.run`.
        """
        self._thread_choice = ThreadChoice(
            self.threads, lambda number: use_threads(number, self.device)
        )
        self.learner.run()

    def close(self, *, saved: bool) -> None:
        """Close replay; the learner does not run any more.

        Args:
            saved: everything is saved, so that the folder needs no repair.
        """
        if self._leader is not None:
            self._leader.end()
        if saved:
            self._lock.end()  # even if closing the replay fails
        self._stop_samplers()
        self.server.stop()
        self._lock.close()

    def _stop_samplers(self) -> None:
        """Stop what draws from the server."""
        self._sampler.stop()
        if self._pretraining is not None:
            self._pretraining.stop()

    def _build(
        self, robot: RobotDescription, settings: SessionSettings, recorded: dict[str, Any]
    ) -> None:
        """Build networks and replay."""
        algorithm, folder, spaces = self._algorithm, self._folder, self.spaces
        self.device = training_device(settings.device)
        self._leader = self._lead()
        self.threads = self._numbers_of_threads(settings.threads)
        torch.set_num_threads(1)  # see `use_threads`
        manifest = next_start(folder, robot, algorithm, recorded, self.session)
        self.run: str = manifest.starts[0].get('session') or self.session
        if len(manifest.starts) > 1 and (found := changes(read_run(folder), manifest)):
            _LOGGER.warning('the run goes on with other options: %s', '; '.join(found))
        claim_run(folder, RunIdentity.of(spaces, algorithm))
        self.update = Update(
            algorithm,
            spaces.sent_size,
            spaces.action_size,
            spaces.sent_images,
            stack=spaces.stack,
            seed=settings.seed,
            device=self.device,
            ranks=self._leader,
        )
        extent = self._extent_of(EXPERIENCE)
        taught = JournalExtent()
        if algorithm.demonstration_fraction:
            taught = self._extent_of(DEMONSTRATIONS)
            self._check_demonstrations(taught, robot)
        self.pace = TrainingPace(
            algorithm.samples_per_insert, algorithm.batch_size, algorithm.warmup
        )
        self.learner = Learner(
            self.update,
            self.pace,
            self._publish_named,
            folder,
            settings.periods,
            transitions=extent.total,
            fingerprint=spaces.fingerprint,
        )
        self._open_replay(extent, taught, settings.replay_port)
        self._pretraining = self._begin_pretraining(taught)
        self.learner.connect(
            self._sampler,
            lambda: self.server.inserted,
            self._follow_rewards(),
            self._on_updates,
            lambda seconds: self._thread_choice.took(seconds),
            self._pretraining,
        )
        try:
            write_run(folder, manifest)
        except ConfigurationError:
            self._stop_samplers()
            self.server.stop()  # frees the port for the next attempt
            raise
        self._begin_to_lead(settings)

    def _numbers_of_threads(self, requested: int) -> list[int]:
        """Return the numbers of CPU threads that updates may have."""
        if self._joined is not None:  # ranks wait for each other: each has its share
            return [num_threads(requested, self._joined.place.local_size)]
        if requested or self.device != 'cpu':
            return [num_threads(requested)]
        return numbers_of_threads(num_threads(requested))

    def _lead(self) -> Leader | None:
        """Return this process as the leader of several; None: it is alone."""
        if self._joined is None:
            return None
        check_batch(self._algorithm.batch_size, self._joined.place.size)
        if self.device == 'cuda':
            check_gpus(self._joined)
        assert isinstance(self._joined.ranks, Leader)  # this is rank 0
        return self._joined.ranks

    def _begin_to_lead(self, settings: SessionSettings) -> None:
        """Let the other ranks, if there are any, build the same networks and wait for rows."""
        if self._joined is None or self._leader is None:
            return
        layout = replay_layout(self.spaces)
        task = Task(
            asdict(self._algorithm),
            layout.observation_size,
            layout.action_size,
            [image.shape for image in layout.images],
            layout.stack,
            settings.seed,
            self.device,
            settings.threads,
        )
        announce(self._joined, task)
        self._leader.start()

    def _publish_named(self, parameters: PolicyParameters) -> None:
        """Publish a policy with the robot's fingerprint and this session."""
        self._publish(
            replace(parameters, fingerprint=self.spaces.fingerprint, learner_session=self.session)
        )

    def _extent_of(self, journal: str) -> JournalExtent:
        """Return the extent of a journal in the run's folder, as rows of replay.

        Raises:
            ConfigurationError: the journal is from another kind of robot.
        """
        folder = self._folder / journal
        extent = journal_extent(folder)
        own = self.spaces.fingerprint
        if extent.fingerprint not in ('', own):
            raise ConfigurationError(
                f'{folder}: fingerprint: given {own!r}; accepted: {extent.fingerprint!r}, that of'
                ' the robots in this journal, or another run_folder'
            )
        # n-step sums that are still open are not rows yet
        open_sums = (self._algorithm.n_step - 1) * extent.open_sessions
        return replace(extent, total=max(extent.first, extent.total - open_sums))

    def _check_demonstrations(self, extent: JournalExtent, robot: RobotDescription) -> None:
        """Warn if there are no demonstrations yet.

        Raises:
            ConfigurationError: nobody can give any.
        """
        if extent.total > extent.first:
            return
        share = f'demonstration_fraction: given {self._algorithm.demonstration_fraction:g}'
        folder = self._folder / DEMONSTRATIONS
        if robot.teleop is None:
            raise ConfigurationError(
                f'{share}, but there is no demonstration in {folder}, and the robot'
                f' {robot.name!r} has no `teleop`, so that no person can give one; accepted: 0,'
                ' demonstrations from rl_demonstrate or rl_import --demonstrations, or a robot'
                ' with `teleop`'
            )
        _LOGGER.warning(
            '%s, but there is no demonstration in %s yet: until a person gives one, batches are'
            ' from replay alone',
            share,
            folder,
        )

    def _follow_rewards(self) -> Callable[[], None]:
        """Return what brings the statistics of rewards up to date with the journals."""
        algorithm, update = self._algorithm, self.update
        statistics = {}
        if algorithm.normalise_rewards:
            statistics[EXPERIENCE] = update.returns
            if algorithm.demonstration_fraction:
                statistics[DEMONSTRATIONS] = update.demonstrated_returns
        journals = [JournalRewards(self._folder / name, of) for name, of in statistics.items()]

        def follow() -> None:
            for journal in journals:
                journal.follow()

        return follow

    def _begin_pretraining(self, taught: JournalExtent) -> Pretraining | None:
        """Return the updates from demonstrations that come first; None: none are left to do."""
        left = self._algorithm.pretraining_updates - self.pace.pretraining
        has_begun = self.update.updates > self.pace.pretraining  # with updates from replay
        table = self.server.demonstrations
        if left <= 0 or has_begun or table is None or taught.total == taught.first:
            return None
        _LOGGER.info('%d updates from demonstrations alone come first', left)
        source = self._draw(table)
        return Pretraining(source, self.pace, left)

    def _draw(self, table: SampledTable, **demonstrations: Any) -> ReplaySampler:
        """Return what draws blocks from a table."""
        algorithm = self._algorithm
        layout = replay_layout(self.spaces)
        return ReplaySampler(
            table,
            width=layout.width,
            pixels=layout.pixels,
            batch_size=algorithm.batch_size,
            updates_per_block=algorithm.updates_per_block,
            **demonstrations,
        )

    def _open_replay(self, extent: JournalExtent, taught: JournalExtent, port: int) -> None:
        """Start Reverb server and sampler in this process."""
        algorithm = self._algorithm
        layout, most = replay_layout(self.spaces), memory_bytes()
        if warning := memory_warning(algorithm.replay_capacity, stored_width(layout), most):
            _LOGGER.warning(warning)
        capacity, demonstrations = algorithm.replay_capacity, None
        if algorithm.demonstration_fraction:
            demonstrations = ReplayStart(max(taught.first, taught.total - capacity), taught.total)
        self.server = ReplayServer(
            port,
            width=layout.width,
            pixels=layout.pixels,
            capacity=capacity,
            samples_per_insert=algorithm.samples_per_insert,
            warmup=algorithm.warmup,
            start=ReplayStart(
                first=max(extent.first, extent.total - capacity),
                total=extent.total,
                samples_due=self.pace.samples_due(extent.total, self.update.updates),
            ),
            run=run_key(self._folder),
            demonstrations=demonstrations,
        )
        self._sampler = self._draw(
            self.server,
            demonstrations=self.server.demonstrations,
            demonstrations_per_batch=algorithm.demonstrations_per_batch,
        )

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

"""The `learner` node: runs the Reverb server, trains, publishes policies and status."""

import os

from rl_learner.training.openmp import openmp_environment

os.environ.update(openmp_environment(os.environ))  # before torch is imported

from array import array
from collections.abc import Sequence
import dataclasses
from pathlib import Path
import sys
import threading
import time
from typing import Any
import uuid

from rclpy.serialization import serialize_message
from rl_agent.description.robot import load_robot, RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError, RlError
from rl_agent.policy.parameters import PolicyParameters
from rl_agent.policy.ros_policy_message import policy_to_message
from rl_agent.ros.ros_diagnostics import Diagnostics
from rl_agent.ros.ros_event_log import PROGRESS_PERIOD_S
from rl_agent.ros.ros_managed_node import ManagedNode
from rl_agent.ros.ros_node_main import run
from rl_agent.ros.ros_parameters import declare_parameters, follow_changes
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
from rl_agent.ros.ros_topics import (
    LEARNER_STATUS,
    POLICY,
    POLICY_QOS,
    STATUS_QOS,
    steady_clock,
)
from rl_agent.security.key_file import missing_keys
from rl_agent.security.policy_signature import SigningKey
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.bringup.parameters import LearnerParameters
from rl_learner.journal.journal_reader import journal_extent, JournalExtent
from rl_learner.nodes.ros_learner_diagnostics import learner_concerns, progress_line
from rl_learner.replay.layout import ReplayLayout
from rl_learner.replay.sampler import ReplaySampler
from rl_learner.replay.server import ReplayServer, ReplayStart
from rl_learner.run.folder import EXPERIENCE, open_run_folder, run_key
from rl_learner.run.identity import claim_run, RunIdentity
from rl_learner.run.lock import RunLock
from rl_learner.run.manifest import next_start, write_run
from rl_learner.training.device import device_name, training_device
from rl_learner.training.journal_rewards import JournalRewards
from rl_learner.training.learner import Learner, LearnerSettings
from rl_learner.training.training_pace import TrainingPace
from rl_learner.training.update import Update
from rl_msgs.msg import LearnerStatus
from rl_msgs.msg import Policy as PolicyMessage
from std_srvs.srv import Trigger
import torch

_DIAGNOSTICS_PERIOD_S = 1.0
_POLICY_REPEAT_PERIOD_S = 2.0  # late joiners sometimes miss a transient_local sample


class LearnerNode(ManagedNode):
    """Connects the plain `Learner` to ROS."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__('learner')
        self._settings = declare_parameters(self, LearnerParameters)
        follow_changes(self, self._settings, self._on_change)
        self._thread: threading.Thread | None = None
        self._publishing = threading.Lock()

    @property
    def autostart(self) -> bool:
        """Whether the process takes the node to `active` by itself."""
        return self._settings.autostart

    def _on_change(self, settings: LearnerParameters) -> None:
        """Apply new values of live parameters."""
        self._settings = settings
        if hasattr(self, '_learner'):
            self._learner.settings = _learner_settings(settings)

    def configure(self) -> None:
        """Build networks and replay; `activate` begins training."""
        parameters = self._settings
        key = parameters.signing_key
        self._signing_key = SigningKey.load(Path(key).expanduser()) if key else None
        if lacking := missing_keys(signing_key=key):
            self.get_logger().info(lacking)
        robot = load_robot(parameters.robot)
        self._algorithm = load_algorithm(
            parameters.algorithm, self._overrides(), robot.episode_steps
        )
        folder = open_run_folder(Path(parameters.run_folder).expanduser())
        self._lock = RunLock(folder)
        try:
            self._build(robot, folder)
        except RlError:
            self._lock.close()
            raise
        self._lock.begin()

    def _build(self, robot: RobotDescription, folder: Path) -> None:
        """Build networks and replay for the run in a folder."""
        parameters = self._settings
        self._session = uuid.uuid4().hex
        device = training_device(parameters.device)
        torch.set_num_threads(parameters.threads or os.cpu_count() or 1)
        self._spaces = Spaces(robot)
        manifest = next_start(folder, robot, self._algorithm, _recorded(parameters), self._session)
        self._run = manifest.starts[0].get('session') or self._session
        claim_run(folder, RunIdentity.of(self._spaces, self._algorithm))
        update = Update(
            self._algorithm,
            self._spaces.observation_size,
            self._spaces.action_size,
            seed=parameters.seed,
            device=device,
        )
        extent = self._journal_extent(folder / EXPERIENCE)
        algorithm = self._algorithm
        self._pace = TrainingPace(
            algorithm.samples_per_insert, algorithm.batch_size, algorithm.warmup
        )
        self._learner = Learner(
            update,
            self._pace,
            self._publish_policy,
            folder,
            _learner_settings(parameters),
            transitions=extent.total,
            fingerprint=self._spaces.fingerprint,
        )
        self._open_replay(extent, update.updates, run_key(folder))
        rewards = JournalRewards(folder / EXPERIENCE, update.returns)
        follow = rewards.follow if algorithm.normalise_rewards else lambda: None
        self._learner.connect(self._sampler, lambda: self._server.inserted, follow)
        try:
            write_run(folder, manifest)
        except ConfigurationError:
            self._sampler.stop()
            self._server.stop()  # frees the port for the next attempt
            raise
        self._connect()
        self.get_logger().info(
            f'{parameters.algorithm} for {parameters.robot} on {device_name(device)}, Reverb on'
            f' port {self._server.port}, run folder {folder}'
        )

    def activate(self) -> None:
        """Begin training."""
        self._learner.prepare()
        self._thread = threading.Thread(target=self._learner.run, name='training')
        self._thread.start()

    def deactivate(self) -> None:
        """Stop training, and save checkpoint and policy."""
        if self._thread is None:
            return
        self._learner.stop()
        self._thread.join()
        self._thread = None
        self._publish_status()

    def clean_up(self) -> None:
        """Close the replay."""
        for timer in self._periodic:
            self.destroy_timer(timer)
        self.destroy_service(self._save)
        self.destroy_publisher(self._policies)
        self.destroy_publisher(self._status)
        self._diagnostics.close()
        if self.failure is None:
            self._lock.end()  # everything is saved, even if closing the replay fails
        self._sampler.stop()
        self._server.stop()
        self._lock.close()

    def _overrides(self) -> dict[str, float]:
        """Return the options of the algorithm that ROS parameters override."""
        overrides: dict[str, float] = {}
        if self._settings.warmup >= 0:
            overrides['warmup'] = self._settings.warmup
        if self._settings.updates_to_data > 0:
            overrides['updates_to_data'] = self._settings.updates_to_data
        return overrides

    def _journal_extent(self, folder: Path) -> JournalExtent:
        """Return the extent of the run's journal, as rows of replay.

        Raises:
            ConfigurationError: the journal is from another kind of robot.
        """
        extent = journal_extent(folder)
        own = self._spaces.fingerprint
        if extent.fingerprint not in ('', own):
            raise ConfigurationError(
                f'{folder}: fingerprint: given {own!r}; accepted: {extent.fingerprint!r}, that of'
                ' the robots in this journal, or another run_folder'
            )
        # n-step sums that are still open are not rows yet
        open_sums = (self._algorithm.n_step - 1) * extent.open_sessions
        return dataclasses.replace(extent, total=max(extent.first, extent.total - open_sums))

    def _open_replay(self, extent: JournalExtent, updates: int, run: str) -> None:
        """Start Reverb server and sampler in this process; the bridge fills the table."""
        algorithm = self._algorithm
        width = ReplayLayout(self._spaces.observation_size, self._spaces.action_size).width
        self._server = ReplayServer(
            self._settings.replay_port,
            width=width,
            capacity=algorithm.replay_capacity,
            samples_per_insert=algorithm.samples_per_insert,
            warmup=algorithm.warmup,
            start=ReplayStart(
                first=max(extent.first, extent.total - algorithm.replay_capacity),
                total=extent.total,
                samples_due=self._pace.samples_due(extent.total, updates),
            ),
            run=run,
        )
        self._sampler = ReplaySampler(
            self._server,
            width=width,
            batch_size=algorithm.batch_size,
            updates_per_block=algorithm.updates_per_block,
        )

    def _connect(self) -> None:
        """Create topics, timers and services."""
        self._policy_message: PolicyMessage | None = None
        self._policy_s, self._last_line = time.monotonic(), ''
        self._policies = self.create_publisher(PolicyMessage, POLICY, POLICY_QOS)
        self._status = self.create_publisher(LearnerStatus, LEARNER_STATUS, STATUS_QOS)
        self._diagnostics = Diagnostics(self, learner_concerns)
        period_s = 1.0 / self._settings.status_rate_hz
        self._periodic = [
            self.create_timer(period_s, self._publish_status, clock=steady_clock()),
            self.create_timer(
                _DIAGNOSTICS_PERIOD_S,
                lambda: self._diagnostics.publish(self._status_message()),
                clock=steady_clock(),
            ),
            self.create_timer(PROGRESS_PERIOD_S, self._log_progress, clock=steady_clock()),
            self.create_timer(_POLICY_REPEAT_PERIOD_S, self._repeat_policy, clock=steady_clock()),
        ]
        self._save = self.create_service(Trigger, '~/save', self._on_save)

    def _publish_policy(self, parameters: PolicyParameters) -> None:
        """Publish a policy with the robot's fingerprint and this session."""
        signed = dataclasses.replace(
            parameters, fingerprint=self._spaces.fingerprint, learner_session=self._session
        )
        message = policy_to_message(signed)
        message.header.stamp = self.get_clock().now().to_msg()
        with self._publishing:
            self._policy_message, self._policy_s = message, time.monotonic()
            self._send_policy(message)

    def _repeat_policy(self) -> None:
        """Publish the newest policy again if it has not been published for a while."""
        with self._publishing:  # or an older version could follow a newer one
            age_s = time.monotonic() - self._policy_s
            if self._policy_message and age_s >= _POLICY_REPEAT_PERIOD_S:
                self._send_policy(self._policy_message)

    def _send_policy(self, message: PolicyMessage) -> None:
        """Publish a policy, with a signature of this moment where there is a key."""
        if self._signing_key is None:
            self._policies.publish(message)
            return
        message.run, message.signed_ns = self._run, time.time_ns()
        self._policies.publish(self._signing_key.seal(serialize_message(message)))

    def _on_save(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Request a checkpoint."""
        self._learner.save_soon()
        response.success = True
        response.message = 'a checkpoint follows after the current block of updates'
        return response

    def _publish_status(self) -> None:
        """Publish the status of training."""
        self._status.publish(self._status_message())

    def _log_progress(self) -> None:
        """Log one line about training, unless nothing has changed."""
        line = progress_line(self._status_message())
        if line != self._last_line:
            self.get_logger().info(line)
        self._last_line = line

    def _status_message(self) -> LearnerStatus:
        """Return the status of training."""
        progress = self._learner.progress
        size, stored = self._server.counts()
        message = LearnerStatus(
            learner_session=self._session,
            algorithm=self._settings.algorithm,
            state=progress.state,
            updates=progress.updates,
            updates_per_s=progress.updates_per_s,
            policy_version=progress.policy_version,
            replay_size=size,
            transitions_stored=stored,
            backlog=self._pace.backlog(stored, progress.updates),
            metric_names=list(progress.metrics),
            metric_values=array('f', progress.metrics.values()),
        )
        message.header.stamp = self.get_clock().now().to_msg()
        return message


def _recorded(parameters: LearnerParameters) -> dict[str, Any]:
    """Return the parameters for the manifest; the command that resumes may run elsewhere."""
    recorded = dataclasses.asdict(parameters)
    if parameters.signing_key:
        recorded['signing_key'] = str(Path(parameters.signing_key).expanduser().absolute())
    return recorded


def _learner_settings(parameters: LearnerParameters) -> LearnerSettings:
    """Return the periods of publishing and of checkpoints."""
    return LearnerSettings(parameters.publish_period_s, parameters.checkpoint_period_s)


def main(args: Sequence[str] | None = None) -> None:
    """Run the node."""
    sys.exit(run(LearnerNode, args))


if __name__ == '__main__':
    main()

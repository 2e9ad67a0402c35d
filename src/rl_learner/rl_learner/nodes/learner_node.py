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

from rl_learner.system.openmp import openmp_environment

os.environ.update(openmp_environment(os.environ))  # before torch is imported

from array import array
from collections.abc import Sequence
import dataclasses
from pathlib import Path
import sys
import threading
import time
from typing import Any

from rclpy.serialization import serialize_message
from rl_agent.description.image import refuse_task_images
from rl_agent.description.robot import load_robot
from rl_agent.errors import ConfigurationError
from rl_agent.policy.parameters import PolicyParameters
from rl_agent.policy.ros_policy_message import (
    message_type,
    plain_part,
    policy_to_message,
)
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
from rl_learner.bringup.devices import devices_of
from rl_learner.bringup.parameters import LearnerParameters
from rl_learner.distributed.rendezvous import Joined
from rl_learner.nodes.ros_learner_diagnostics import learner_concerns, progress_line
from rl_learner.run.folder import open_run_folder
from rl_learner.training.device import device_name
from rl_learner.training.learner import LearnerSettings
from rl_learner.training.training_session import SessionSettings, TrainingSession
from rl_msgs.msg import LearnerStatus
from std_srvs.srv import Trigger

_DIAGNOSTICS_PERIOD_S = 1.0
_POLICY_REPEAT_PERIOD_S = 2.0  # late joiners sometimes miss a transient_local sample


class LearnerNode(ManagedNode):
    """Connects the plain `Learner` to ROS."""

    def __init__(self, joined: Joined | None = None) -> None:
        """Declare the parameters.

        Args:
            joined: this rank 0 and the others that share its batches; None: there are none.
        """
        super().__init__('learner')
        self._joined = joined
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
        if hasattr(self, '_session'):
            self._session.learner.settings = _learner_settings(settings)

    def configure(self) -> None:
        """Build networks and replay; `activate` begins training."""
        parameters = self._settings
        if parameters.devices > 1 and self._joined is None:
            raise ConfigurationError(
                f'devices: given {parameters.devices} in a parameter file; accepted: 1 there, and'
                f' -p devices:={parameters.devices} on the command line, or as a launch argument'
            )
        key = parameters.signing_key
        self._signing_key = SigningKey.load(Path(key).expanduser()) if key else None
        if lacking := missing_keys(signing_key=key):
            self.get_logger().info(lacking)
        robot = load_robot(parameters.robot)
        refuse_task_images(robot.name, robot.images)
        self._algorithm = load_algorithm(
            parameters.algorithm, self._overrides(), robot.episode_steps
        )
        folder = open_run_folder(Path(parameters.run_folder).expanduser())
        self._session = TrainingSession(
            robot,
            self._algorithm,
            folder,
            SessionSettings(
                parameters.seed,
                parameters.device,
                parameters.threads,
                parameters.replay_port,
                _learner_settings(parameters),
            ),
            publish=self._publish_policy,
            recorded=_recorded(parameters),
            joined=self._joined,
        )
        self._connect()
        self.get_logger().info(
            f'{parameters.algorithm} for {parameters.robot} on{self._ranks_text()}'
            f' {device_name(self._session.device, self._session.threads)}, Reverb on port'
            f' {self._session.server.port}, run folder {folder}'
        )

    def _ranks_text(self) -> str:
        """Return how many ranks train, for the log; empty: this one."""
        return '' if self._joined is None else f' {self._joined.place.size} ranks, each on'

    def activate(self) -> None:
        """Begin training."""
        self._session.learner.prepare()
        self._thread = threading.Thread(target=self._session.train, name='training')
        self._thread.start()

    def deactivate(self) -> None:
        """Stop training, and save checkpoint and policy."""
        if self._thread is None:
            return
        self._session.learner.stop()
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
        self._session.close(saved=self.failure is None)

    def _overrides(self) -> dict[str, float]:
        """Return the options of the algorithm that ROS parameters override."""
        overrides: dict[str, float] = {}
        if self._settings.warmup >= 0:
            overrides['warmup'] = self._settings.warmup
        if self._settings.updates_to_data > 0:
            overrides['updates_to_data'] = self._settings.updates_to_data
        return overrides

    def _connect(self) -> None:
        """Create topics, timers and services."""
        self._policy_message: Any | None = None
        self._policy_s, self._last_line = time.monotonic(), ''
        kind = message_type(sees_images=bool(self._session.spaces.images))
        self._policies = self.create_publisher(kind, POLICY, POLICY_QOS)
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
        """Publish a policy."""
        message = policy_to_message(parameters)
        plain_part(message).header.stamp = self.get_clock().now().to_msg()
        with self._publishing:
            self._policy_message, self._policy_s = message, time.monotonic()
            self._send_policy(message)

    def _repeat_policy(self) -> None:
        """Publish the newest policy again if it has not been published for a while."""
        with self._publishing:  # or an older version could follow a newer one
            age_s = time.monotonic() - self._policy_s
            if self._policy_message and age_s >= _POLICY_REPEAT_PERIOD_S:
                self._send_policy(self._policy_message)

    def _send_policy(self, message: Any) -> None:
        """Publish a policy, with a signature of this moment where there is a key."""
        if self._signing_key is None:
            self._policies.publish(message)
            return
        plain = plain_part(message)
        plain.run, plain.signed_ns = self._session.run, time.time_ns()
        self._policies.publish(self._signing_key.seal(serialize_message(message)))

    def _on_save(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Request a checkpoint."""
        self._session.learner.save_soon()
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
        session = self._session
        progress = session.learner.progress
        size, stored = session.server.counts()
        message = LearnerStatus(
            learner_session=session.session,
            algorithm=self._settings.algorithm,
            state=progress.state,
            updates=progress.updates,
            updates_per_s=progress.updates_per_s,
            policy_version=progress.policy_version,
            replay_size=size,
            transitions_stored=stored,
            demonstrations=session.server.demonstrated,
            backlog=session.pace.backlog(stored, progress.updates),
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
    """Run the node; with several devices, this process becomes the one that starts the ranks."""
    words = sys.argv[1:] if args is None else args
    devices = devices_of(words)
    if devices > 1:
        sys.stdout.flush()
        ranks = 'rl_learner.nodes.learner_ranks'
        command = [sys.executable, '-m', ranks, f'--nproc-per-node={devices}', *words]
        os.execv(sys.executable, command)
    sys.exit(run(LearnerNode, args))


if __name__ == '__main__':
    main()

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

"""The `replay_bridge` node: stores transitions in journal and Reverb, and acknowledges them.

Three threads, none of which waits for another: the executor receives batches, a second thread
writes them to the disk and acknowledges them, a third feeds Reverb.
"""

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
import logging
from pathlib import Path
import sys
import threading
import time

import numpy as np
from rclpy.serialization import serialize_message
from rl_agent.description.image import refuse_task_images
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError, DiskFullError, JournalError
from rl_agent.ros.ros_diagnostics import Diagnostics
from rl_agent.ros.ros_event_log import log_reports
from rl_agent.ros.ros_managed_node import ManagedNode
from rl_agent.ros.ros_node_main import run
from rl_agent.ros.ros_parameters import declare_parameters
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
from rl_agent.ros.ros_topics import (
    ACK_QOS,
    REPLAY_STATUS,
    STATUS_QOS,
    steady_clock,
    TRANSITIONS,
    TRANSITIONS_ACK,
    TRANSITIONS_QOS,
)
from rl_agent.security.fleet_key import ACKNOWLEDGEMENT, load_fleet_keys
from rl_agent.security.fleet_key import TRANSITIONS as TRANSITIONS_MESSAGE
from rl_agent.security.key_file import missing_keys
from rl_agent.system.disk_space import has_space
from rl_learner.actor_critic.algorithm import Algorithm, load_algorithm
from rl_learner.bringup.parameters import ReplayBridgeParameters
from rl_learner.journal.demonstrations import DemonstrationLog
from rl_learner.journal.journal import Journal
from rl_learner.journal.replay_bridge import Acknowledgement, ReplayBridge
from rl_learner.nodes.ros_learner_diagnostics import replay_concerns
from rl_learner.nodes.ros_other_distributions import OtherDistributions
from rl_learner.replay.feeder import FEEDING
from rl_learner.run.folder import DEMONSTRATIONS, EXPERIENCE, open_run_folder
from rl_learner.run.identity import check_robot, claim_run, RunIdentity
from rl_learner.run.journal_feed import feeds_of_run, journal_settings, JournalFeed
from rl_learner.run.manifest import write_retention
from rl_msgs.msg import ReplayStatus, TransitionAck, TransitionBatch

_STATUS_PERIOD_S = 1.0
_RETRY_DELAY_S = 1.0
_DISTRIBUTIONS_PERIOD_S = 10.0
_DISK_POLL_PERIOD_S = 2.0
_CONNECTED_WITHIN_S = 10.0
_STORES_DEMONSTRATIONS = 'storing demonstrations'


class ReplayBridgeNode(ManagedNode):
    """Connects the plain `ReplayBridge`, `Journal` and `ReplayFeeder` to ROS."""

    def __init__(self) -> None:
        """Declare the parameters."""
        super().__init__('replay_bridge')
        self._settings = declare_parameters(self, ReplayBridgeParameters)

    def configure(self) -> None:
        """Open the journal and subscribe."""
        parameters = self._settings
        self._keys = load_fleet_keys(parameters.fleet_key)
        robot = load_robot(parameters.robot)
        refuse_task_images(robot.name, robot.images)
        spaces = Spaces(robot)
        algorithm = load_algorithm(parameters.algorithm, episode_steps=robot.episode_steps)
        folder = open_run_folder(Path(parameters.run_folder).expanduser())
        if parameters.demonstrations_only:
            check_robot(folder, spaces)  # it may come before any algorithm is chosen
        else:
            claim_run(folder, RunIdentity.of(spaces, algorithm))
        self._disk_error = ''
        self._latencies: deque[float] = deque(maxlen=10_000)
        self._open_bridge(folder, spaces, algorithm)
        if not parameters.demonstrations_only:
            write_retention(folder, parameters.journal_keep_gb, parameters.fleet_key)
        self._connect()
        self._stop = threading.Event()
        self._committing = threading.Thread(target=self._commit_until_stopped, name='journal')
        self._committing.start()
        for feed in self._feeds:
            feed.feeder.start()
        if lacking := missing_keys(fleet_key=parameters.fleet_key):
            self.get_logger().info(lacking)
        self.get_logger().info(
            f'{self._journal.written.total} transitions in {self._journal.folder}'
        )

    def _open_bridge(self, folder: Path, spaces: Spaces, algorithm: Algorithm) -> None:
        """Open the journals, and prepare to fill them and to feed Reverb from them."""
        parameters, keys = self._settings, self._keys
        file_mb, keep_gb = parameters.journal_file_mb, parameters.journal_keep_gb
        settings = journal_settings(algorithm, file_mb=file_mb, keep_gb=keep_gb)
        keep_gb = parameters.demonstrations_keep_gb
        of_people = journal_settings(algorithm, file_mb=file_mb, keep_gb=keep_gb)
        taught = DemonstrationLog(
            partial(Journal, folder / DEMONSTRATIONS, spaces.fingerprint, of_people)
        )
        self._feeds: list[JournalFeed] = []
        self._demonstrations: DemonstrationLog | None = None
        if parameters.demonstrations_only:
            self._journal = self._open_journal(folder, taught.open)
        else:
            self._demonstrations = taught
            self._journal = self._open_journal(
                folder, partial(Journal, folder / EXPERIENCE, spaces.fingerprint, settings)
            )
            if algorithm.demonstration_fraction or (folder / DEMONSTRATIONS).exists():
                self._open_journal(folder, taught.open)
            self._feeds = feeds_of_run(
                folder, self._journal, taught.journal, spaces, algorithm, parameters.replay_port
            )
        self._bridge = ReplayBridge(
            spaces,
            self._journal,
            self._journal.sequences,
            (lambda data: keys.check(data, TRANSITIONS_MESSAGE)) if keys else None,
            demonstrations=self._demonstrations,
            has_gaps=parameters.demonstrations_only,
        )

    def _open_journal(self, folder: Path, open_: Callable[[], Journal]) -> Journal:
        """Return a journal; on a full disk, wait for room while robots keep their data.

        Raises:
            ConfigurationError: the journal cannot be used.
            DiskFullError: the process is asked to end while it waits.
            JournalError: the journal cannot be read, or another process writes it.
        """
        while True:
            try:
                return open_()
            except DiskFullError as error:
                self.get_logger().warning(f'waiting for room on the disk: {error}')
                self._await_room(folder, error)

    def _await_room(self, folder: Path, error: DiskFullError) -> None:
        """Wait for room on the disk of a folder.

        Raises:
            DiskFullError: the process is asked to end.
        """
        while not self.ended.wait(_DISK_POLL_PERIOD_S):
            if has_space(folder):
                return
        raise error

    def clean_up(self) -> None:
        """Unsubscribe, then store and acknowledge what was received, and close the journal."""
        for timer in self._timers:
            self.destroy_timer(timer)
        self.destroy_subscription(self._batches)
        self._stop.set()
        self._bridge.waiting.set()
        self._committing.join()
        for feed in self._feeds:
            feed.feeder.stop(timeout_s=2.0)
        self._journal.close()
        if self._demonstrations is not None:
            self._demonstrations.close()
        log_reports(self, self._bridge.events)
        self.destroy_publisher(self._acks)
        self.destroy_publisher(self._status)
        self._diagnostics.close()

    def _connect(self) -> None:
        """Create publishers, subscription and timer."""
        self._acks = self.create_publisher(TransitionAck, TRANSITIONS_ACK, ACK_QOS)
        self._status = self.create_publisher(ReplayStatus, REPLAY_STATUS, STATUS_QOS)
        self._diagnostics = Diagnostics(self, replay_concerns)
        # raw: the journal stores the bytes as received
        self._batches = self.create_subscription(
            TransitionBatch, TRANSITIONS, self._on_batch, TRANSITIONS_QOS, raw=True
        )
        others = OtherDistributions(self, self._batches.topic_name)
        self._timers = [
            self.create_timer(_STATUS_PERIOD_S, self._publish_status, clock=steady_clock()),
            self.create_timer(_DISTRIBUTIONS_PERIOD_S, others.check, clock=steady_clock()),
        ]

    def _on_batch(self, data: bytes) -> None:
        """Receive a batch; the robot sends it again until it is acknowledged."""
        try:
            acknowledgement = self._bridge.receive(data)
        except ConfigurationError:  # counted and reported with the next status
            return
        if acknowledgement is not None:
            self._acknowledge(acknowledgement)

    def _commit_until_stopped(self) -> None:
        """Write received batches to the disk and acknowledge them, at most once per period."""
        while not self._stop.is_set():
            self._bridge.waiting.wait()
            started_s = time.monotonic()
            if not self._commit():
                self._stop.wait(_RETRY_DELAY_S)
            self._stop.wait(started_s + self._settings.commit_period_s - time.monotonic())
        self._commit()

    def _commit(self) -> bool:
        """Write waiting batches to the disk and acknowledge them; return whether that worked."""
        try:
            acknowledgements, received_s = self._bridge.commit()
        except JournalError as error:
            self.get_logger().error(
                f'nothing is acknowledged, robots keep their data: {error}',
                throttle_duration_sec=10.0,
            )
            self._disk_error = str(error)
            return False
        if acknowledgements and self._disk_error:
            self.get_logger().info('the journal can be written again')
            self._disk_error = ''
        for acknowledgement in acknowledgements:
            self._acknowledge(acknowledgement)
        now_s = time.monotonic()
        self._latencies.extend(now_s - item_s for item_s in received_s)
        for feed in self._feeds:
            feed.feeder.notify()
        return True

    def _acknowledge(self, acknowledgement: Acknowledgement) -> None:
        """Publish up to which transition a robot may delete its data."""
        message = TransitionAck(
            robot=acknowledgement.robot,
            session=acknowledgement.session,
            sequence=acknowledgement.sequence,
        )
        message.header.stamp = self.get_clock().now().to_msg()
        if self._keys is None:
            self._acks.publish(message)
        else:
            self._acks.publish(self._keys.seal(serialize_message(message), ACKNOWLEDGEMENT))

    def _state(self) -> str:
        """Return what the bridge does or waits for; of two feeders, that of the waiting one."""
        if self._disk_error:
            return f'journal: {self._disk_error}'
        if not self._feeds:
            return _STORES_DEMONSTRATIONS
        states = [feed.feeder.state for feed in self._feeds]
        return next((state for state in states if state != FEEDING), FEEDING)

    def _publish_status(self) -> None:
        """Publish the status of the bridge, and log what was refused since the last one."""
        log_reports(self, self._bridge.events)
        latencies = [self._latencies.popleft() for _ in range(len(self._latencies))]
        p50, p99 = np.percentile(latencies, (50, 99)) if latencies else (np.nan, np.nan)
        counts, journal = self._bridge.counts, self._journal
        message = ReplayStatus(
            state=self._state(),
            robots=self._bridge.heard_within(_CONNECTED_WITHIN_S),
            transitions_journaled=journal.written.total,
            transitions_inserted=self._feeds[0].feeder.inserted if self._feeds else 0,
            transitions_duplicate=counts.duplicate,
            transitions_lost=counts.lost,
            batches_refused=counts.refused,
            journal_bytes=journal.size,
            journal_files=journal.files,
            acknowledge_p50_s=float(p50),
            acknowledge_p99_s=float(p99),
            transitions_refused=counts.refused_transitions,
            transitions_left_out=sum(feed.rows.left_out for feed in self._feeds),
            same_robot_name=counts.same_name,
        )
        message.header.stamp = self.get_clock().now().to_msg()
        self._status.publish(message)
        self._diagnostics.publish(message)


def main(args: Sequence[str] | None = None) -> None:
    """Run the node."""
    logging.basicConfig(format='%(message)s', level=logging.INFO)
    sys.exit(run(ReplayBridgeNode, args))


if __name__ == '__main__':
    main()

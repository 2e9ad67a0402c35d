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

"""The journal of a run whose robots are in this process."""

from collections.abc import Sequence
import threading
import time
import uuid

from rl_agent.errors import ConfigurationError, JournalError
from rl_agent.transport.transition import Sender, Transition
from rl_agent.transport.transition_columns import to_columns
from rl_learner.journal.batch_codec import encode, TransitionBatch
from rl_learner.journal.journal import Journal
from rl_learner.journal.replay_bridge import ReplayBridge
from rl_learner.run.journal_feed import JournalFeed

_BATCH = 16  # rows of one Reverb item
_COMMIT_PERIOD_S = 0.05
_FEEDER_TIMEOUT_S = 2.0


class LocalBridge:
    """Stores transitions on a thread of its own, and feeds Reverb from the journal.

    Attributes:
        failure: why nothing more can be stored, None while all is well.
    """

    def __init__(
        self, bridge: ReplayBridge, journals: Sequence[Journal], feeds: Sequence[JournalFeed]
    ) -> None:
        """Begin to store.

        Args:
            bridge: stores what robots do.
            journals: to close at the end.
            feeds: from them into Reverb.
        """
        self._bridge, self._journals = bridge, journals
        self._feeders = [feed.feeder for feed in feeds]
        self.failure: JournalError | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._commit_until_stopped, name='journal')
        self._thread.start()
        for feeder in self._feeders:
            feeder.start()

    def receive(self, data: bytes) -> None:
        """Store a serialised batch soon.

        Raises:
            ConfigurationError: it has values that must not be stored.
        """
        self._bridge.receive(data)
        if reports := self._bridge.events.take_reports():
            raise ConfigurationError(reports[0].text)

    def close(self) -> None:
        """Store what was received, and close the journal."""
        self._stop.set()
        self._bridge.waiting.set()
        self._thread.join()
        for feeder in self._feeders:
            feeder.stop(_FEEDER_TIMEOUT_S)
        for journal in self._journals:
            journal.close()

    def _commit_until_stopped(self) -> None:
        """Write received batches to the disk."""
        while not self._stop.is_set() and self.failure is None:
            self._bridge.waiting.wait()
            self._commit()
            self._stop.wait(_COMMIT_PERIOD_S)
        if self.failure is None:
            self._commit()

    def _commit(self) -> None:
        """Write waiting batches to the disk."""
        try:
            self._bridge.commit()
        except JournalError as error:
            self.failure = error
        for feeder in self._feeders:
            feeder.notify()


class LocalSpool:
    """Takes the place of a robot's spool: hands transitions to a `LocalBridge`.

    Attributes:
        count: transitions so far.
    """

    def __init__(
        self, bridge: LocalBridge, robot: str, fingerprint: str, *, short: bool = False
    ) -> None:
        """Begin a session.

        Args:
            bridge: takes the transitions.
            robot: name of the robot.
            fingerprint: of the robot.
            short: store large observations once, see `encode`.
        """
        self._short = short
        self._bridge = bridge
        self._sender = Sender(robot, uuid.uuid4().hex, fingerprint)
        self._waiting: list[Transition] = []
        self.count = 0

    def append(self, transition: Transition) -> None:
        """Take a transition; it is handed over with others.

        Raises:
            ConfigurationError: it has a value that must not be stored.
        """
        self._waiting.append(transition)
        self.count += 1
        if len(self._waiting) >= _BATCH or transition.terminated or transition.truncated:
            self.flush()

    def flush(self) -> None:
        """Hand over what waits."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        first, now_ns = waiting[0], time.time_ns()
        batch = TransitionBatch(
            stamp=(now_ns // 1_000_000_000, now_ns % 1_000_000_000),
            frame_id='',
            sender=self._sender,
            first_sequence=self.count - len(waiting) + 1,
            oldest_sequence=self.count - len(waiting) + 1,
            observation_size=len(first.observation),
            action_size=len(first.action),
            count=len(waiting),
            columns=to_columns(waiting),
        )
        self._bridge.receive(encode(batch, short=self._short))

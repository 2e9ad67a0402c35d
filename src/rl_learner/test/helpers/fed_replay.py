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

"""A journal, a feeder and a real Reverb server, each of which a test may restart."""

from collections.abc import Callable
import dataclasses
from pathlib import Path
from typing import Any

from batches import LAYOUT, make_batch, ONE, SPACES
import numpy as np
from rl_agent.errors import ReplayError
from rl_learner.journal.batch_codec import encode
from rl_learner.journal.journal import Journal, JournalSettings
from rl_learner.journal.journal_rows import JournalRows
from rl_learner.replay.feeder import ReplayFeeder
from rl_learner.replay.sampler import ReplaySampler
from rl_learner.replay.server import ReplayServer
from rl_learner.replay.writer import ReplayWriter
from rl_learner.system.ports import free_port

OWN, OTHER = '1:2', '1:3'  # keys of runs
TWO = dataclasses.replace(ONE, robot='robot_2')


class FedReplay:
    """A journal, a feeder and a server."""

    def __init__(self, folder: Path, *, n_step: int = 1, file_bytes: int = 4000) -> None:
        """Start a run in a folder, without a server."""
        self.port = free_port()
        self.folder, self._n_step, self._file_bytes = folder, n_step, file_bytes
        self._servers: list[ReplayServer] = []
        self.next = 1
        self._journal: Journal | None = None
        self.restart_bridge()

    def restart_bridge(self) -> None:
        """Restart journal and feeder as after a killed bridge."""
        if self._journal is not None:
            self._journal.close()
        self.journal = self._journal = Journal(
            self.folder, SPACES.fingerprint, JournalSettings(file_bytes=self._file_bytes)
        )
        self.writer = ReplayWriter(self.port, OWN)
        self.feeder = ReplayFeeder(self.rows(), self.writer, pad_after_s=0.0)

    def rows(self) -> JournalRows:
        """Return a reader at the first row."""
        return JournalRows(
            self.folder, lambda: self.journal.written, LAYOUT, n_step=self._n_step, gamma=0.5
        )

    def live(self, *counts: int, truncated_at: int = -1) -> None:
        """Append batches of both robots to the journal."""
        for count in counts:
            messages = [
                encode(make_batch(self.next, count, sender=sender, truncated_at=truncated_at))
                for sender in (ONE, TWO)
            ]
            self.next += count
            numbers = {(sender.robot, sender.session): self.next - 1 for sender in (ONE, TWO)}
            self.journal.append(messages, 2 * count, numbers)

    def serve(self, **changes: Any) -> ReplayServer:
        """Start a server in place of the previous one."""
        self.end_server()
        settings: dict[str, Any] = {
            'width': LAYOUT.width,
            'capacity': 1000,
            'samples_per_insert': 1e6,
            'warmup': 0,
            'run': OWN,
        }
        self._servers.append(ReplayServer(self.port, **{**settings, **changes}))
        return self._servers[-1]

    def end_server(self) -> None:
        """Stop the server, if any."""
        if self._servers:
            self._servers.pop().stop()

    def feed(self) -> None:
        """Feed until nothing is left."""
        while self.feeder.feed():
            pass

    def stored(self) -> list[float]:
        """Return the sorted rewards of the rows in the table; draws enough to see every row."""
        sampler = ReplaySampler(
            self._servers[-1], width=LAYOUT.width, batch_size=100, updates_per_block=40
        )
        blocks = [sampler.next_block(30.0) for _ in range(2)]
        sampler.stop()
        drawn = [block for block in blocks if block is not None]
        assert len(drawn) == 2
        rows = np.unique(np.concatenate(drawn).reshape(-1, LAYOUT.width), axis=0)
        rewards: list[float] = LAYOUT.unpack(rows).reward.tolist()
        return sorted(rewards)

    def feed_again(self) -> None:
        """Feed, ignoring the errors of the change from the old server to the new one."""
        for _ in range(4):
            try:
                self.feed()
            except ReplayError:
                self.feeder._server = ''
            else:
                return
        raise AssertionError('the feeder does not reach the new server')

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait for the feeder's thread."""
        for _ in range(600):
            if condition():
                return
            self.feeder._stop.wait(0.05)
        raise AssertionError(f'timed out: {self.feeder.state}')

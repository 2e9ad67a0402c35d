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

"""The rewards of a run in the order in which robots sent them, from the journal on the disk.

Replay cannot give that order: rows are drawn at random, and a refill begins in the middle.
"""

from collections.abc import Callable
import logging
from pathlib import Path
import time

from rl_agent.errors import RlError
from rl_agent.transport.transition_checks import CHECKED, find_bad_rows
from rl_learner.journal.batch_codec import TransitionBatch
from rl_learner.journal.journal_follower import JournalFollower
from rl_learner.normalisation.return_statistics import ReturnStatistics

_LOGGER = logging.getLogger(__name__)
_PERIOD_S = 0.5


class JournalRewards:
    """Brings statistics up to date with the journal; an unreadable journal is reported once."""

    def __init__(
        self,
        folder: Path,
        statistics: ReturnStatistics,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Continue at the position of the statistics.

        Args:
            folder: of the journal.
            statistics: as in the checkpoint.
            clock: in s.
        """
        self._statistics, self._clock = statistics, clock
        self._follower = JournalFollower(folder, statistics.position)
        self._read_s = float('-inf')
        self._error = ''

    def follow(self) -> None:
        """Include what was written since, if the last call is half a second ago."""
        now_s = self._clock()
        if now_s - self._read_s < _PERIOD_S:
            return
        self._read_s = now_s
        try:
            for batch in self._follower.read():
                self._include(batch)
                self._statistics.position = self._follower.position
            self._statistics.position = self._follower.position
        except RlError as error:
            if str(error) != self._error:
                _LOGGER.warning('rewards are normalised as before: %s', error)
            self._error = str(error)

    def _include(self, batch: TransitionBatch) -> None:
        """Include the transitions of a batch that are trained on."""
        bad = find_bad_rows({name: batch.columns[name] for name in CHECKED})
        sender = (batch.sender.robot, batch.sender.session)
        for part in [batch] if bad is None else batch.without(bad.is_bad):
            self._statistics.add(sender, part.first_sequence, part.transitions)

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

"""From the journal of a run into Reverb: the parts that every process with a journal needs."""

from dataclasses import dataclass
from pathlib import Path

from rl_agent.environment.spaces import Spaces
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.journal.journal import Journal, JournalSettings
from rl_learner.journal.journal_rows import JournalRows
from rl_learner.replay.feeder import ReplayFeeder
from rl_learner.replay.layout import ReplayLayout
from rl_learner.replay.state import DEMONSTRATIONS, REPLAY
from rl_learner.replay.writer import ReplayWriter
from rl_learner.run.folder import run_key

_MEGABYTE, _GIGABYTE = 1_000_000, 1_000_000_000


@dataclass(frozen=True)
class JournalFeed:
    """Reads the rows of a journal and feeds them into the run's Reverb server.

    Attributes:
        rows: of the journal.
        feeder: not started yet.
    """

    rows: JournalRows
    feeder: ReplayFeeder


def journal_settings(
    algorithm: Algorithm, *, file_mb: float = 64.0, keep_gb: float = 50.0
) -> JournalSettings:
    """Return limits of a journal that always holds what replay holds.

    Args:
        algorithm: of the run.
        file_mb: size at which the next file begins.
        keep_gb: size from which the oldest files are deleted; 0: keep all.
    """
    return JournalSettings(
        file_bytes=int(file_mb * _MEGABYTE),
        keep_bytes=int(keep_gb * _GIGABYTE),
        keep_transitions=algorithm.replay_capacity,
    )


def replay_layout(spaces: Spaces) -> ReplayLayout:
    """Return the layout of a robot's rows in replay."""
    return ReplayLayout(
        spaces.sent_size, spaces.action_size, spaces.sent_images, stack=spaces.stack
    )


def feeds_of_run(
    folder: Path,
    journal: Journal,
    demonstrations: Journal | None,
    spaces: Spaces,
    algorithm: Algorithm,
    port: int,
) -> list[JournalFeed]:
    """Return what feeds the Reverb server of a run: replay, then demonstrations if it uses them.

    Args:
        folder: of the run.
        journal: of all transitions, in that folder.
        demonstrations: the journal of what people did; None: there is none.
        spaces: of the robots.
        algorithm: of the run.
        port: of the Reverb server.
    """
    sources = [(journal, REPLAY)]
    if algorithm.demonstration_fraction and demonstrations is not None:
        sources.append((demonstrations, DEMONSTRATIONS))
    feeds = []
    for source, names in sources:
        rows = _rows_of(source, spaces, algorithm)
        writer = ReplayWriter(port, run_key(folder), names, replay_layout(spaces).pixels)
        feeds.append(JournalFeed(rows, ReplayFeeder(rows, writer)))
    return feeds


def _rows_of(journal: Journal, spaces: Spaces, algorithm: Algorithm) -> JournalRows:
    """Return the rows of a journal that this process writes."""
    return JournalRows(
        journal.folder,
        lambda: journal.written,
        replay_layout(spaces),
        n_step=algorithm.n_step,
        gamma=algorithm.gamma,
    )

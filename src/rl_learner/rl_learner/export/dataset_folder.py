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

"""What all datasets have in common: counts, and a folder that appears when it is complete."""

from collections.abc import Iterator
import contextlib
from dataclasses import dataclass, field
from pathlib import Path
import shutil
import tempfile

from rl_learner.journal.journal_episodes import RecordedEpisode


@dataclass
class ExportCounts:
    """Counts of exported data.

    Attributes:
        episodes: number of episodes.
        transitions: number of transitions in them.
        interrupted: number of episodes without a recorded end, which are exported as truncated.
        robots: names of the robots.
    """

    episodes: int = 0
    transitions: int = 0
    interrupted: int = 0
    robots: set[str] = field(default_factory=set)

    def add(self, episode: RecordedEpisode) -> None:
        """Count an episode."""
        self.episodes += 1
        self.transitions += len(episode)
        self.interrupted += episode.interrupted
        self.robots.add(episode.sender.robot)


@contextlib.contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder that takes the place of another one once everything is in it.

    Raises:
        OSError: it cannot be written; an existing one is kept.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f'.{folder.name}.', dir=folder.parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise

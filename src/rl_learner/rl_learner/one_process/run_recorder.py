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

"""Files of a run whose robots are in this process: episodes.csv and TensorBoard."""

from collections.abc import Mapping
import contextlib
from pathlib import Path
import threading
from types import SimpleNamespace

from rl_agent.environment.episodes import EpisodeResult
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.monitoring.run_scalars import CHARTS, RunScalars
from rl_learner.monitoring.tensorboard_file import EventFile
from rl_learner.run.episode_log import EpisodeLog
from rl_learner.run.folder import TENSORBOARD
from rl_learner.training.learner import Progress


class RunRecorder:
    """Writes what the recorder node would write; any thread may report episodes.

    Attributes:
        last_return: of the newest whole exploring episode, NaN before the first.
    """

    def __init__(self, folder: Path, algorithm: Algorithm, session: str) -> None:
        """Continue the files of a run.

        Raises:
            ConfigurationError: the table of episodes is damaged.
        """
        self._episodes, self._session = EpisodeLog(folder), session
        self._scalars = RunScalars(algorithm, self._episodes.total_steps)
        self._file = EventFile(folder / TENSORBOARD)
        self._file.charts(CHARTS)
        self._lock = threading.Lock()
        self.last_return = float('nan')

    def on_episode(self, robot: str, result: EpisodeResult) -> None:
        """Add an episode to the table, and to the scalars if it is whole."""
        with self._lock, contextlib.suppress(OSError):  # a full disk costs only this
            self._episodes.append(
                robot=robot,
                episode=result.episode,
                steps=0 if result.evaluation else result.steps,
                episode_return=result.episode_return,
                evaluation=result.evaluation,
                policy_version=result.policy_version,
                complete=not result.stopped,
                outcome=result.outcome,
                person_steps=result.person_steps,
            )
            if result.stopped:
                return
            if not result.evaluation:
                self.last_return = result.episode_return
            self._scalars.on_episode(
                SimpleNamespace(
                    robot=robot,
                    episode=result.episode,
                    steps=result.steps,
                    episode_return=result.episode_return,
                    evaluation=result.evaluation,
                    terminated=result.terminated,
                    outcome=result.outcome,
                    person_steps=result.person_steps,
                )
            )

    def write(self, progress: Progress, replay: Mapping[str, int], *, last: bool = False) -> None:
        """Write the scalars since the last call.

        Args:
            progress: of training.
            replay: `replay_size`, `transitions_stored` and `backlog`.
            last: nothing follows.
        """
        with self._lock, contextlib.suppress(OSError):
            self._scalars.on_learner(
                SimpleNamespace(
                    learner_session=self._session,
                    updates=progress.updates,
                    updates_per_s=progress.updates_per_s,
                    policy_version=progress.policy_version,
                    metric_names=list(progress.metrics),
                    metric_values=list(progress.metrics.values()),
                    **replay,
                )
            )
            for step, scalars in self._scalars.take_episodes(wait=False):
                self._file.scalars(scalars, step)
            self._file.scalars(self._scalars.take_means(), self._scalars.step)
            self._file.flush()
            if last:
                self._file.close()

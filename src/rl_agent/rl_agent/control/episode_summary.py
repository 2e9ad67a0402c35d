# Copyright 2026 The rl_agent authors
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

"""An AgentListener that logs the return of each episode, and their statistics at the end."""

from collections.abc import Callable
from typing import Any

import numpy as np
from rl_agent.array_types import Float32Array
from rl_agent.control.agent import AgentListener
from rl_agent.environment.episodes import EpisodeResult
from rl_agent.teaching.words import DISCARD
from rl_agent.transport.transition import Transition


class EpisodeSummary:
    """Logs episodes, and passes everything on to another listener.

    Attributes:
        returns: of the whole episodes, without those that were cut off or discarded.
    """

    def __init__(self, listener: AgentListener, log: Callable[[str], None]) -> None:
        """Begin without episodes; `log` takes each line."""
        self._listener, self._log = listener, log
        self.returns: list[float] = []

    def on_step(self, transition: Transition, wanted: Float32Array, info: dict[str, Any]) -> None:
        """Pass a step on, see `AgentListener`."""
        self._listener.on_step(transition, wanted, info)

    def on_episode(self, result: EpisodeResult) -> None:
        """Log an episode and pass it on, see `AgentListener`."""
        if not result.stopped and result.outcome != DISCARD:
            self.returns.append(result.episode_return)
        end = 'stopped' if result.stopped else 'time limit'
        self._log(
            f'episode {result.episode}: return {result.episode_return:.2f}, {result.steps} steps'
            f'{f" ({result.person_steps} by a person)" if result.person_steps else ""},'
            f' {"terminated" if result.terminated else end},'
            f'{f" {result.outcome}," if result.outcome else ""}'
            f' {"deterministic" if result.evaluation else "exploring"}, policy version'
            f' {result.policy_version}'
        )
        self._listener.on_episode(result)

    def summary(self) -> str:
        """Return mean, sample standard deviation and range of the returns, in words."""
        returns, count = np.array(self.returns), len(self.returns)
        if count == 0:
            return 'no episode ended'
        deviation = f'{returns.std(ddof=1):.2f}' if count > 1 else 'unknown'
        return (
            f'{count} episode{"s" * (count > 1)}: mean return {returns.mean():.2f}, deviation'
            f' {deviation}, from {returns.min():.2f} to {returns.max():.2f}'
        )

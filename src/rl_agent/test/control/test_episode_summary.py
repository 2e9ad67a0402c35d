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

"""Returns are logged and summarised."""

from typing import Any

from rl_agent.array_types import Float32Array
from rl_agent.control.episode_summary import EpisodeSummary
from rl_agent.environment.episodes import EpisodeResult
from rl_agent.transport.transition import Transition


class Listener:
    """Keeps the episodes."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.results: list[EpisodeResult] = []

    def on_step(self, transition: Transition, wanted: Float32Array, info: dict[str, Any]) -> None:
        """Ignore a step."""

    def on_episode(self, result: EpisodeResult) -> None:
        """Keep an episode."""
        self.results.append(result)


def ended(number: int, value: float, *, stopped: bool = False) -> EpisodeResult:
    """Return an episode of 10 steps."""
    return EpisodeResult(number, 10, value, True, 7, False, True, stopped)


def test_only_whole_episodes_are_summarised() -> None:
    listener, lines = Listener(), list[str]()
    summary = EpisodeSummary(listener, lines.append)
    assert summary.summary() == 'no episode ended'
    summary.on_episode(ended(1, -1.0))
    assert (
        summary.summary() == '1 episode: mean return -1.00, deviation unknown, from -1.00 to -1.00'
    )
    summary.on_episode(ended(2, -3.0))
    summary.on_episode(ended(3, -99.0, stopped=True))
    # by hand: the mean of -1 and -3 is -2, their sample deviation the square root of 2
    assert summary.summary() == (
        '2 episodes: mean return -2.00, deviation 1.41, from -3.00 to -1.00'
    )
    assert lines[1] == (
        'episode 2: return -3.00, 10 steps, time limit, deterministic, policy version 7'
    )
    assert 'stopped' in lines[2]
    assert [item.episode for item in listener.results] == [1, 2, 3]

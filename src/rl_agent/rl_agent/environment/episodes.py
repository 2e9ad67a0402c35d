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

"""How episodes ended, and which of them may leave the robot."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from rl_agent.teaching.words import DISCARD, FAILURE, SUCCESS


@dataclass(frozen=True)
class EpisodeResult:
    """A finished episode, see rl_msgs/msg/Episode."""

    episode: int
    steps: int
    episode_return: float
    evaluation: bool
    policy_version: int
    terminated: bool
    truncated: bool
    stopped: bool = False  # cut off by `stop`, or its end was not observed: not a whole episode
    person_steps: int = 0  # in which a person drove
    outcome: str = ''  # success, failure or discard; empty: nobody told


@dataclass
class Evaluation:
    """A request for deterministic episodes; a new request replaces an old one.

    Attributes:
        episodes_left: whole episodes still to run.
        returns: of the whole episodes so far, in order.
        policy_version: of the last of them; 0: there is none.
    """

    episodes_left: int
    returns: list[float] = field(default_factory=list)
    policy_version: int = 0

    def add(self, result: EpisodeResult) -> None:
        """Note a whole episode."""
        self.returns.append(result.episode_return)
        self.policy_version = result.policy_version
        self.episodes_left -= 1


def outcome_of(info: Mapping[str, Any], *, stopped: bool) -> str:
    """Return how an episode ended, by the `info` of its last step; empty: nobody told.

    An episode that is whole and did not succeed has failed, if its task tells.
    """
    if info['word'] or info['succeeded'] is None:
        return str(info['word'])
    if info['succeeded']:
        return SUCCESS
    return '' if stopped or info['stop'] else FAILURE


class EpisodeKeeper(Protocol):
    """Keeps the transitions of an episode back while it can be discarded; a `Spool`."""

    def hold(self) -> None:
        """Keep back what is appended from now on."""
        ...

    def release(self) -> None:
        """Let go of what was kept back."""
        ...

    def discard(self) -> int:
        """Delete what was kept back; return how many transitions that were."""
        ...


class Outcomes:
    """Counts how episodes ended, and deletes the transitions of those that are discarded.

    Attributes:
        counts: how often episodes ended with success, failure and discard.
        discarded_steps: steps whose transitions were deleted.
        discarded_person_steps: those of them in which a person drove.
    """

    def __init__(self, keeper: EpisodeKeeper | None, *, only_successes: bool) -> None:
        """Begin before the first episode.

        Args:
            keeper: keeps episodes back while they can be discarded; None: they never can.
            only_successes: discard every episode that does not end with success; with `keeper`.
        """
        self._keeper, self._only_successes = keeper, only_successes
        self.counts: Counter[str] = Counter()
        self.discarded_steps = self.discarded_person_steps = 0
        self._last_person_steps = 0  # of the last episode that ended

    def begin(self, *, discard_last: bool) -> None:
        """Keep the transitions of a new episode back; let those of the last one go.

        Args:
            discard_last: somebody said so, after its end.
        """
        if self._keeper is None:
            return
        if discard_last:
            self.counts[DISCARD] += 1
            self._discard()
        self._keeper.release()
        self._keeper.hold()

    def end(self, result: EpisodeResult) -> bool:
        """Count an episode that has ended; return whether its transitions may leave the robot."""
        self.counts[result.outcome] += 1
        self._last_person_steps = result.person_steps
        is_kept = result.outcome == SUCCESS or not (
            result.outcome == DISCARD or self._only_successes
        )
        if not is_kept:
            self._discard()
        return is_kept

    def release(self) -> None:
        """Let go of what was kept back: no episode follows for now."""
        if self._keeper is not None:
            self._keeper.release()

    def _discard(self) -> None:
        """Delete the transitions of the last episode."""
        if self._keeper is not None:
            self.discarded_steps += self._keeper.discard()
            self.discarded_person_steps += self._last_person_steps

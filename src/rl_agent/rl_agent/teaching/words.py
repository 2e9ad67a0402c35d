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

"""Words of a person or another node: success, failure, discard, pause."""

from dataclasses import replace
import threading

from rl_agent.description.safety import ReactionDescription
from rl_agent.description.teaching.words import WordsDescription
from rl_agent.errors import ConfigurationError
from rl_agent.event_log import EventLog
from rl_agent.safety.safety_state import SafetyState, Stop
from rl_agent.tasks.task import Outcome

SUCCESS, FAILURE, DISCARD, PAUSE, RESUME = 'success', 'failure', 'discard', 'pause', 'resume'
ENDS = (SUCCESS, FAILURE, DISCARD)  # of an episode
PAUSED = 'pause'  # cause of the stop
_TOO_LATE = 'word_too_late'


class Words:
    """Keeps what was said until the control step that obeys it. Any thread may call `say`.

    Attributes:
        description: what may be said.
    """

    def __init__(
        self,
        description: WordsDescription,
        state: SafetyState,
        reaction: ReactionDescription,
        events: EventLog,
    ) -> None:
        """Listen to nobody yet.

        Args:
            description: what may be said.
            state: of safety, which a pause stops.
            reaction: how a pause stops the robot.
            events: receives words that come too late.
        """
        self.description, self._state = description, state
        self._reaction, self._events = reaction, events
        self._lock = threading.Lock()
        self._said = ''  # and not obeyed yet

    @property
    def accepted(self) -> tuple[str, ...]:
        """The words that may be said."""
        ends = ENDS if self.description.discard is not None else (SUCCESS, FAILURE)
        return (*ends, PAUSE, RESUME)

    @property
    def holds_episodes(self) -> bool:
        """Whether transitions stay on the robot until their episode can be discarded no more."""
        return self.description.discard is not None

    def say(self, word: str, by: str) -> str:
        """Say a word; return what follows from it.

        Args:
            word: one of `accepted`, in any case, with any spaces around it.
            by: who says it: a topic, a service, a button.

        Raises:
            ConfigurationError: the word is unknown.
        """
        given, word = word, word.strip().lower()
        if word not in self.accepted:
            why = ' (discard needs words.discard in the description)' if word == DISCARD else ''
            raise ConfigurationError(
                f'word: given {given[:40]!r} by {by}; accepted: {", ".join(self.accepted)}{why}'
            )
        if word == PAUSE:
            reason = f'said by {by}; resume ends it'
            self._state.begin(Stop(PAUSED, reason, self._reaction, False, lambda: reason))
            return 'paused; resume lets the robot move again'
        if word == RESUME:
            self._state.end(PAUSED)
            return 'not paused'
        with self._lock:
            if self._said:
                return f'{self._said} was said first in this step'
            self._said = word
        which = 'or, between two, the last one' if word == DISCARD else 'if one is in progress'
        return f'{word}: for the episode in progress, {which}'

    def press(self, buttons: tuple[int, ...]) -> None:
        """Say the words of buttons that were just pressed."""
        for word, button in self.description.buttons.items():
            if button in buttons:
                is_paused = word == PAUSE and self.is_paused
                self.say(RESUME if is_paused else word, f'button {button}')

    @property
    def is_paused(self) -> bool:
        """Whether the robot is stopped by a pause, and by nothing else."""
        stop = self._state.stop
        return stop is not None and stop.cause == PAUSED

    def begin_episode(self) -> bool:
        """Return, as an episode begins, whether the one before was discarded since its end."""
        with self._lock:
            said, self._said = self._said, ''
        if said in (SUCCESS, FAILURE):
            self._events.note(_TOO_LATE, f'{said}: no episode was in progress')
        return said == DISCARD

    def apply(self, outcome: Outcome) -> tuple[str, Outcome]:
        """Return the word that ends the episode in this step, and the outcome with it.

        Args:
            outcome: of the step by the task.

        Returns:
            an empty text and the same outcome if no word was said.
        """
        if not self._said:  # the usual case, without the lock
            return '', outcome
        with self._lock:
            said, self._said = self._said, ''
        if said == DISCARD:
            return said, replace(outcome, truncated=True)
        word = self.description.success if said == SUCCESS else self.description.failure
        parts = {**outcome.parts, said: outcome.parts.get(said, 0.0) + word.reward}
        return said, Outcome(parts, terminated=True, succeeded=said == SUCCESS)

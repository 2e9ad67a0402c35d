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

"""Words end episodes, pause robots, and are refused with what is accepted."""

import numpy as np
import pytest
from rl_agent.description.safety import ReactionDescription
from rl_agent.description.teaching.words import (
    EndWordDescription,
    WordDescription,
    WordsDescription,
)
from rl_agent.errors import ConfigurationError
from rl_agent.event_log import EventLog
from rl_agent.safety.safety_state import SafetyState
from rl_agent.tasks.success import Success
from rl_agent.tasks.task import Outcome
from rl_agent.teaching.words import Words

GOING_ON = Outcome({'speed': 0.5}, terminated=False)


class Said:
    """Words of a robot whose description has buttons and discard."""

    def __init__(self, description: WordsDescription | None = None) -> None:
        self.events = EventLog()
        self.state = SafetyState(self.events)
        description = description or WordsDescription(
            success=EndWordDescription(button=0, reward=1.0),
            failure=EndWordDescription(button=1, reward=-2.0),
            discard=WordDescription(button=2),
            pause=WordDescription(button=3),
        )
        self.words = Words(description, self.state, ReactionDescription(), self.events)


@pytest.mark.parametrize(
    ('word', 'reward', 'terminated', 'truncated', 'succeeded'),
    [
        ('success', 1.5, True, False, True),
        (' Success\n', 1.5, True, False, True),
        ('failure', -1.5, True, False, False),
        ('discard', 0.5, False, True, None),
    ],
)
def test_a_word_ends_the_episode(
    word: str, reward: float, terminated: bool, truncated: bool, succeeded: bool | None
) -> None:
    said = Said()
    said.words.begin_episode()
    said.words.say(word, 'test')
    found, outcome = said.words.apply(GOING_ON)
    assert found == word.strip().lower()
    assert outcome.reward == reward
    assert (outcome.terminated, outcome.truncated) == (terminated, truncated)
    assert outcome.succeeded is succeeded
    assert said.words.apply(GOING_ON) == ('', GOING_ON)  # once


def test_the_first_word_of_a_step_counts() -> None:
    said = Said()
    said.words.begin_episode()
    said.words.say('failure', 'test')
    assert said.words.say('success', 'test') == 'failure was said first in this step'
    assert said.words.apply(GOING_ON)[0] == 'failure'


def test_between_episodes_only_discard_counts() -> None:
    said = Said()
    said.words.say('success', 'test')
    assert said.words.begin_episode() is False
    assert said.words.apply(GOING_ON)[0] == ''
    assert said.events.counts() == {'word_too_late': 1}
    said.words.say('discard', 'test')
    assert said.words.begin_episode() is True
    assert said.words.begin_episode() is False


def test_a_pause_stops_the_robot_until_resume() -> None:
    said = Said()
    said.words.say('pause', 'topic word')
    assert said.words.is_paused
    assert said.state.summary == 'pause: said by topic word; resume ends it'
    assert not said.state.is_latched
    said.words.say('resume', 'topic word')
    assert said.state.stop is None


def test_buttons_say_their_words() -> None:
    said = Said()
    said.words.begin_episode()
    said.words.press((3,))
    assert said.state.summary.startswith('pause')
    said.words.press((3, 7))
    assert not said.words.is_paused
    said.words.press((1,))
    assert said.words.apply(GOING_ON)[0] == 'failure'


@pytest.mark.parametrize('word', ['', 'sucess', 'x' * 10_000, 'success failure'])
def test_an_unknown_word_is_refused(word: str) -> None:
    with pytest.raises(ConfigurationError, match='accepted: success, failure, discard') as e:
        Said().words.say(word, 'topic word')
    assert len(str(e.value)) < 200


def test_discard_needs_a_description_that_keeps_episodes_back() -> None:
    said = Said(WordsDescription())
    assert not said.words.holds_episodes
    with pytest.raises(ConfigurationError, match=r'discard needs words\.discard'):
        said.words.say('discard', 'test')


def test_one_button_has_one_word() -> None:
    with pytest.raises(ValueError, match='0'):
        WordsDescription(
            success=EndWordDescription(button=0), failure=EndWordDescription(button=0)
        )


@pytest.mark.parametrize(
    ('values', 'reward', 'ended'),
    [
        ({}, 0.0, False),
        ({'success': [0.49]}, 0.0, False),
        ({'success': [0.5]}, 2.0, True),
        ({'success': [1.0]}, 2.0, True),
    ],
)
def test_the_sparse_task_is_judged_by_its_field(
    values: dict[str, list[float]], reward: float, ended: bool
) -> None:
    after = {name: np.array(item) for name, item in values.items()}
    outcome = Success(reward=2.0).outcome({}, np.zeros(1), after)
    assert (outcome.reward, outcome.terminated, outcome.succeeded) == (reward, ended, ended)
    costly = Success(reward=2.0, step_cost=0.25).outcome({}, np.zeros(1), after)
    assert costly.parts['step_cost'] == -0.25

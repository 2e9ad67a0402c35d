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

"""Each publisher's own word counts, and its promise of a heartbeat."""

import math

from rl_agent.safety.publisher_words import Publisher, PublisherWords

TOPIC = '/emergency_stop'
BUTTON, PHONE, ONCE = (Publisher(TOPIC, name) for name in (b'button', b'phone', b'once'))
FAR = Publisher('/robot/emergency_stop', b'far')


class Talk:
    """Publishers that speak; all but those that have left are listed."""

    def __init__(self, heartbeat_s: float | None = None) -> None:
        """Begin at time 0 with nobody listed."""
        self.now_s, self.listed = 0.0, [BUTTON, PHONE, FAR]
        self.words = PublisherWords(heartbeat_s, lambda: self.now_s)
        self._numbers: dict[Publisher, int] = {}

    def say(self, publisher: Publisher, stop: bool, *, number: int | None = None) -> None:
        """Let a publisher say its word with its next number."""
        self._numbers[publisher] = self._numbers.get(publisher, 0) + 1
        number = self._numbers[publisher] if number is None else number
        listed = [item for item in self.listed if item.topic == publisher.topic]
        self.words.hear(publisher, stop, number, lambda: listed)


def test_nobody_can_take_back_the_stop_of_another() -> None:
    talk = Talk()
    talk.say(BUTTON, stop=True)
    talk.say(PHONE, stop=False)
    talk.say(FAR, stop=False)
    assert talk.words.asking == [BUTTON]
    talk.say(BUTTON, stop=False)
    assert talk.words.asking == []


def test_the_stop_of_one_that_has_left_ends_with_the_next_word_on_its_topic() -> None:
    talk = Talk()
    talk.listed.append(ONCE)
    talk.say(PHONE, stop=False)
    talk.say(ONCE, stop=True)
    talk.listed.remove(ONCE)
    assert talk.words.asking == [ONCE], 'it may have been killed with its button pressed'
    talk.say(FAR, stop=False)
    assert talk.words.asking == [ONCE], 'another topic'
    talk.say(PHONE, stop=False)
    assert talk.words.asking == []


def test_a_message_that_arrives_late_or_twice_changes_nothing() -> None:
    talk = Talk(heartbeat_s=1.0)
    talk.say(BUTTON, stop=True)
    talk.say(BUTTON, stop=False)
    talk.say(BUTTON, stop=True, number=1)
    talk.say(BUTTON, stop=True, number=2)
    assert talk.words.asking == []


def test_without_numbers_every_message_counts() -> None:
    talk = Talk()
    for stop in (False, True, False, True):
        talk.say(BUTTON, stop, number=0)
        assert bool(talk.words.asking) == stop


def test_where_ids_are_not_listed_one_alone_may_end_the_stop_of_another() -> None:
    talk = Talk()
    talk.listed = [Publisher(TOPIC, b'listed'), Publisher(TOPIC, b'another')]
    talk.say(ONCE, stop=True)
    talk.say(PHONE, stop=False)
    assert talk.words.asking == [ONCE]
    talk.listed.pop()
    talk.say(PHONE, stop=False)
    assert talk.words.asking == []


def test_a_heartbeat_is_a_word_that_is_repeated_in_time() -> None:
    talk = Talk(heartbeat_s=1.0)
    assert talk.words.last_heartbeat_s() == -math.inf
    talk.say(BUTTON, stop=False)
    assert talk.words.last_heartbeat_s() == -math.inf, 'one message promises nothing'
    talk.now_s = 0.5
    talk.say(BUTTON, stop=False)
    assert talk.words.last_heartbeat_s() == 0.5
    talk.now_s = 9.0
    talk.say(PHONE, stop=False)
    assert talk.words.last_heartbeat_s() == 0.5
    assert talk.words.silent == [BUTTON]


def test_each_heartbeat_must_go_on() -> None:
    talk = Talk(heartbeat_s=1.0)
    for talk.now_s in (0.0, 0.5, 1.0, 1.5, 2.0):
        talk.say(PHONE, stop=False)
        if talk.now_s <= 0.5:
            talk.say(BUTTON, stop=False)
    assert talk.words.last_heartbeat_s() == 0.5
    assert talk.words.silent == [BUTTON]
    talk.listed.remove(BUTTON)
    talk.say(PHONE, stop=False)
    assert talk.words.last_heartbeat_s() == 2.0, 'it has left for good'


def test_publishers_that_come_and_go_are_forgotten_but_not_their_stop() -> None:
    talk = Talk()
    for number in range(1000):
        talk.listed = [Publisher(TOPIC, b'%d' % number)]
        talk.say(talk.listed[0], stop=number % 2 == 1)
    assert len(talk.words._words) < 100
    assert talk.listed == talk.words.asking

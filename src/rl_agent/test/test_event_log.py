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

"""Every event is counted, and reported once."""

from rl_agent.event_log import EventLog


def test_a_lasting_fault_is_reported_when_it_begins_and_when_it_ends() -> None:
    events = EventLog()
    for _ in range(100):
        events.begin('imu_late', '0.7 s old')
    begun = events.take_reports()
    assert [(item.text, item.level) for item in begun] == [('imu_late: 0.7 s old', 'error')]
    events.end('imu_late')
    events.end('imu_late')
    over = events.take_reports()
    assert [item.level for item in over] == ['info']
    assert over[0].text.startswith('imu_late: over after ')
    assert over[0].text.endswith(' s, noticed 100 times')
    assert events.counts() == {'imu_late': 1}
    events.begin('imu_late', 'again')
    assert events.counts() == {'imu_late': 2}
    assert len(events.take_reports()) == 1


def test_an_event_without_duration_is_reported_once_and_counted() -> None:
    events = EventLog()
    for _ in range(7):
        events.note('limited_by_box', 'given 1.5; accepted: -1 to 1')
    assert [item.level for item in events.take_reports()] == ['warning']
    assert events.counts() == {'limited_by_box': 7}


def test_a_text_is_made_only_for_a_report() -> None:
    events, asked = EventLog(), []

    def text() -> str:
        asked.append(1)
        return 'given 1.5'

    for _ in range(7):
        events.note('limited_by_box', text)
    assert asked == [1]
    assert [item.text for item in events.take_reports()] == ['limited_by_box: given 1.5']


def test_news_is_not_counted() -> None:
    events = EventLog()
    events.info('the learner changed')
    assert [item.level for item in events.take_reports()] == ['info']
    assert events.counts() == {}


def test_many_sources_are_counted_and_not_all_named() -> None:
    """Anybody can send under any name; memory and log stay bounded."""
    events = EventLog()
    for number in range(1500):
        events.note('batch_refused', 'a text', f'robot {number}')
        if number % 100 == 0:
            events.take_reports()
    assert events.counts() == {'batch_refused': 1500}
    assert len(events._named) == 1000
    events.take_reports()
    events.note('batch_refused', 'a text', 'one more')
    assert events.take_reports() == []

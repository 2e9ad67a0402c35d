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

"""Two robots of one name are named at robot and learner machine; a restart is not."""

from rl_agent.event_log import EventLog
from rl_agent.transport.same_name import OtherSessions, RobotNames


def test_acknowledgements_of_another_session_that_go_on_are_named_once() -> None:
    events = EventLog()
    others = OtherSessions('robot_1', events)
    for second in range(20):
        others.acknowledged('theirs', 10 + second, float(second))
    (report,) = events.take_reports()
    assert "same_robot_name: 'robot_1'" in report.text
    assert "'theirs'" in report.text
    assert events.counts() == {'same_robot_name': 14}  # from second 6 on


def test_late_acknowledgements_of_an_earlier_session_are_no_reason() -> None:
    events = EventLog()
    others = OtherSessions('robot_1', events)
    for time_s in (0.0, 0.3, 4.9):
        others.acknowledged('earlier', 10 + int(time_s), time_s)
    for time_s in (6.0, 60.0):  # a repetition
        others.acknowledged('earlier', 10, time_s)
    assert events.counts() == {}


def test_more_sessions_than_are_kept_end_nothing() -> None:
    others = OtherSessions('robot_1', EventLog())
    for number in range(1000):
        others.acknowledged(f'session {number}', 1, 0.0)
    assert len(others._first) <= 64


def test_sessions_that_take_turns_are_two_robots() -> None:
    events = EventLog()
    names = RobotNames(events)
    answers = [names.stored('robot_1', 'ab'[number % 2]) for number in range(101)]
    assert answers == [False] * 64 + [True] * 37
    (report,) = events.take_reports()
    assert "same_robot_name: 'robot_1': sessions 'a' and 'b'" in report.text or (
        "same_robot_name: 'robot_1': sessions 'b' and 'a'" in report.text
    )


def test_other_names_do_not_count() -> None:
    names = RobotNames(EventLog())
    for number in range(1000):
        assert not names.stored(f'robot_{number % 2}', 'ab'[number % 2])


def test_restarts_do_not_count() -> None:
    """A thousand starts; each session's last transitions are sent again after its successor's."""
    names = RobotNames(EventLog())
    for number in range(1000):
        for session in (number, number + 1, number, number + 1, number, number + 1):
            assert not names.stored('robot_1', str(session))
    assert len(names._turns['robot_1']) <= 8


def test_more_names_than_are_kept_end_nothing() -> None:
    names = RobotNames(EventLog())
    for number in range(20_100):
        names.stored(f'robot_{number}', 'a')
    assert len(names._newest) <= 10_000

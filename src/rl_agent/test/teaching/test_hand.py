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

"""When a person drives: dead-man button, deadline, refusals and buttons, by the messages' arrival.

Reported of others: joystick_drivers#96 (a repeated message keeps its stamp), #139 (a held button
comes with every message), #304 (a driver falls silent while nothing changes); turtlebot_apps#55
and pr2_robot#134 (a robot drives on without messages); gym-hil#18 (nobody says why it stands).
"""

import numpy as np
import pytest
from rl_agent.event_log import EventLog
from rl_agent.teaching.hand import Hand, HAND_REFUSED, HAND_SILENT, HandMessage

DEADLINE_S = 0.3
DEAD_MAN = 4


class Bench:
    """A hand whose messages come every 0.05 s."""

    def __init__(self, *, dead_man: bool = True) -> None:
        """Begin with a hand that was never heard."""
        self.events, self.now_s, self._dead_man = EventLog(), 100.0, dead_man
        self.pressed: list[tuple[int, ...]] = []
        self.hand = Hand('/joy', DEADLINE_S, self.events, self.pressed.append)

    def hear(
        self, number: float = 0.5, *buttons: int, after_s: float = 0.05
    ) -> 'list[float] | None':
        """Hear a message; return the numbers of a person who drives."""
        self.now_s += after_s
        held = frozenset(buttons)
        is_held = DEAD_MAN in held if self._dead_man else None
        self.hand.hear(HandMessage(np.array([number]), held, is_held), self.now_s)
        return self.drives()

    def drives(self, after_s: float = 0.0) -> 'list[float] | None':
        """Return the numbers of a person who drives, after some time."""
        self.now_s += after_s
        numbers = self.hand.numbers(self.now_s)
        return None if numbers is None else numbers.tolist()

    @property
    def state(self) -> str:
        """The state of the hand now."""
        return self.hand.state(self.now_s)

    @property
    def reports(self) -> list[str]:
        """Texts of the reports since the last look."""
        return [report.text for report in self.events.take_reports()]


def test_a_person_drives_while_the_dead_man_button_is_held() -> None:
    bench = Bench()
    assert (bench.state, bench.drives()) == ('silent', None)
    assert (bench.hear(0.5), bench.state) == (None, 'idle')
    assert (bench.hear(0.5, DEAD_MAN), bench.state) == ([0.5], 'driving')
    assert bench.hear(-0.25, DEAD_MAN) == [-0.25]
    assert (bench.hear(-0.25), bench.state) == (None, 'idle')
    assert bench.events.counts() == {}


def test_a_button_that_is_stuck_at_power_on_must_be_released_once() -> None:
    bench = Bench()
    for _ in range(3):
        assert bench.hear(1.0, DEAD_MAN) is None
    assert bench.state == (
        'refused: /joy: the dead-man button is held from the beginning; accepted: release it once,'
        ' then hold it to drive'
    )
    assert [text.partition(':')[0] for text in bench.reports] == [HAND_REFUSED]  # once
    assert (bench.hear(1.0), bench.state) == (None, 'idle')
    assert bench.hear(1.0, DEAD_MAN) == [1.0]
    (over,) = bench.reports
    assert over.startswith(f'{HAND_REFUSED}: over after')


def test_a_hand_that_falls_silent_while_it_drives_is_named_once() -> None:
    bench = Bench()
    bench.hear()
    bench.hear(0.5, DEAD_MAN)
    assert bench.drives(after_s=DEADLINE_S - 0.01) == [0.5]
    for _ in range(3):
        assert bench.drives(after_s=0.02) is None
    assert bench.state == 'silent'
    (report,) = bench.reports
    assert report.startswith(f'{HAND_SILENT}: /joy: fell silent while a person drove')
    assert 'autorepeat_rate' in report
    # it is back with the button held: as at power-on
    assert bench.hear(0.5, DEAD_MAN) is None
    assert bench.hear(0.5) is None
    assert bench.hear(0.5, DEAD_MAN) == [0.5]
    assert bench.events.counts() == {HAND_SILENT: 1, HAND_REFUSED: 1}


def test_a_silence_while_the_policy_drives_is_no_fault() -> None:
    bench = Bench()
    bench.hear()
    assert (bench.drives(after_s=10.0), bench.state) == (None, 'silent')
    assert bench.reports == []


def test_without_a_button_the_second_message_in_time_drives() -> None:
    bench = Bench(dead_man=False)
    assert bench.hear(0.5) is None
    assert bench.hear(0.5) == [0.5]
    assert bench.hear(0.5, after_s=DEADLINE_S + 0.1) is None  # a late one is a first one
    assert bench.hear(0.5, after_s=DEADLINE_S + 0.1) is None
    assert bench.hear(0.5) == [0.5]


def test_only_buttons_that_were_just_pressed_are_passed_on() -> None:
    bench = Bench()
    bench.hear(0.0, 0)  # the first message: held before
    bench.hear(0.0, 0, 2)
    bench.hear(0.0, 0, 2)  # repeated by the driver
    bench.hear(0.0)
    bench.hear(0.0, 7, 1)
    bench.hear(0.0, 3, after_s=DEADLINE_S + 0.1)  # after a silence
    assert bench.pressed == [(2,), (1, 7)]


def test_a_refused_message_ends_the_takeover() -> None:
    bench = Bench()
    bench.hear()
    assert bench.hear(0.5, DEAD_MAN) == [0.5]
    bench.now_s += 0.05
    for _ in range(3):
        bench.hand.refuse('/joy: given nan; accepted: finite numbers', bench.now_s)
    assert (bench.drives(), bench.state) == (
        None,
        'refused: /joy: given nan; accepted: finite numbers',
    )
    assert bench.reports == [f'{HAND_REFUSED}: /joy: given nan; accepted: finite numbers']
    assert bench.hear(0.5, DEAD_MAN) is None  # as at power-on
    assert bench.hear(0.5) is None
    assert bench.hear(0.5, DEAD_MAN) == [0.5]
    assert bench.pressed == [(DEAD_MAN,), (DEAD_MAN,)]


@pytest.mark.parametrize('heard', [False, True])
def test_what_the_graph_says_is_told_while_nothing_is_heard(heard: bool) -> None:
    bench = Bench()
    bench.hand.report_outside('/joy: given geometry_msgs/msg/Twist; accepted: sensor_msgs/msg/Joy')
    if heard:
        bench.hear()
    assert bench.state == (
        'idle'
        if heard
        else 'refused: /joy: given geometry_msgs/msg/Twist; accepted: sensor_msgs/msg/Joy'
    )
    assert bench.events.counts() == {HAND_REFUSED: 1}
    bench.hand.report_outside('')
    bench.now_s += 1.0
    assert bench.state == 'silent'

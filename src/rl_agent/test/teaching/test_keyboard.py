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

"""Keys of a terminal as a joystick: what is held, for how long, and what space does."""

import pytest
from rl_agent.teaching.keyboard import AXES, BUTTONS, explain, Keyboard

DEAD_MAN = 4


@pytest.fixture
def keyboard() -> Keyboard:
    """Return a keyboard without keys."""
    return Keyboard(DEAD_MAN)


def held(keyboard: Keyboard, now_s: float) -> set[int]:
    """Return the buttons that are held."""
    return {index for index, value in enumerate(keyboard.buttons(now_s)) if value}


def test_at_rest_everything_is_0(keyboard: Keyboard) -> None:
    assert keyboard.axes(0.0) == [0.0] * AXES
    assert keyboard.buttons(0.0) == [0] * BUTTONS


def test_a_key_is_held_through_the_first_delay_of_the_terminal(keyboard: Keyboard) -> None:
    """X11 repeats a key after 0.66 s or less, then 25 times a second."""
    keyboard.press('w', 0.0)
    given = []
    for hundredths in range(0, 200, 2):
        now_s = hundredths / 100
        if 0.5 <= now_s < 1.5 and hundredths % 4 == 0:
            keyboard.press('w', now_s)
        given.append(keyboard.axes(now_s)[1])
    assert given[: 160 // 2] == [1.0] * 80  # no zero between press and repeat
    assert given[164 // 2 :] == [0.0] * 18  # released at 1.5 s


def test_a_tap_ends_by_itself(keyboard: Keyboard) -> None:
    keyboard.press('a', 0.0)
    assert (keyboard.axes(0.59)[0], keyboard.axes(0.6)[0]) == (1.0, 0.0)


def test_the_opposite_key_takes_over_at_once(keyboard: Keyboard) -> None:
    keyboard.press('wd', 0.0)
    assert keyboard.axes(0.1) == [-1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    keyboard.press('s', 0.1)
    assert keyboard.axes(0.1) == [-1.0, -1.0, 0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize('text', ['\x1b[A\x1b[D', '\x1bOA\x1bOD', 'WA'])
def test_arrows_and_capitals_are_keys(keyboard: Keyboard, text: str) -> None:
    keyboard.press(text, 0.0)
    assert keyboard.axes(0.1)[:2] == [1.0, 1.0]


def test_other_sequences_are_ignored(keyboard: Keyboard) -> None:
    keyboard.press(' \x1b[3~\x1b[1;5Hz\x00\ufffd', 0.0)
    assert (keyboard.axes(0.1), held(keyboard, 0.1)) == ([0.0] * AXES, {DEAD_MAN})


def test_space_takes_over_and_gives_back(keyboard: Keyboard) -> None:
    keyboard.press('w', 0.0)
    keyboard.press(' ', 0.1)
    assert (held(keyboard, 0.1), keyboard.axes(0.1)[1]) == ({DEAD_MAN}, 0.0)  # begins at rest
    keyboard.press(' ', 0.2)
    assert held(keyboard, 0.2) == set()
    for release in 'x\x1b':
        keyboard.press(' i', 0.3)
        keyboard.press(release, 0.4)
        assert (held(keyboard, 0.4), keyboard.axes(0.4)) == (set(), [0.0] * AXES)


def test_nobody_at_the_keyboard_gives_back(keyboard: Keyboard) -> None:
    keyboard.press(' ', 0.0)
    assert held(keyboard, 10.0) == {DEAD_MAN}
    assert held(keyboard, 10.1) == set()
    keyboard.press('w', 11.0)
    assert held(keyboard, 11.0) == set()


def test_numbers_are_buttons_except_the_dead_man(keyboard: Keyboard) -> None:
    keyboard.press('074', 0.0)
    assert held(keyboard, 0.1) == {0, 7}


def test_the_size_changes_in_tenths(keyboard: Keyboard) -> None:
    keyboard.press('----w', 0.0)
    assert keyboard.axes(0.1)[1] == 0.6
    keyboard.press('-' * 20, 0.1)
    assert keyboard.axes(0.1)[1] == 0.1
    keyboard.press('+=' * 20, 0.2)
    assert keyboard.axes(0.2)[1] == 1.0


def test_the_help_names_the_dead_man() -> None:
    assert '(button 7)' in explain(7)

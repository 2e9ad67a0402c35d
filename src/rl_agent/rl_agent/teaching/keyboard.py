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

"""What keys of a terminal say, as the axes and buttons of a joystick.

A terminal tells that a key was pressed, not that it was released; while it is held, it is repeated
after a first, longer delay. So a key counts as held for a while, longer after its first press:
shorter than that delay, the stick would flicker (ros-teleop/teleop_twist_keyboard#29).
"""

from dataclasses import dataclass, field
import re

AXES, BUTTONS = 6, 12
# of the axis: key of 1, key of -1; left and forward are positive, as on a joystick of ROS
KEYS = (('a', 'd'), ('w', 's'), ('q', 'e'), ('i', 'k'), ('j', 'l'), ('u', 'o'))
_ARROWS = {
    'A': 'w',
    'B': 's',
    'C': 'd',
    'D': 'a',
}  # after ESC [ or ESC O
_KEY = re.compile(r'\x1b[\[O](?P<arrow>[ABCD])|\x1b[\[O][0-9;]*[A-Za-z~]|(?P<key>[\s\S])')
_DEAD_MAN, _RELEASE = ' ', ('\x1b', 'x')
_OPPOSITE = dict([*KEYS, *((less, more) for more, less in KEYS)])
_LOUDER, _SOFTER, _STEP = '+=', '-', 0.1


@dataclass
class Keyboard:
    """The keys that count as held.

    Attributes:
        dead_man: index of the button that space switches on and off.
        size: of an axis whose key is held.
        first_s: how long a key counts as held after its first press.
        repeat_s: the same after each repeat.
        idle_s: the dead-man button goes off by itself after this long without a key.
        is_driving: whether the dead-man button is on.
    """

    dead_man: int
    size: float = 1.0
    first_s: float = 0.6
    repeat_s: float = 0.15
    idle_s: float = 10.0
    is_driving: bool = False
    _until_s: dict[str, float] = field(default_factory=dict)  # key: when it counts as released
    _last_s: float = 0.0

    def press(self, text: str, now_s: float) -> None:
        """Take what the terminal has sent.

        Args:
            text: one key or several.
            now_s: time on the steady clock.
        """
        for found in _KEY.finditer(text):
            if found['arrow']:
                self._press(_ARROWS[found['arrow']], now_s)
            elif found['key']:
                self._press(found['key'], now_s)

    def axes(self, now_s: float) -> list[float]:
        """Return the axes, each in [-1, 1], (AXES,)."""
        return [
            self.size * (self._is_held(more, now_s) - self._is_held(less, now_s))
            for more, less in KEYS
        ]

    def buttons(self, now_s: float) -> list[int]:
        """Return the buttons, each 0 or 1, (BUTTONS,)."""
        if now_s - self._last_s > self.idle_s:
            self.is_driving = False
        held = [int(self._is_held(str(index), now_s)) for index in range(BUTTONS)]
        held[self.dead_man] = int(self.is_driving)
        return held

    def _press(self, key: str, now_s: float) -> None:
        """Take one key."""
        key = key.lower()
        self._last_s = now_s
        if key == _DEAD_MAN:
            self.is_driving = not self.is_driving
            self._until_s = {}
        elif key in _RELEASE:
            self.is_driving, self._until_s = False, {}
        elif key in _LOUDER:
            self.size = min(1.0, round(self.size + _STEP, 3))
        elif key in _SOFTER:
            self.size = max(_STEP, round(self.size - _STEP, 3))
        else:
            lasts_s = self.repeat_s if self._is_held(key, now_s) else self.first_s
            until_s = max(now_s + lasts_s, self._until_s.get(key, 0.0))
            # the opposite key takes over at once
            self._until_s = {
                other: other_until_s
                for other, other_until_s in self._until_s.items()
                if now_s < other_until_s and other != _OPPOSITE.get(key)
            }
            self._until_s[key] = until_s

    def _is_held(self, key: str, now_s: float) -> bool:
        """Return whether a key counts as held."""
        return now_s < self._until_s.get(key, 0.0)


def explain(dead_man: int) -> str:
    """Return what the keys do, in a few lines for a terminal."""
    names = ('0: a d', '1: w s', '2: q e', '3: i k', '4: j l', '5: u o')
    return (
        'The keyboard is a joystick (sensor_msgs/Joy):\n'
        f'  space   take over, and give back (button {dead_man})\n'
        f'  axes    {"   ".join(names)}   (+1 -1; arrows are 0 and 1)\n'
        '  0 to 9  buttons\n'
        '  + -     size of the axes\n'
        '  x, Esc  give back and release all\n'
        '  Ctrl-C  end\n'
    )

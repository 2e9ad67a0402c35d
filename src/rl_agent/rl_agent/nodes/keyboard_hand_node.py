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

"""The `keyboard_hand` node: makes a joystick of a terminal, for those without a stick."""

from array import array
from collections.abc import Sequence
import os
import select
import sys
import termios
import threading
import time
import tty
from typing import Any

from rl_agent.bringup.robot_parameters import KeyboardHandParameters
from rl_agent.errors import ConfigurationError
from rl_agent.ros.ros_managed_node import ManagedNode
from rl_agent.ros.ros_node_main import run
from rl_agent.ros.ros_parameters import declare_parameters
from rl_agent.ros.ros_topics import HAND_OFFERED_QOS, JOY, steady_clock
from rl_agent.teaching.keyboard import explain, Keyboard
from sensor_msgs.msg import Joy

_PERIOD_S = 0.05
_WAIT_S = 0.1  # for a key
_LONGEST = 1024  # bytes of keys at a time


class KeyboardHandNode(ManagedNode):
    """Publishes `sensor_msgs/Joy` at 20 Hz, with the keys that count as held.

    The terminal sends each key at once and shows none, until the node ends; then it is as before.
    A terminal that is closed ends the node.
    """

    def __init__(self) -> None:
        """Read the parameters."""
        super().__init__('keyboard_hand')
        self._settings = declare_parameters(self, KeyboardHandParameters)
        self._before: list[Any] | None = None  # settings of the terminal
        self._reading: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def autostart(self) -> bool:
        """Whether the process takes the node to `active` by itself."""
        return self._settings.autostart

    def configure(self) -> None:
        """Find the terminal."""
        if not (sys.stdin and sys.stdin.isatty()):
            raise ConfigurationError(
                'stdin: given none, or one that is no terminal; accepted: the terminal of `ros2'
                ' run rl_agent keyboard_hand`, or in a launch file a prefix that opens one, such'
                " as 'xterm -e'"
            )
        settings = self._settings
        self._keyboard = Keyboard(
            settings.dead_man,
            settings.size,
            settings.first_s,
            settings.repeat_s,
            settings.idle_s,
        )
        self._publisher = self.create_publisher(Joy, JOY, HAND_OFFERED_QOS)

    def activate(self) -> None:
        """Read keys, publish a joystick."""
        self._terminal = sys.stdin.fileno()
        self._before = termios.tcgetattr(self._terminal)
        tty.setcbreak(self._terminal)  # Ctrl-C still is a signal
        print(explain(self._settings.dead_man), flush=True)
        self._timer = self.create_timer(_PERIOD_S, self._publish, clock=steady_clock())
        self._is_over = threading.Event()
        self._reading = threading.Thread(target=self._read, name='keys', daemon=True)
        self._reading.start()

    def deactivate(self) -> None:
        """Let go, and leave the terminal as it was."""
        reading, self._reading = self._reading, None
        if reading is None:
            return
        self._is_over.set()
        reading.join()
        self.destroy_timer(self._timer)
        with self._lock:
            self._keyboard.press('x', time.monotonic())
        self._publish()
        before, self._before = self._before, None
        if before is not None:
            try:
                termios.tcsetattr(self._terminal, termios.TCSADRAIN, before)
            except termios.error as error:  # it is gone
                self.get_logger().debug(str(error))

    def clean_up(self) -> None:
        """Stop publishing."""
        self.destroy_publisher(self._publisher)

    def _read(self) -> None:
        """Take keys until the end, of the node or of the terminal."""
        while not self._is_over.is_set():
            try:
                ready, _, _ = select.select([self._terminal], [], [], _WAIT_S)
                text = os.read(self._terminal, _LONGEST) if ready else None
            except OSError:
                text = b''
            if text == b'':  # it was closed
                self.ended.set()
                return
            if text:
                with self._lock:
                    self._keyboard.press(text.decode('utf-8', 'replace'), time.monotonic())

    def _publish(self) -> None:
        """Publish what counts as held."""
        now_s = time.monotonic()
        with self._lock:
            axes, buttons = self._keyboard.axes(now_s), self._keyboard.buttons(now_s)
        message = Joy(axes=array('f', axes), buttons=array('i', buttons))
        message.header.stamp = self.get_clock().now().to_msg()
        message.header.frame_id = 'keyboard'
        self._publisher.publish(message)


def main(args: Sequence[str] | None = None) -> None:
    """Run the node."""
    sys.exit(run(KeyboardHandNode, args))


if __name__ == '__main__':
    main()

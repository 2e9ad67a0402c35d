# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The node `keyboard_hand` in a terminal, and without one.

Reported of others: teleop_twist_keyboard#21 (`Inappropriate ioctl` in a launch file), #29 (zeros
between a key and its first repeat), dave#68 (a node that runs on without a keyboard).
"""

from collections.abc import Iterator
import contextlib
import os
import pty
import signal
import subprocess
import sys
import termios
from typing import Any

from fleet import Listener
import pytest
from sensor_msgs.msg import Joy

WITHIN_S = 60.0
TOPIC = '/typed/joy'
COMMAND = [sys.executable, '-m', 'rl_agent.nodes.keyboard_hand_node']
ARGUMENTS = ['--ros-args', '-r', '__ns:=/typed', '-p', 'first_s:=2.0']
DEAD_MAN = 4


class Typed:
    """The node in a terminal.

    Attributes:
        process: of the node.
        keys: end of the terminal at which a test types.
        listener: hears the joystick.
    """

    def __init__(self, environment: dict[str, str]) -> None:
        """Start the node."""
        self.keys, self.terminal = pty.openpty()
        self.before = termios.tcgetattr(self.terminal)
        self.listener = Listener({TOPIC: (Joy, 10)})
        self.process = subprocess.Popen(
            [*COMMAND, *ARGUMENTS],
            env=environment,
            stdin=self.terminal,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def until(self, condition: Any, what: str) -> Joy:
        """Wait for a message that meets a condition; return it."""
        heard = self.listener.heard[TOPIC]
        begin = len(heard)
        self.listener.until(lambda: any(map(condition, heard[begin:])), WITHIN_S, what)
        return next(filter(condition, heard[begin:]))

    def type(self, text: str) -> None:
        """Type keys."""
        os.write(self.keys, text.encode())

    def end(self) -> str:
        """Wait for the end of the node; return what it printed."""
        printed, errors = self.process.communicate(timeout=WITHIN_S)
        assert (self.process.returncode, errors) == (0, '')
        return printed


@pytest.fixture
def typed(ros_environment: dict[str, str]) -> Iterator[Typed]:
    """Yield the node in a terminal."""
    node = Typed(ros_environment)
    yield node
    if node.process.poll() is None:
        node.process.kill()
        node.process.communicate()
    node.listener.close()
    for end in (node.keys, node.terminal):
        with contextlib.suppress(OSError):
            os.close(end)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_keys_are_a_joystick_and_the_terminal_is_left_as_it_was(
    typed: Typed, number: signal.Signals
) -> None:
    first = typed.until(lambda joy: True, 'a joystick')
    assert (list(first.axes), list(first.buttons)) == ([0.0] * 6, [0] * 12)
    assert not termios.tcgetattr(typed.terminal)[3] & (termios.ECHO | termios.ICANON)
    typed.type(' w\x1b[D')  # space, w, arrow to the left
    joy = typed.until(lambda joy: joy.axes[0] == joy.axes[1] == 1.0, 'forward and left')
    assert joy.buttons[DEAD_MAN] == 1
    typed.type('s')
    typed.until(lambda joy: joy.axes[1] == -1.0, 'back at once')
    typed.type('7')
    typed.until(lambda joy: joy.buttons[7] == 1, 'a button')
    typed.type('x')
    joy = typed.until(lambda joy: not joy.buttons[DEAD_MAN], 'released')
    assert (list(joy.axes), sum(joy.buttons)) == ([0.0] * 6, 0)
    typed.process.send_signal(number)
    assert 'take over, and give back (button 4)' in typed.end()
    assert termios.tcgetattr(typed.terminal) == typed.before


def test_a_terminal_that_is_closed_ends_it(typed: Typed) -> None:
    typed.until(lambda joy: True, 'a joystick')
    os.close(typed.terminal)
    os.close(typed.keys)
    typed.end()


def test_without_a_terminal_there_is_one_error(ros_environment: dict[str, str]) -> None:
    ended = subprocess.run(
        [*COMMAND, *ARGUMENTS],
        env=ros_environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, '')
    (line,) = ended.stderr.splitlines()
    assert 'stdin: given none, or one that is no terminal; accepted: the terminal of `ros2' in line

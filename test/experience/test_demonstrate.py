# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""`rl_demonstrate`: a person with a stick drives a simulated arm; what is kept is stored."""

from pathlib import Path
import subprocess
import sys

import pytest
from rl_agent.configuration import find_file
from rl_learner.journal.journal_reader import read_journal
from rl_learner.run.folder import DEMONSTRATIONS

PATIENT = '  deadline_s: 3.0\n'  # of teleop, for a machine with other work
WORDS = 'words: {discard: {button: 2}, success: {button: 0}}\n'
# Holds the dead-man button and the stick; presses the button of a word once per episode's step 10.
STICK = """
import sys
import rclpy
from rl_msgs.msg import Step
from sensor_msgs.msg import Joy

rclpy.init()
node = rclpy.create_node('stick', namespace='/demonstrated')
publisher = node.create_publisher(Joy, 'joy', 10)
presses = {int(item.split(':')[0]): int(item.split(':')[1]) for item in sys.argv[1:]}
held = {}
heard = [0]  # beats since somebody listens

def on_step(step):
    if step.step == 10 and step.episode in presses:
        held[presses[step.episode]] = 5

def beat():
    heard[0] += publisher.get_subscription_count() > 0
    buttons = [0] * 12
    if heard[0] > 60:  # the agent must have seen it released
        buttons[4] = 1
    for button in list(held):
        held[button] -= 1
        buttons[button] = 1
        if not held[button]:
            del held[button]
    publisher.publish(Joy(axes=[0.5] * 6, buttons=buttons))

node.create_subscription(Step, 'step', on_step, 100)
node.create_timer(0.03, beat)
try:
    rclpy.spin(node)
except rclpy.executors.ExternalShutdownException:
    pass
"""


class Stick:
    """Runs `rl_demonstrate` beside a process that publishes Joy."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        """Write the robot's description."""
        robot = find_file('robots', 'arm').read_text(encoding='utf-8')
        (folder / 'my_arm.yaml').write_text(robot + PATIENT + WORDS, encoding='utf-8')
        self.folder, self.environment = folder, environment

    def drive(self, *options: str, presses: tuple[str, ...] = ()) -> str:
        """Return what the tool prints."""
        stick = subprocess.Popen([sys.executable, '-c', STICK, *presses], env=self.environment)
        try:
            words = ['--robot', 'my_arm.yaml', '--name', 'first', *options]
            done = self.call(*words)
        finally:
            stick.terminate()
            stick.wait()
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the tool."""
        return subprocess.run(
            [sys.executable, '-m', 'rl_learner.cli.demonstrate', *words],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )

    def stored(self) -> dict[str, list[tuple[int, int]]]:
        """Return session to episode and intervention of each stored transition."""
        found: dict[str, list[tuple[int, int]]] = {}
        for batch in read_journal(self.folder / 'runs' / 'first' / DEMONSTRATIONS):
            rows = zip(batch.columns['episode'], batch.columns['intervention'], strict=True)
            found.setdefault(batch.sender.session, []).extend((int(a), int(b)) for a, b in rows)
        return found


@pytest.fixture
def stick(tmp_path: Path, ros_environment: dict[str, str]) -> Stick:
    return Stick(tmp_path, ros_environment)


@pytest.mark.timeout(400)
def test_episodes_are_kept_dropped_and_added_later(stick: Stick) -> None:
    output = stick.drive('--episodes', '2', presses=('2:2',))
    assert 'episode 1: ended, 50 steps' in output
    assert 'episode 2: discard' in output
    assert 'dropped' in output
    assert 'episode 3: ended, 50 steps' in output
    (rows,) = stick.stored().values()
    assert {episode for episode, _ in rows} == {1, 3}
    assert len(rows) == 100
    assert {intervention for _, intervention in rows[60:90]} == {2}
    assert f'{len(rows)} transitions stored' in output

    output = stick.drive('--episodes', '1', '--only-successes', presses=('2:0',))
    assert 'episode 1: ended, 50 steps' in output
    assert 'episode 2: success' in output
    first, second = stick.stored().values()
    assert first == rows
    assert {episode for episode, _ in second} == {2}


def test_wrong_options_are_named_before_anything_starts(stick: Stick) -> None:
    for options, words in (
        (['--robot', 'pendulum', '--name', 'x'], "robot 'pendulum': teleop: missing"),
        (['--robot', 'my_arm.yaml', '--name', 'x', '--real', '--scripted'], '--scripted: given'),
        (['--robot', 'my_arm.yaml', '--name', 'x', '--namespace', 'a'], 'given without --real'),
        (['--robot', 'my_arm.yaml', '--name', 'x', '--real'], '--real: no terminal to ask on'),
        (['--robot', 'my_arm.yaml', '--name', '..'], '--name: given'),
    ):
        done = stick.call(*options)
        assert done.returncode == 2
        assert words in done.stderr
        assert 'Traceback' not in done.stderr
    assert not (stick.folder / 'runs').exists()

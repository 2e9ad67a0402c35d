# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""In lockstep each command is executed once and answered by its own reading."""

from collections.abc import Callable, Iterator
import contextlib
from pathlib import Path
import threading
import time

from fleet import SpinningListener
import numpy as np
import pytest
from rl_agent.ros_env import RosEnv
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

WITHIN_S = 30.0
TOPICS = ('a', 'b', 'c', 'd')
FIELD = '  - {name: TOPIC, topic: TOPIC, type: sensor_msgs/msg/JointState, field: position,'
ROBOT = f"""
name: counter
rate_hz: 20
episode_steps: 1000
observation:
{chr(10).join(FIELD.replace('TOPIC', topic) + ' joints: [pan]}' for topic in TOPICS)}
action: {{topic: targets, type: std_msgs/msg/Float64MultiArray, joints: [pan], unit: N m,
         low: [-1], high: [1]}}
task: {{name: 'idle_task:IdleTask'}}
reset: {{service: reset}}
"""


class Counter(SpinningListener):
    """A simulated robot with four topics; its state is the last command executed.

    Attributes:
        executed: all executed commands.
        before: called with each command before it is executed; returns False to lose it.
    """

    def __init__(self) -> None:
        """Start at rest."""
        super().__init__()
        self.executed: list[float] = []
        self.before: Callable[[], bool] = lambda: True
        self._stamp_ns, self._state = 0, 0.0
        self._lock = threading.Lock()
        node = self.node
        self._topics = [node.create_publisher(JointState, topic, 10) for topic in TOPICS]
        node.create_subscription(Float64MultiArray, 'targets', self._on_command, 10)
        node.create_service(Trigger, 'reset', self._on_reset)
        self._done = threading.Event()
        self._standstill = threading.Thread(target=self._repeat)
        self._standstill.start()

    def show(self) -> None:
        """Publish the state."""
        with self._lock:
            message = JointState(name=['pan'], position=[self._state])
            message.header.stamp.sec = self._stamp_ns // 10**9
            message.header.stamp.nanosec = self._stamp_ns % 10**9
            for topic in self._topics:
                topic.publish(message)

    def close(self) -> None:
        """Stop and destroy the node."""
        self._done.set()
        self._standstill.join()
        super().close()

    def _repeat(self) -> None:
        """Publish the state again, every 0.1 s."""
        while not self._done.wait(0.1):
            self.show()

    def _move(self, state: float) -> None:
        """Advance by one period."""
        with self._lock:
            self._state, self._stamp_ns = state, self._stamp_ns + 50_000_000
        self.show()

    def _on_command(self, message: Float64MultiArray) -> None:
        """Execute a command."""
        if self.before():
            self.executed.append(round(message.data[0], 3))
            self._move(message.data[0])

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Reset the state to 0."""
        self._move(0.0)
        response.success = True
        return response


Pair = tuple[Counter, RosEnv]


@pytest.fixture
def pair(ros_environment: dict[str, str], tmp_path: Path) -> Iterator[Pair]:
    """Yield the robot and its environment, during an episode."""
    (tmp_path / 'counter.yaml').write_text(ROBOT)
    robot = Counter()
    env = RosEnv(str(tmp_path / 'counter.yaml'), robot_timeout_s=WITHIN_S)
    with contextlib.closing(robot), contextlib.closing(env):
        env.reset()
        yield robot, env


def step(env: RosEnv, number: float) -> tuple[list[float], bool]:
    """Take a step; return the observation, and whether it is one of that step."""
    observation, *_, info = env.step(np.full(1, number, np.float32))
    return [round(float(value), 3) for value in observation], info['observed']


def test_a_repeated_state_just_after_a_command_does_not_make_it_lost(
    pair: Pair,
) -> None:
    """The robot repeats it on all topics at once if the learner keeps it waiting."""
    robot, env = pair

    def repeat() -> bool:
        for _ in range(3):
            robot.show()
        time.sleep(0.02)
        return True

    robot.before = repeat
    numbers = [0.1 * count for count in range(1, 9)]
    for number in numbers:
        assert step(env, number) == ([round(number, 3)] * 4, True)
    assert robot.executed == [round(number, 3) for number in numbers]


def test_a_lost_command_is_sent_again_and_answered(pair: Pair) -> None:
    robot, env = pair
    fates = iter([True, False, True, True])
    robot.before = lambda: next(fates)
    for number in (0.1, 0.2, 0.3):
        assert step(env, number) == ([number] * 4, True)
    assert robot.executed == [0.1, 0.2, 0.3]


def test_a_step_with_a_late_command_executed_twice_is_not_stored(pair: Pair) -> None:
    """The readings of the next episode belong to its own commands."""
    robot, env = pair
    assert step(env, 0.1) == ([0.1] * 4, True)
    delays = iter([0.8])

    def be_late() -> bool:
        time.sleep(next(delays, 0.0))  # the state is repeated during this time
        return True

    robot.before = be_late
    assert step(env, 0.2)[1] is False
    assert robot.executed[:3] == [0.1, 0.2, 0.2]  # possibly three times
    env.reset()
    for number in (0.3, 0.4, 0.5):
        assert step(env, number) == ([number] * 4, True)
    assert robot.executed[-4:] == [0.2, 0.3, 0.4, 0.5]

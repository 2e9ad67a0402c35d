# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Drivers of other people: clocks that go back or stand still, joints of several nodes on a topic.

Reported of real robots: husky#281, ridgeback#32 (a reset sets the clock back), snakeros#27,
ouster-ros#289 (stamps from power-on, or 0), blue_interface#8, xarm_ros2#78 (arm and gripper).
"""

from collections.abc import Callable, Iterator
import contextlib
from pathlib import Path
import subprocess
import sys
import time
from typing import Any

from fleet import SpinningListener, with_helpers
import numpy as np
import pytest
from rl_agent.errors import RobotError
from rl_agent.ros_env import RosEnv
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Empty

pytestmark = pytest.mark.timeout(300)
FIELD = 'type: sensor_msgs/msg/JointState, field: position'
ROBOT = f"""
name: arm
rate_hz: 20
episode_steps: 1000
observation:
  - {{name: arm, topic: joint_states, {FIELD}, joints: [shoulder, elbow]}}
  - {{name: finger, topic: OTHER, {FIELD}, joints: [finger]}}
action: {{topic: commands, type: std_msgs/msg/Float64MultiArray, joints: [shoulder, elbow],
         unit: N m, low: [-1, -1], high: [1, 1]}}
task: {{name: 'idle_task:IdleTask'}}
reset: {{service: reset, service_type: std_srvs/srv/Empty}}
safety: {{sensor_watchdog: {{max_age_s: 20.0}}, command_watchdog: {{max_age_s: 20.0}}}}
"""
STILL = np.zeros(2, np.float32)


class Arm(SpinningListener):
    """Publishes arm, gripper and a hand that nobody described; runs by itself.

    Attributes:
        began_s: when the clock of the arm began, on the steady clock.
        stamp_of_gripper: returns the stamp of the gripper's messages, s.
        topic_of_gripper: name of its topic.
    """

    def __init__(self, namespace: str, topic_of_gripper: str = 'joint_states') -> None:
        """Start publishing."""
        super().__init__()
        self.began_s = time.monotonic() - 100.0
        self.stamp_of_gripper: Callable[[], float] = self.arm_s
        self.resets, self._count = 0, 0
        make = self.node.create_publisher
        self._arm = make(JointState, f'/{namespace}/joint_states', 10)
        self._hand = make(JointState, f'/{namespace}/joint_states', 10)
        self._gripper = make(JointState, f'/{namespace}/{topic_of_gripper}', 10)
        self.node.create_timer(0.01, self._publish)
        self.node.create_service(Empty, f'/{namespace}/reset', self._on_reset)
        self.node.create_subscription(
            Float64MultiArray, f'/{namespace}/commands', lambda message: None, 10
        )

    def arm_s(self) -> float:
        """Return the time of the arm's clock."""
        return time.monotonic() - self.began_s

    def _publish(self) -> None:
        """Publish the arm, in either order of its joints; half as often the others."""
        self._count += 1
        names, position = ['shoulder', 'elbow'], [0.1, 0.2]
        step = -1 if self._count % 2 else 1
        self._send(self._arm, self.arm_s(), names[::step], position[::step])
        if self._count % 2:
            self._send(self._gripper, self.stamp_of_gripper(), ['finger'], [0.02])
            self._send(self._hand, self.arm_s(), ['thumb', 'ring'][::step], [9.0, 9.0])

    def _send(
        self, publisher: Any, stamp_s: float, names: list[str], numbers: list[float]
    ) -> None:
        """Publish one message."""
        message = JointState(name=names, position=numbers)
        message.header.stamp.sec = int(stamp_s)
        message.header.stamp.nanosec = int(stamp_s % 1 * 1e9)
        publisher.publish(message)

    def _on_reset(self, request: Empty.Request, response: Empty.Response) -> Empty.Response:
        """Set the clock back to 0."""
        self.resets += 1
        self.began_s = time.monotonic()
        return response


@contextlib.contextmanager
def arm_and_env(
    folder: Path, name: str, topic: str = 'joint_states', **options: Any
) -> Iterator[tuple[Arm, RosEnv]]:
    """Yield an arm and its environment."""
    path = folder / 'arm.yaml'
    path.write_text(ROBOT.replace('OTHER', topic))
    arm = Arm(name, topic)
    with contextlib.closing(arm), RosEnv(str(path), name, robot_timeout_s=60.0, **options) as env:
        yield arm, env


@pytest.mark.parametrize('real_time', [True, False])
def test_a_reset_may_set_the_clock_back(
    ros_environment: dict[str, str], tmp_path: Path, real_time: bool
) -> None:
    with arm_and_env(tmp_path, f'back_{real_time}', real_time=real_time) as (arm, env):
        for number in range(1, 4):
            observation, _ = env.reset()
            assert arm.resets == number
            np.testing.assert_allclose(observation, [0.1, 0.2, 0.02], atol=1e-6)
            *_, info = env.step(STILL)
            assert info['observed']
            assert 0.0 < info['time_s'] < 30.0


@pytest.mark.parametrize('real_time', [True, False])
def test_arm_and_gripper_send_their_parts_on_one_topic(
    ros_environment: dict[str, str],
    tmp_path: Path,
    real_time: bool,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """And the hand, which is not described, is told once, whatever the order of its joints."""
    with arm_and_env(tmp_path, f'parts_{real_time}', real_time=real_time) as (_, env):
        env.reset()
        seen = np.array([env.step(STILL)[0] for _ in range(40)])
        np.testing.assert_allclose(seen, [[0.1, 0.2, 0.02]] * 40, atol=1e-6)
        assert env.state.summary == 'ok'
        time.sleep(0.5)  # for the log
    said = capfd.readouterr().err
    assert said.count('sensor_refused') == (1 if real_time else 0), said
    assert 'finger' not in said


def test_each_driver_may_have_a_clock_of_its_own(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """The arm counts from power-on, the gripper has the time of day."""
    with arm_and_env(tmp_path, 'clocks', 'gripper') as (arm, env):
        arm.stamp_of_gripper = time.time
        env.reset()
        assert all(env.step(STILL)[4]['observed'] for _ in range(20))


def test_stamps_that_stand_still_are_the_reason(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / 'arm.yaml'
    path.write_text(ROBOT.replace('OTHER', 'gripper'))
    said = '/zero/gripper: messages whose stamps stay the same, from 0 s to 0 s'
    with contextlib.closing(Arm('zero', 'gripper')) as arm:
        arm.stamp_of_gripper = lambda: 0.0
        with (
            RosEnv(str(path), 'zero', robot_timeout_s=5.0) as env,
            pytest.raises(RobotError, match=said),
        ):
            env.reset()
        with RosEnv(str(path), 'zero', real_time=True, robot_timeout_s=60.0) as env:
            env.reset()
            assert env.step(STILL)[4]['observed']


CLOSING = """
import sys
from rl_agent.errors import RobotError
from rl_agent.ros_env import RosEnv
for number in range(15):
    with RosEnv(sys.argv[1], 'closing', real_time=number % 2 == 0, robot_timeout_s=0.3) as env:
        try:
            env.reset()
        except RobotError:
            pass
print('closed')
"""


def test_closing_prints_nothing(ros_environment: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / 'arm.yaml'
    with contextlib.closing(Arm('closing')):
        path.write_text(ROBOT.replace('OTHER', 'joint_states'))
        finished = subprocess.run(
            [sys.executable, '-c', CLOSING, str(path)],
            env=with_helpers(ros_environment),
            capture_output=True,
            text=True,
            timeout=250,
            check=False,
        )
    assert finished.stdout == 'closed\n'
    assert 'Traceback' not in finished.stderr, finished.stderr
    assert finished.returncode == 0

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A person takes over in an environment of one's own, with any hand: a keyboard, a Twist.

Reported of others: gym-hil#18 (what a person must press is told nowhere), lerobot#1338 (a robot
that is moved by keys alone), turtlebot_apps#55 (the last Twist goes on for ever).
"""

from collections.abc import Iterator
import contextlib
import os
from pathlib import Path
import pty
import subprocess
import sys
import time
from typing import Any

from fleet import running, SpinningListener
from geometry_msgs.msg import Twist
import numpy as np
import pytest
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rl_agent.bringup.node_specs import simulated_robot
from rl_agent.ros.ros_topics import steady_clock
from rl_agent.ros_env import RosEnv
from rl_agent.transport.transition import Intervention

pytestmark = pytest.mark.timeout(300)
SPACE = 'hand_of_env'
WANTED = np.array([0.25, -0.5], np.float32)
TIMEOUT_S = 60.0  # another process does something, while the robot is stepped as fast as it goes


@pytest.fixture(scope='module')
def simulation(
    ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Run a simulated arm."""
    specs = [simulated_robot('arm', SPACE, seed=5)]
    with running(specs, ros_environment, tmp_path_factory.mktemp('arm')):
        yield


def step_until(env: RosEnv, source: Intervention) -> dict[str, Any]:
    """Step until somebody chooses the action; return what the step says."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline_s:
        _, _, terminated, truncated, info = env.step(WANTED)
        if info['intervention'] is source:
            return info
        if terminated or truncated:
            env.reset()
    raise AssertionError(f'no {source.name} within {TIMEOUT_S:g} s')


def test_a_keyboard_moves_an_arm(simulation: None, ros_environment: dict[str, str]) -> None:
    keys, terminal = pty.openpty()
    command = [sys.executable, '-m', 'rl_agent.nodes.keyboard_hand_node', '--ros-args']
    with contextlib.ExitStack() as exits:
        process = exits.enter_context(
            subprocess.Popen(
                [*command, '-r', f'__ns:=/{SPACE}', '-p', 'first_s:=5.0', '-p', 'idle_s:=60.0'],
                env=ros_environment,
                stdin=terminal,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        exits.callback(process.terminate)
        env = exits.enter_context(RosEnv('arm', SPACE, robot_timeout_s=60.0))
        env.reset(seed=1)
        assert process.stdout is not None
        assert 'The keyboard is a joystick' in process.stdout.readline()
        while env.takeover is None or env.takeover.state != 'idle':
            step_until(env, Intervention.NONE)
        os.write(keys, b' aw')  # space, the shoulder to one side, the elbow, too
        step_until(env, Intervention.PERSON)
        while (info := step_until(env, Intervention.PERSON))['executed_action'].tolist() != [1, 1]:
            pass
        assert info['command'].tolist() == [6.0, 3.0]
        os.write(keys, b'x')
        step_until(env, Intervention.LIMIT)
        info = step_until(env, Intervention.NONE)
        np.testing.assert_array_equal(info['executed_action'], WANTED)
    os.close(keys)
    os.close(terminal)


def test_a_twist_drives_while_it_comes(simulation: None, tmp_path: Path) -> None:
    """A best-effort publisher, in newtons metre: 3 of -6 to 6 is action 0.5; the elbow rests."""
    text = (Path(__file__).parents[2] / 'config' / 'robots' / 'arm.yaml').read_text()
    path = tmp_path / 'arm.yaml'
    path.write_text(
        text.partition('teleop:')[0]
        + 'teleop: {topic: torques, type: geometry_msgs/msg/Twist, mode: command, handover_s: 0,'
        ' axes: {shoulder: {field: angular.z}}}\n'
    )
    person = SpinningListener()
    publisher = person.node.create_publisher(
        Twist, f'/{SPACE}/torques', QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    )
    message = Twist()
    message.angular.z = 3.0
    timer = person.node.create_timer(
        0.05, lambda: publisher.publish(message), clock=steady_clock()
    )
    with RosEnv(str(path), SPACE, robot_timeout_s=60.0) as env:
        env.reset(seed=1)
        info = step_until(env, Intervention.PERSON)
        assert info['executed_action'].tolist() == [0.5, 0.0]
        person.node.destroy_timer(timer)  # it falls silent
        info = step_until(env, Intervention.NONE)
        np.testing.assert_array_equal(info['executed_action'], WANTED)
    person.close()

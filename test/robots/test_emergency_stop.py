# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Stops by people over real DDS: every kind of publisher, several of them, a heartbeat."""

from collections.abc import Callable, Iterator
import contextlib
import dataclasses
import os
from pathlib import Path
import signal
import sys
from typing import Any

from fleet import running
from live_robot import live_robot, LiveRobot
import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rl_learner.system.processes import ChildProcess
from std_msgs.msg import Bool

ACTION = 0.5
COMMAND = 1.0
OWN, FLEET = 'emergency_stop', '/emergency_stop'
HEARTBEAT_S = 1.5
SAFETY = """
safety:
  emergency_stop: {reaction: zero}
"""
HEARTBEAT = f"""
safety:
  stop: {{reaction: zero}}
  emergency_stop: {{heartbeat_s: {HEARTBEAT_S}}}
"""
BUTTON = """
import sys, time
import rclpy
from rclpy.node import Node
from std_msgs.msg import Bool
rclpy.init(args=sys.argv)
node = Node('button')
publisher = node.create_publisher(Bool, sys.argv[1], 1)
while True:
    publisher.publish(Bool(data=False))
    time.sleep(0.1)
"""


def qos(reliability: str, durability: str) -> QoSProfile:
    return QoSProfile(
        depth=1,
        reliability=ReliabilityPolicy[reliability],
        durability=DurabilityPolicy[durability],
    )


KINDS = {
    f'{reliability}, {durability}': qos(reliability, durability)
    for reliability in ('RELIABLE', 'BEST_EFFORT')
    for durability in ('VOLATILE', 'TRANSIENT_LOCAL')
}


@contextlib.contextmanager
def driven_robot(environment: dict[str, str], folder: Path, safety: str) -> Iterator[LiveRobot]:
    """Yield a robot whose agent has a policy."""
    namespace = f'/{folder.name}'.replace('-', '_')
    with live_robot(namespace, folder, safety) as (robot, path):
        spec = dataclasses.replace(
            robot.spec,
            parameters={'robot': str(path), 'explore': False, 'spool_folder': ''},
            remappings={'/policy': f'{namespace}/policy'},
        )
        with running([spec], environment, folder):
            robot.publish_policy(ACTION)
            yield robot


@pytest.fixture(scope='module')
def driven(
    ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveRobot]:
    """Yield a robot that an agent drives, shared by many tests."""
    folder = tmp_path_factory.mktemp('stopped')
    with driven_robot(ros_environment, folder, SAFETY) as robot:
        yield robot


@pytest.fixture
def publisher_of(driven: LiveRobot) -> Iterator[Callable[..., Any]]:
    """Yield a function that makes a publisher of a topic, once the robot hears it."""
    driven.until_commanded(COMMAND)
    made = []

    def make(topic: str, profile: QoSProfile | int = 1) -> Any:
        publisher = driven.node.create_publisher(Bool, topic, profile)
        made.append(publisher)
        driven.until(lambda: publisher.get_subscription_count() >= 1, f'a subscription of {topic}')
        return publisher

    yield make
    for publisher in made:
        driven.node.destroy_publisher(publisher)


def until_stopped(robot: LiveRobot, why: str) -> None:
    status = robot.until_status(lambda item: item.safety_latched, 'the latch')
    assert status.safety_state.startswith(why), status.safety_state


@pytest.mark.parametrize('topic', [OWN, FLEET])
@pytest.mark.parametrize('kind', KINDS)
def test_every_kind_of_publisher_is_heard(
    driven: LiveRobot, publisher_of: Callable[..., Any], topic: str, kind: str
) -> None:
    """Also on the topic that stops a fleet."""
    button = publisher_of(topic, KINDS[kind])
    latched = False
    while not latched:  # best effort may lose one
        button.publish(Bool(data=True))
        latched = driven.until_status(lambda item: True, 'a status').safety_latched
    refused = driven.call('rearm')
    assert not refused.success
    assert 'live_robot says true' in refused.message
    while not driven.call('rearm').success:
        button.publish(Bool(data=False))
    assert driven.call('start').success
    driven.until_commanded(COMMAND)


def test_nobody_can_take_back_the_stop_of_another(
    driven: LiveRobot, publisher_of: Callable[..., Any]
) -> None:
    button, phone = publisher_of(OWN), publisher_of(OWN)
    button.publish(Bool(data=True))
    until_stopped(driven, 'emergency_stop: asked for on ')
    for _ in range(5):
        phone.publish(Bool(data=False))
        assert not driven.call('rearm').success
    button.publish(Bool(data=False))
    driven.restart()
    driven.until_commanded(COMMAND)


def test_a_released_stop_is_no_start(driven: LiveRobot, publisher_of: Callable[..., Any]) -> None:
    """As in ros-industrial/motoman#154: letting go of the button must not move the robot."""
    button = publisher_of(FLEET)
    button.publish(Bool(data=True))
    until_stopped(driven, 'emergency_stop: asked for on /emergency_stop by ')
    button.publish(Bool(data=False))
    driven.rearm()
    begun = len(driven.commands)
    driven.until(lambda: len(driven.commands) > begun + 50, 'a second of commands')
    assert {number for _, number in driven.commands[begun:]} == {0.0}
    assert driven.call('start').success
    driven.until_commanded(COMMAND)


def test_a_stop_from_one_that_has_left_can_be_taken_back(
    driven: LiveRobot, publisher_of: Callable[..., Any]
) -> None:
    """As `ros2 topic pub --once` does."""
    once = driven.node.create_publisher(Bool, OWN, 1)
    driven.until(lambda: once.get_subscription_count() >= 1, 'a subscription')
    once.publish(Bool(data=True))
    until_stopped(driven, 'emergency_stop: asked for on ')
    driven.node.destroy_publisher(once)
    assert not driven.call('rearm').success, 'it may have been killed with its button pressed'
    phone = publisher_of(OWN)
    while not driven.call('rearm').success:
        phone.publish(Bool(data=False))
    assert driven.call('start').success
    driven.until_commanded(COMMAND)


def test_a_silent_button_stops_the_robot(ros_environment: dict[str, str], tmp_path: Path) -> None:
    """As in ros-drivers/joystick_drivers#92: it is stopped, killed, and a new one comes."""
    with driven_robot(ros_environment, tmp_path, HEARTBEAT) as robot:
        status = robot.until_status(lambda item: item.safety_state != 'ok', 'the wait')
        assert status.safety_state.startswith('emergency_stop_silent: the heartbeat on ')
        assert status.safety_state.endswith('/emergency_stop: none yet')
        assert not status.safety_latched
        robot.until_status(lambda item: item.state == 'held by safety', 'the hold')
        assert {number for _, number in robot.commands} <= {0.0}

        def press(name: str) -> ChildProcess:
            command = [sys.executable, '-c', BUTTON, f'{robot.namespace}/{OWN}']
            return ChildProcess(name, command, tmp_path / f'{name}.log', ros_environment)

        button = press('button')
        try:
            robot.until_commanded(COMMAND)
            os.kill(button.pid, signal.SIGSTOP)
            status = robot.until_status(lambda item: item.safety_latched, 'the latch')
            assert 's old; accepted: at most 1.5 s' in status.safety_state
            assert f'{OWN} by /button)' in status.safety_state
            robot.until_commanded(0.0)
            refused = robot.call('rearm')
            assert not refused.success
            assert 'emergency_stop_silent' in refused.message
            os.kill(button.pid, signal.SIGCONT)
            robot.restart()
            robot.until_commanded(COMMAND)
            button.kill()
            robot.until_status(lambda item: item.safety_latched, 'the latch')
            button = press('another')
            robot.restart()  # once the first one has left, after up to 20 s
            robot.until_commanded(COMMAND)
        finally:
            button.kill()

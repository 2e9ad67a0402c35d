# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""An agent process over real DDS, while the encoder of its position-controlled robot lies."""

from collections.abc import Iterator
import dataclasses
import math
from typing import Any

from fleet import running
import live_robot
import pytest

WANTED, COMMAND = 0.5, 1.0
LOW, HIGH = -2.0, 2.0
SAFETY = """
safety:
  slew_per_s: [4.0]
  stop: {reaction: damped_stop, duration_s: 0.2}
  limits: [{name: far, observation: angle, low: [-1.5], high: [1.5]}]
"""
Robot = live_robot.LiveRobot


def follow(robot: Robot) -> Any:
    """Return the state of a joint that has reached its command."""
    if robot.commands:
        robot.position = robot.commands[-1][1]
    return robot.joint_state()


def lie(robot: Robot, position: float, messages: int) -> None:
    """Let the encoder say something else for so many messages, at 100 Hz."""
    left = [messages]

    def say() -> Any:
        left[0] -= 1
        if left[0] < 0:
            robot.make_state = lambda: follow(robot)
        return robot.joint_state(position=[position]) if left[0] >= 0 else follow(robot)

    robot.make_state = say


def until_moving(robot: Robot) -> None:
    """Wait for steps of an episode: limits do not apply while a reset service has the robot."""
    begun = len(robot.heard['step'])
    robot.until(lambda: len(robot.heard['step']) > begun + 5, 'steps')
    robot.until_commanded(COMMAND)


@pytest.fixture(scope='module')
def robot(
    ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Robot]:
    """Yield a robot that an agent moves to 1 rad."""
    folder = tmp_path_factory.mktemp('glitched')
    namespace = f'/{folder.name}'.replace('-', '_')
    description = live_robot.DESCRIPTION.replace('unit: N m', 'unit: rad')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live_robot, 'DESCRIPTION', description)
        with live_robot.live_robot(namespace, folder, SAFETY) as (made, path):
            made.make_state = lambda: follow(made)
            spec = dataclasses.replace(
                made.spec,
                parameters={'robot': str(path), 'explore': False},
                remappings={'/policy': f'{namespace}/policy'},
            )
            with running([spec], ros_environment, folder):
                made.publish_policy(WANTED)
                yield made


@pytest.mark.parametrize(
    ('said', 'messages'), [(1e6, 6), (COMMAND + 2 * math.pi, 6), (COMMAND - 2 * math.pi, 6)]
)
def test_a_lying_encoder_holds_the_last_command(robot: Robot, said: float, messages: int) -> None:
    """For three control periods: all commands stay in the box."""
    until_moving(robot)
    begun = len(robot.commands)
    lie(robot, said, messages)
    status = robot.until_status(lambda item: item.safety_latched, 'the latch')
    assert status.safety_state.startswith('limit/far: angle of pivot: given ')
    held = len(robot.commands)
    robot.until(lambda: len(robot.commands) > held + 50, 'a second of the reaction')
    numbers = [number for _, number in robot.commands[begun:]]
    assert max(abs(number - COMMAND) for number in numbers) < 1e-3
    robot.restart()
    robot.until_commanded(COMMAND)


def test_an_episode_does_not_begin_where_the_encoder_says_50_rad(robot: Robot) -> None:
    """It is held, named, until the encoder tells the truth and a person re-arms."""
    until_moving(robot)
    begun = len(robot.commands)
    robot.make_state = lambda: robot.joint_state(position=[50.0])
    robot.until_status(lambda item: 'limit/far' in item.safety_state, 'the limit')
    refused = robot.call('rearm')
    assert not refused.success
    assert 'given 50; accepted: -1.5 to 1.5' in refused.message
    assert all(LOW <= number <= HIGH for _, number in robot.commands[begun:])
    robot.make_state = lambda: follow(robot)
    robot.restart()
    robot.until_commanded(COMMAND)

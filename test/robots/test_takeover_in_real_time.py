# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A person takes over from the policy with a real Joy, in real time.

Reported of others: lerobot#3174 and gym-hil#18 (a stick that does nothing, without a word why),
f1tenth_system#8 (a jump when the joystick is lost), joystick_drivers#304 (it falls silent).
"""

from collections.abc import Iterator
import contextlib
import dataclasses
from itertools import pairwise
import math
from pathlib import Path
from typing import Any

from fleet import running
from geometry_msgs.msg import Twist
from joy_hand import JoyHand
from live_robot import live_robot, LiveRobot
import pytest
from rl_agent.transport.transition import Intervention
from test_real_time_safety import counts_of, moving

pytestmark = pytest.mark.timeout(300)
NONE, LIMIT, PERSON = Intervention
TELEOP = """
teleop:
  topic: joy
  axes: {pivot: {axis: 1, scale: -1.0, deadzone: 0.05}}
  dead_man: 4
  deadline_s: 1.0  # the stick is a thread of this process, late on a busy machine
  handover_s: 0.2
"""
POLICY = 1.0  # command of the policy, action 0.5 of -2 to 2 N m
REST = 0.5  # the default of the command


@pytest.fixture(scope='module')
def robot(
    ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveRobot]:
    """Yield a robot that an agent drives in real time, without a stick so far."""
    folder = tmp_path_factory.mktemp('taken_over')
    with moving(ros_environment, folder, TELEOP) as (moved, _):
        yield moved


@contextlib.contextmanager
def joystick(robot: LiveRobot, **options: Any) -> Iterator[JoyHand]:
    """Yield a joystick of the robot."""
    hand = JoyHand(f'{robot.namespace}/joy', **options)
    try:
        yield hand
    finally:
        hand.close()
        robot.until_status(lambda status: status.hand == 'silent', 'the stick is gone')


def until_hand(robot: LiveRobot, state: str) -> Any:
    """Wait for a status that begins with what the hand does; return it."""
    return robot.until_status(lambda status: status.hand.startswith(state), state)


def commands_since(robot: LiveRobot, begin: int) -> list[float]:
    """Return the numbers of the commands since one."""
    return [number for _, number in robot.commands[begin:]]


def test_a_robot_without_a_stick_runs_as_before(robot: LiveRobot) -> None:
    status = until_hand(robot, 'silent')
    assert (status.person_steps, counts_of(status).keys() & {'hand_silent', 'hand_refused'}) == (
        0,
        set(),
    )


def test_a_person_takes_over_and_gives_back_without_a_jump(robot: LiveRobot) -> None:
    with joystick(robot) as hand:
        until_hand(robot, 'idle')
        robot.until_commanded(POLICY)
        begin = len(robot.commands)
        hand.drive(0.0, 1.0)  # all the way, upside down: -2 N m
        robot.until_commanded(-2.0)
        hand.hold()
        robot.until_commanded(POLICY)
        given = commands_since(robot, begin)
        # 3 N m on 11 steps
        assert max(abs(b - a) for a, b in pairwise(given)) < 3.0 / 11 + 0.01
        hand.drive(0.0, 0.04)  # in the dead zone
        robot.until_commanded(REST)
        status = until_hand(robot, 'driving')
        assert status.person_steps > 0
        hand.hold()
        robot.until_commanded(POLICY)
    sources = [step.intervention for step in robot.heard['step']]
    assert {NONE, LIMIT, PERSON} <= set(sources)
    # 0.2 s at 50 Hz: the policy takes back over in ten steps
    after = sources[len(sources) - 1 - sources[::-1].index(PERSON) + 1 :]
    assert after[:11] == [LIMIT] * 10 + [NONE]
    driven = [step for step in robot.heard['step'] if step.intervention == PERSON]
    assert all(abs(step.action_wanted[0] - 0.5) < 1e-3 for step in driven)


def test_a_hand_that_falls_silent_gives_back(robot: LiveRobot) -> None:
    with joystick(robot) as hand:
        until_hand(robot, 'idle')
        hand.drive(0.0, -0.5)
        until_hand(robot, 'driving')
        hand.is_silent = True
        status = until_hand(robot, 'silent')
        robot.until_commanded(POLICY)
        assert counts_of(status)['hand_silent'] == 1
        assert counts_of(until_hand(robot, 'silent'))['hand_silent'] == 1  # once


def test_a_stuck_button_does_not_drive(robot: LiveRobot) -> None:
    with joystick(robot) as hand:
        begin = len(robot.commands)
        hand.drive(0.0, -0.5)
        status = until_hand(robot, 'refused')
        assert 'release it once' in status.hand
        assert all(abs(number - POLICY) < 1e-3 for number in commands_since(robot, begin))
        hand.hold()
        until_hand(robot, 'idle')
        hand.drive(0.0, -0.5)
        until_hand(robot, 'driving')


@pytest.mark.parametrize(
    ('axes', 'told'),
    [
        ((math.nan, math.nan), 'accepted: finite numbers'),
        ((0.3,), 'given 1 axes and 12 buttons; accepted: at least 2 and 5'),
    ],
)
def test_bad_numbers_give_back(robot: LiveRobot, axes: tuple[float, ...], told: str) -> None:
    with joystick(robot) as hand:
        until_hand(robot, 'idle')
        hand.drive(0.0, -0.5)
        until_hand(robot, 'driving')
        hand.axes = list(axes)
        assert told in until_hand(robot, 'refused').hand
        robot.until_commanded(POLICY)


def test_two_sticks_are_refused_while_both_are_heard(robot: LiveRobot) -> None:
    with joystick(robot) as hand:
        until_hand(robot, 'idle')
        hand.drive(0.0, -0.5)
        until_hand(robot, 'driving')
        other = JoyHand(f'{robot.namespace}/joy')
        robot.until_status(
            lambda status: 'given by /listener and /listener' in status.hand, 'both are named'
        )
        robot.until_commanded(POLICY)
        other.close()
        until_hand(robot, 'refused: ' + f'{robot.namespace}/joy: the dead-man button')
        hand.hold()
        until_hand(robot, 'idle')
        hand.drive(0.0, -0.5)
        until_hand(robot, 'driving')


def test_a_wrong_type_is_named(robot: LiveRobot) -> None:
    with joystick(robot, kind=Twist):
        status = until_hand(robot, 'refused')
    assert status.hand == (
        f'refused: {robot.namespace}/joy: given geometry_msgs/msg/Twist; accepted:'
        ' sensor_msgs/msg/Joy'
    )


def test_nothing_moves_amid_a_stop(robot: LiveRobot) -> None:
    with joystick(robot) as hand:
        until_hand(robot, 'idle')
        robot.publish_stop(True)
        robot.until_status(lambda status: status.safety_latched, 'a stop')
        hand.drive(0.0, -1.0)
        for _ in range(2):  # by the second, the motion of the stop is over
            until_hand(robot, 'driving')
        begin = len(robot.commands)
        until_hand(robot, 'driving')
        assert len(set(commands_since(robot, begin))) <= 1
        hand.hold()
        robot.publish_stop(False)
        robot.restart()
        robot.until_commanded(POLICY)


def test_who_demonstrates_without_a_learner_is_not_stopped_for_its_silence(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """The first episodes are driven before anything has learned."""
    safety = f'{TELEOP}safety: {{policy_watchdog: {{reaction: zero, max_age_s: 0.2}}}}'
    with live_robot('/demonstrated', tmp_path, safety) as (robot, path):
        spec = dataclasses.replace(robot.spec, parameters={'robot': str(path)})
        with running([spec], ros_environment, tmp_path), joystick(robot) as hand:
            until_hand(robot, 'idle')
            hand.drive(0.0, 1.0)
            robot.until_commanded(-2.0)
            status = robot.until_status(lambda status: status.person_steps > 100, 'two seconds')
            assert status.safety_state == 'ok'
            assert 'policy_too_old' not in counts_of(status)

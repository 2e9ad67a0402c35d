# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Each reaction that stops a robot, by hand."""

import numpy as np
import pytest
from rl_agent.description.action import ActionDescription
from rl_agent.description.safety import ReactionDescription, ReactionKind
from rl_agent.safety.stop_motion import StopPlanner

TIMES_S = (-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 100.0)


def commands(
    unit: str, reaction: ReactionKind, last: float | None, pose: float | None
) -> list[float] | None:
    """Return the command at each of `TIMES_S`, default pose 4, duration 2 s."""
    action = ActionDescription(
        topic='commands',
        type='std_msgs/msg/Float64MultiArray',
        unit=unit,
        joints=('knee',),
        low=(-9.0,),
        high=(9.0,),
        default=(4.0,),
    )
    motion = StopPlanner(action).plan(
        ReactionDescription(reaction, 2.0),
        None if last is None else np.array([last]),
        None if pose is None else np.array([pose]),
    )
    return None if motion is None else [float(motion.command(time_s)[0]) for time_s in TIMES_S]


@pytest.mark.parametrize(
    ('unit', 'reaction', 'expected'),
    [
        ('rad', 'hold', [2.0] * 7),
        ('N m', 'hold', [2.0] * 7),
        ('rad', 'zero', [0.0] * 7),
        ('N m', 'zero', [0.0] * 7),
        ('N m', 'damped_stop', [2.0, 2.0, 1.5, 1.0, 0.5, 0.0, 0.0]),
        ('m/s', 'damped_stop', [2.0, 2.0, 1.5, 1.0, 0.5, 0.0, 0.0]),
        ('rad', 'damped_stop', [2.0, 2.0, 1.75, 1.5, 1.25, 1.0, 1.0]),  # measured: 1 rad
        ('rad', 'default_pose', [2.0, 2.0, 2.5, 3.0, 3.5, 4.0, 4.0]),
    ],
)
def test_each_reaction(unit: str, reaction: ReactionKind, expected: list[float]) -> None:
    assert commands(unit, reaction, 2.0, 1.0) == pytest.approx(expected)


def test_without_a_measured_position_the_last_command_is_held() -> None:
    assert commands('rad', 'damped_stop', 2.0, None) == [2.0] * 7


@pytest.mark.parametrize('reaction', ['hold', 'damped_stop'])
def test_before_the_first_command_the_measured_position_is_held(reaction: ReactionKind) -> None:
    assert commands('rad', reaction, None, 1.0) == [1.0] * 7


@pytest.mark.parametrize('reaction', ['hold', 'damped_stop', 'default_pose'])
def test_an_unknown_position_is_not_commanded(reaction: ReactionKind) -> None:
    assert commands('rad', reaction, None, None) is None


@pytest.mark.parametrize('reaction', ['hold', 'zero', 'damped_stop'])
def test_a_motor_that_was_never_commanded_gets_zero(reaction: ReactionKind) -> None:
    assert commands('N m', reaction, None, None) == [0.0] * 7


@pytest.mark.parametrize(
    ('reaction', 'expected'),
    [('hold', 0.0), ('zero', 0.0), ('damped_stop', 0.5), ('default_pose', 3.0)],
)
def test_default_durations(reaction: ReactionKind, expected: float) -> None:
    assert ReactionDescription(reaction).ramp_s == expected

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

"""Commands are finite, in the box, and within the slew limit."""

import numpy as np
import pytest
from rl_agent.description.safety import SafetyDescription
from rl_agent.errors import PolicyError
from rl_agent.safety.safety_filter import SafetyFilter, Tightening
from scipy import signal


def plain(size: int = 2) -> SafetyFilter:
    return SafetyFilter([-1.0] * size, [1.0] * size, 20.0)


def act(*numbers: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(numbers, np.float32)


@pytest.mark.parametrize(
    ('wanted', 'executed', 'changed'),
    [
        ([0.0, 0.5], [0.0, 0.5], False),
        ([-1.0, 1.0], [-1.0, 1.0], False),
        ([1.5, 0.25], [1.0, 0.25], True),
        ([-7.0, 3e38], [-1.0, 1.0], True),
        ([1.0000001, 0.0], [1.0, 0.0], True),
    ],
)
def test_actions_are_clipped_to_the_box(
    wanted: list[float], executed: list[float], changed: bool
) -> None:
    safe = plain().filter(np.array(wanted, np.float32))
    assert safe.action.tolist() == safe.command.tolist() == executed
    assert safe.action.dtype == np.float32
    assert safe.changed is changed
    assert safe.limited == (('box',) if changed else ())


def test_the_executed_action_is_a_copy() -> None:
    """A policy may reuse its buffer; the executed action must not change with it."""
    wanted = np.array([0.5], np.float32)
    safe = plain(1).filter(wanted)
    wanted[0] = -0.5
    assert safe.action.tolist() == [0.5]


@pytest.mark.parametrize('number', [np.nan, np.inf, -np.inf])
def test_an_action_that_is_not_finite_is_refused(number: float) -> None:
    """It leaves no trace: the next action is filtered as if it had not existed."""
    safety = SafetyDescription(low_pass_hz=4.0, slew_per_s=(1.0,))
    disturbed = SafetyFilter([-1.0] * 2, [1.0] * 2, 20.0, safety)
    undisturbed = SafetyFilter([-1.0] * 2, [1.0] * 2, 20.0, safety)
    with pytest.raises(PolicyError, match=r'action: given .*; accepted: 2 finite numbers'):
        disturbed.filter(act(0.0, number))
    for _ in range(3):
        after = [item.filter(act(1.0, 0.5)).command.tolist() for item in (disturbed, undisturbed)]
        assert after[0] == after[1]


@pytest.mark.parametrize('shape', [(), (1,), (3,), (1, 2), (2, 1)])
def test_a_wrong_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(PolicyError, match='accepted: 2 finite numbers'):
        plain().filter(np.zeros(shape, np.float32))


def test_a_tighter_box_is_given_in_the_units_of_the_robot() -> None:
    """Commands from -2 to 6; the box from -1 to 3. Action 1 is 6, so 3 is action 0.25."""
    safety = SafetyDescription(command_low=(-1.0,), command_high=(3.0,))
    safe = SafetyFilter([-2.0] * 2, [6.0] * 2, 20.0, safety).filter(act(1.0, 0.0))
    assert safe.command.tolist() == [3.0, 2.0]
    assert safe.action.tolist() == [0.25, 0.0]
    assert safe.limited == ('box',)


def test_the_slew_limit_by_hand() -> None:
    """2 N m/s at 20 Hz: 0.1 a step, from the pose at the start of the episode."""
    limit = SafetyFilter([-1.0], [1.0], 20.0, SafetyDescription(slew_per_s=(2.0,)))
    limit.reset(np.array([0.5]))
    commands = [limit.filter(act(1.0)) for _ in range(7)]
    assert [float(item.command[0]) for item in commands] == pytest.approx(
        [0.6, 0.7, 0.8, 0.9, 1.0, 1.0, 1.0]
    )
    assert [item.limited for item in commands[:4]] == [('slew',)] * 4
    assert commands[-1].limited == ()
    assert float(limit.filter(act(-1.0)).command[0]) == pytest.approx(0.9)


def test_each_joint_has_its_own_slew_limit() -> None:
    limit = SafetyFilter([-1.0] * 2, [1.0] * 2, 10.0, SafetyDescription(slew_per_s=(1.0, 5.0)))
    assert limit.filter(act(1.0, 1.0)).command.tolist() == pytest.approx([0.1, 0.5])


def test_the_low_pass_is_applied_to_commands() -> None:
    low_pass = SafetyFilter([0.0], [10.0], 20.0, SafetyDescription(low_pass_hz=4.0))
    low_pass.reset(np.array([5.0]))
    actions = np.random.default_rng(0).uniform(-0.3, 0.3, 50).astype(np.float32)
    coefficients = signal.butter(2, 4.0, fs=20.0)
    commands = 5.0 + 5.0 * actions.astype(np.float64)
    expected = 5.0 + signal.lfilter(*coefficients, commands - 5.0)
    safe = [low_pass.filter(act(action)) for action in actions]
    np.testing.assert_allclose([float(item.command[0]) for item in safe], expected, atol=1e-12)
    np.testing.assert_allclose(
        [float(item.action[0]) for item in safe], expected / 5.0 - 1.0, atol=1e-6
    )
    assert not any(item.changed for item in safe)  # the low-pass does not count as an intervention


def test_an_overshoot_stays_in_the_box() -> None:
    low_pass = SafetyFilter([-1.0], [1.0], 50.0, SafetyDescription(low_pass_hz=2.0))
    low_pass.reset(np.array([-1.0]))
    commands = [float(low_pass.filter(act(1.0)).command[0]) for _ in range(100)]
    assert max(commands) == 1.0


def test_the_first_command_does_not_jump() -> None:
    """Whatever the policy wants, the first command is close to the pose."""
    safety = SafetyDescription(low_pass_hz=2.0, slew_per_s=(1.0,))
    chain = SafetyFilter([-1.0], [1.0], 100.0, safety)
    for pose in (0.8, -0.4):
        chain.reset(np.array([pose]))
        assert float(chain.filter(act(-pose)).command[0]) == pytest.approx(pose, abs=0.01 + 1e-9)
        for _ in range(20):
            chain.filter(act(1.0))


def test_from_outside_the_box_the_first_command_starts_at_its_nearest_edge() -> None:
    safety = SafetyDescription(slew_per_s=(1.0,), command_low=(-0.5,), command_high=(0.5,))
    chain = SafetyFilter([-1.0], [1.0], 10.0, safety)
    chain.reset(np.array([0.75]))
    commands = [float(chain.filter(act(-1.0)).command[0]) for _ in range(3)]
    assert commands == pytest.approx([0.4, 0.3, 0.2])


def test_a_box_that_a_launch_file_tightened_is_entered_slowly() -> None:
    safety = SafetyDescription(slew_per_s=(1.0,))
    chain = SafetyFilter([-1.0], [1.0], 10.0, safety, tightening=Tightening(action_scale=0.5))
    chain.reset(np.array([0.75]))
    commands = [float(chain.filter(act(1.0)).command[0]) for _ in range(4)]
    assert commands == pytest.approx([0.65, 0.55, 0.5, 0.5])


def test_rounding_brings_no_command_beyond_the_box() -> None:
    """-0.25 + 2 * 0.2 is 0.15000000000000002."""
    chain = SafetyFilter([-0.25], [0.15], 50.0)
    safe = chain.filter(act(1.0))
    assert safe.command.tolist() == [0.15]
    assert safe.limited == ()


@pytest.mark.parametrize(
    ('default', 'expected'), [(None, (-0.5, 1.5)), ((1.0,), (0.0, 2.0)), ((3.0,), (1.0, 3.0))]
)
def test_a_launch_file_can_tighten_the_box(
    default: tuple[float, ...] | None, expected: tuple[float, float]
) -> None:
    """Half the box, about the default pose or about 0."""
    tighter = SafetyFilter(
        [-1.0], [3.0], 10.0, default=default, tightening=Tightening(action_scale=0.5)
    )
    ends = [float(tighter.filter(act(action)).command[0]) for action in (-1.0, 1.0)]
    assert tuple(ends) == pytest.approx(expected)


def test_a_launch_file_can_tighten_the_slew_limit() -> None:
    safety = SafetyDescription(slew_per_s=(10.0,))
    slower = SafetyFilter([-1.0], [1.0], 10.0, safety, tightening=Tightening(slew_scale=0.25))
    assert float(slower.filter(act(1.0)).command[0]) == pytest.approx(0.25)


def test_every_guarantee_holds_for_any_action() -> None:
    """A thousand random actions: in the box, within the slew limit, executed as stored."""
    safety = SafetyDescription(
        command_low=(-0.5, -2.0), command_high=(0.5, 1.0), slew_per_s=(5.0, 40.0), low_pass_hz=8.0
    )
    low, high = np.array([-1.0, -2.0]), np.array([1.0, 4.0])
    chain = SafetyFilter(low.tolist(), high.tolist(), 50.0, safety)
    chain.reset(np.zeros(2))
    random, before = np.random.default_rng(0), np.zeros(2)
    for _ in range(1000):
        safe = chain.filter(random.normal(0.0, 3.0, 2).astype(np.float32))
        assert (safe.command >= [-0.5, -2.0]).all()
        assert (safe.command <= [0.5, 1.0]).all()
        assert (np.abs(safe.command - before) <= np.array([0.1, 0.8]) + 1e-12).all()
        meant = low + (safe.action.astype(np.float64) + 1.0) * (high - low) / 2
        np.testing.assert_allclose(meant, safe.command, atol=1e-6)
        before = safe.command

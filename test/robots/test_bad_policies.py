# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""An agent process and every kind of bad policy, over real DDS: it goes on with the good one."""

from array import array
from collections.abc import Callable, Iterator
import contextlib
import dataclasses
from pathlib import Path
from typing import Any

from fleet import running
from live_robot import live_robot, LiveRobot
import numpy as np
import pytest
from rl_agent.policy.parameters import PolicyArchitecture
from rl_agent.policy.policy_file import save_policy
from rl_agent.policy.ros_policy_message import policy_to_message
from rl_learner.system.processes import ChildProcess
from rl_msgs.msg import Policy

WANTED = 0.5  # action of the good policy; the command is twice that
COMMAND = 1.0
MISSED_UNDER_LOAD = 5  # control periods of 20 ms; a busy machine misses some by itself

Spoil = Callable[[Policy], None]


def wrap_in_int64(message: Policy) -> None:
    """B1: (2**32 - 1) * (2**32 - 6) and more parameters are 4 in int64."""
    message.hidden_sizes = array('I', [2**32 - 1, 2**32 - 6, 1, 3])
    message.parameters = array('f', [0.0] * 4)


def make_very_deep(message: Policy) -> None:
    """B2: 100,000 layers of one neuron; one action takes longer than a second."""
    message.hidden_sizes = array('I', [1] * 100_000)
    message.parameters = array('f', [0.0] * (4 + 1 + 2 * 99_999 + 2))


def divide_by_nothing(message: Policy) -> None:
    """A9: the reciprocal of the deviation is infinite in float32."""
    message.observation_mean = array('f', [0.0] * 4)
    message.observation_std = array('f', [1.0, 1.0, 1e-45, 1.0])


def overflow(message: Policy) -> None:
    message.parameters = array('f', [3e38] * len(message.parameters))


def set_field(name: str, value: Any) -> Spoil:
    """Return a function that sets one field."""

    def spoil(message: Policy) -> None:
        setattr(message, name, value)

    return spoil


# what is refused, and the beginning of the reason in the log
BAD: dict[str, tuple[Spoil, str]] = {
    'B1': (wrap_in_int64, 'architecture: policy 2: architecture: sizes: given (4, 1, 4294967295,'),
    'B2': (make_very_deep, 'architecture: hidden_sizes: given 100000 layers; accepted: 1 to 32'),
    'A9': (divide_by_nothing, 'numbers: policy 2: observation_std: given 1.4'),
    'overflow': (overflow, 'numbers: policy 2: hidden layer 1: given sums of up to'),
    'nan in log_std_min': (
        set_field('log_std_min', float('nan')),
        'architecture: policy 2: architecture: log_std_min: given nan',
    ),
    'activation': (set_field('activation', 'none'), "architecture: activation: given 'none'"),
    'long text': (set_field('fingerprint', 'f' * 100_000), 'message: fingerprint: message: text'),
}


@contextlib.contextmanager
def driven(
    environment: dict[str, str], folder: Path, **parameters: Any
) -> Iterator[tuple[LiveRobot, Callable[[], Any]]]:
    """Yield a robot, and what starts its agent."""
    namespace = f'/{folder.name}'.replace('-', '_')
    with live_robot(namespace, folder) as (robot, path):
        spec = dataclasses.replace(
            robot.spec,
            parameters={'robot': str(path), 'explore': False, **parameters},
            remappings={'/policy': f'{namespace}/policy'},
        )

        @contextlib.contextmanager
        def start() -> Iterator[ChildProcess]:
            with running([spec], environment, folder) as processes:
                yield processes[spec.name]

        yield robot, start


def publish_bad(robot: LiveRobot, spoil: Spoil, session: str) -> None:
    """Publish a spoilt policy, which claims to be the newest; it stays on its topic."""
    message = policy_to_message(robot.policy(-WANTED, version=2, learner_session=session))
    spoil(message)
    robot.publish_policy_message(message)


def test_the_agent_goes_on_with_the_good_policy_and_restarts_with_a_bad_one_latched(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    with driven(ros_environment, tmp_path) as (robot, start):
        with start() as process:
            robot.publish_policy(WANTED, learner_session='good')
            robot.until_commanded(COMMAND)
            for number, (name, (spoil, reason)) in enumerate(BAD.items(), start=1):
                publish_bad(robot, spoil, session=name)
                status = robot.until_status(
                    lambda item, number=number: item.policies_rejected >= number,  # type: ignore[misc]
                    name,
                )
                assert status.policy_version == 1
                assert status.safety_state == 'ok'
                robot.until_commanded(COMMAND)
                robot.until(lambda reason=reason: reason in process.log.read_text(), reason)  # type: ignore[misc]
            assert f'publishers: {robot.namespace}/live_robot' in process.log.read_text()
            assert -COMMAND not in [round(given, 3) for _, given in robot.commands]
            assert process.exit_code is None
        for name in ('B1', 'B2', 'A9'):
            publish_bad(robot, BAD[name][0], session=name)
            with start() as process:
                robot.until_status(
                    lambda item: (
                        item.policies_rejected == 1 and item.state == 'waiting for a policy'
                    ),
                    name,
                )
                robot.publish_policy(WANTED, version=3, learner_session='good')
                robot.until_commanded(COMMAND)
                assert process.exit_code is None


def test_a_hundred_megabytes_of_parameters_are_checked_beside_control(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """B3: before, control stood still for 0.48 s, 24 periods."""
    architecture = PolicyArchitecture(4, 1, (5000, 4990, 8), distribution='deterministic')
    assert 4 * architecture.num_parameters > 100_000_000
    with driven(ros_environment, tmp_path) as (robot, start), start():
        robot.publish_policy(WANTED)
        robot.until_commanded(COMMAND)
        numbers = np.zeros(architecture.num_parameters, np.float32)
        large = dataclasses.replace(
            robot.policy(WANTED, version=2), architecture=architecture, parameters=numbers
        )
        message = policy_to_message(large)
        before = robot.until_status(lambda item: item.ticks > 0, 'a status')
        robot.publish_policy_message(message)
        after = robot.until_status(
            lambda item: item.policies_accepted + item.policies_rejected == 2, 'the verdict'
        )
        assert after.ticks > before.ticks
        assert after.ticks_missed - before.ticks_missed <= MISSED_UNDER_LOAD
        assert after.safety_state == 'ok'


def test_a_policy_that_takes_too_much_of_the_period_is_refused(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """B2: no policy acts within 20 ns, a millionth of the period of 20 ms."""
    fast = {'max_action_share': 1e-6}
    with driven(ros_environment, tmp_path, **fast) as (robot, start), start() as process:
        robot.publish_policy(WANTED)
        status = robot.until_status(
            lambda item: item.policies_rejected == 1 and item.state == 'waiting for a policy',
            'the refusal',
        )
        counts = dict(zip(status.event_names, status.event_counts, strict=True))
        assert counts['policy_refused/trial'] == 1
        reason = 'accepted: at most 2e-05 ms'
        robot.until(lambda: reason in process.log.read_text(), reason)


@pytest.mark.filterwarnings('ignore:overflow encountered', 'ignore:invalid value')
def test_a_policy_that_computes_nan_beyond_all_bounds_latches_a_stop(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """A velocity of 1e30 rad/s: the sums are infinite, and their difference is NaN."""
    with driven(ros_environment, tmp_path) as (robot, start), start() as process:
        policy = robot.policy(WANTED)
        numbers = policy.parameters.copy()
        numbers[3], numbers[7] = 1e20, 1e20  # from the velocity to the first two neurons
        numbers[20], numbers[21] = 1.0, -1.0  # from them to the action
        message = policy_to_message(dataclasses.replace(policy, parameters=numbers))
        robot.publish_policy_message(message)
        robot.until_commanded(COMMAND)
        robot.make_state = lambda: robot.joint_state(velocity=[1e30])
        status = robot.until_status(lambda item: item.safety_latched, 'the stop')
        assert status.safety_state.startswith('policy_not_finite: ')
        assert process.exit_code is None
        robot.make_state = robot.joint_state
        robot.restart()
        robot.until_commanded(COMMAND)


def test_a_policy_file_that_overflows_ends_the_start(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    with driven(ros_environment, tmp_path, policy=str(tmp_path / 'bad.npz')) as (robot, start):
        policy = robot.policy(WANTED)
        numbers = np.full_like(policy.parameters, 3e38)
        save_policy(tmp_path / 'bad.npz', dataclasses.replace(policy, parameters=numbers))
        with start() as process:
            robot.until(lambda: process.exit_code is not None, 'the end of the start')
            assert process.exit_code == 2
            log = process.log.read_text()
            assert 'bad.npz: policy 1: hidden layer 1: given sums of up to' in log
            assert 'Traceback' not in log

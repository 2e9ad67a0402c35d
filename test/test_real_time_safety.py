# mypy: disable-error-code="no-untyped-def"
# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""An agent process and a robot whose time passes by itself: every fault, over real DDS."""

from collections.abc import Callable, Iterator
import contextlib
import dataclasses
import itertools
import math
import os
from pathlib import Path
import signal
from typing import Any

from fleet import running
from live_robot import live_robot, LiveRobot
import pytest
from rl_learner.processes import ChildProcess

WANTED = 0.5  # action of the policy; the command is twice that
COMMAND = 1.0


@contextlib.contextmanager
def moving(
    environment: dict[str, str],
    folder: Path,
    safety: str = '',
    *,
    expected: float = COMMAND,
    **parameters: Any,
) -> Iterator[tuple[LiveRobot, ChildProcess]]:
    """Yield a robot that an agent drives with a constant policy, and the agent's process."""
    namespace = f'/{folder.name.strip("_")[:40]}'.replace('-', '_')
    with live_robot(namespace, folder, safety) as (robot, path):
        spec = dataclasses.replace(
            robot.spec,
            parameters={'robot': str(path), **parameters},
            remappings={'/policy': f'{namespace}/policy'},
        )
        with running([spec], environment, folder) as processes:
            robot.publish_policy(WANTED)
            robot.until_commanded(expected)
            yield robot, processes[spec.name]


@pytest.fixture
def move(ros_environment: dict[str, str], tmp_path: Path) -> Callable[..., Any]:
    """Return `moving` with this test's folder."""
    return lambda safety='', **parameters: moving(ros_environment, tmp_path, safety, **parameters)


def log_of(process: ChildProcess) -> str:
    """Return what a process said so far."""
    return process.log.read_text()


def counts_of(status: Any) -> dict[str, int]:
    """Return the counted events of a status."""
    return dict(zip(status.event_names, status.event_counts, strict=True))


def test_a_healthy_robot_is_driven_at_its_rate(move) -> None:
    with move() as (robot, _):
        status = robot.until_status(lambda item: item.ticks > 100, 'two seconds of ticks')
        assert (status.safety_state, status.safety_latched) == ('ok', False)
        assert 0.0 < status.latency_p50_us <= status.latency_p99_us
        # what the machine allows is for the benchmark; the clock of the loop is the robot's
        ticks = status.ticks + status.ticks_missed
        later = robot.until_status(lambda item: item.ticks > status.ticks + 100, 'more')
        passed_s = _stamp_s(later) - _stamp_s(status)
        assert (later.ticks + later.ticks_missed - ticks) / passed_s == pytest.approx(50, rel=0.2)
        assert counts_of(status) == {}


def _stamp_s(message: Any) -> float:
    stamp = message.header.stamp
    return float(stamp.sec + 1e-9 * stamp.nanosec)


@pytest.mark.parametrize(
    ('reaction', 'last'),
    [
        ('zero', 0.0),
        ('hold', COMMAND),
        ('damped_stop, duration_s: 0.2', 0.0),
        ('default_pose, duration_s: 0.2', 0.5),
    ],
)
def test_silent_sensors_bring_each_reaction(move, reaction: str, last: float) -> None:
    """It ends by itself when they are back, and what nobody saw is not stored."""
    safety = f'safety: {{sensor_watchdog: {{reaction: {reaction}, max_age_s: 0.2}}}}'
    with move(safety) as (robot, process):
        robot.say = lambda: None
        status = robot.until_status(lambda item: item.safety_state != 'ok', 'the stop')
        assert status.safety_state.startswith('sensor_too_old/joint_states: ')
        assert not status.safety_latched
        robot.until(
            lambda: (
                [number for _, number in robot.commands[-5:]]
                == pytest.approx([last] * 5, abs=1e-3)
            ),
            f'{last}, repeated',
        )
        episodes = len(robot.heard['episode'])
        assert not robot.heard['episode'][-1].terminated
        assert robot.heard['episode'][-1].truncated
        robot.say = robot.joint_state
        robot.until_status(lambda item: item.safety_state == 'ok', 'the end of the stop')
        robot.until_commanded(COMMAND)
        status = robot.until_status(lambda item: item.episode > episodes, 'a new episode')
        assert counts_of(status) == {'sensor_too_old/joint_states': 1}
        said = log_of(process)
        assert said.count('accepted: at most 0.2 s') == 1
        assert said.count('sensor_too_old/joint_states: over after') == 1


BAD_MESSAGES: dict[str, tuple[dict[str, Any], str]] = {
    'NaN': ({'position': [math.nan]}, 'given [nan]; accepted: finite numbers'),
    'infinite': ({'velocity': [math.inf]}, 'given [inf]; accepted: finite numbers'),
    'too short': ({'velocity': []}, '0 values'),
    'renamed': ({'name': ['hinge']}, 'names hinge'),
}


@pytest.mark.parametrize('fault', BAD_MESSAGES)
def test_bad_sensors_are_as_good_as_silent(move, fault: str) -> None:
    fields, words = BAD_MESSAGES[fault]
    with move('safety: {sensor_watchdog: {reaction: zero, max_age_s: 0.2}}') as (robot, process):
        robot.say = lambda: robot.joint_state(**fields)
        robot.until_commanded(0.0)
        robot.say = robot.joint_state
        robot.until_commanded(COMMAND)
        status = robot.until_status(lambda item: item.safety_state == 'ok', 'the end of the stop')
        assert counts_of(status) == {
            'sensor_refused/joint_states': 1,
            'sensor_too_old/joint_states': 1,
        }
        lines = [line for line in log_of(process).splitlines() if words in line]
        # once as what is wrong with the message, once as the reason of the stop
        assert len(lines) == 2, lines


def test_one_bad_message_stops_nothing(move) -> None:
    with move('safety: {sensor_watchdog: {reaction: zero, max_age_s: 5.0}}') as (robot, _):
        robot.say = lambda: robot.joint_state(position=[math.nan])
        robot.until_status(
            lambda item: counts_of(item) == {'sensor_refused/joint_states': 1}, 'the count'
        )
        robot.say = robot.joint_state
        robot.until_commanded(COMMAND)
        assert robot.heard['episode'] == []


def test_joints_in_another_order_are_found_by_name(move) -> None:
    with move() as (robot, _):
        robot.say = lambda: robot.joint_state(
            name=['other', 'pivot'], position=[9.0, 0.75], velocity=[9.0, -0.5]
        )
        robot.until(
            lambda: robot.heard['step'][-1].observation[0] == 0.75, 'the angle of the pivot'
        )
        assert robot.heard['step'][-1].observation[3] == -0.5
        status = robot.until_status(lambda item: True, 'a status')
        assert counts_of(status) == {}


def test_a_latched_watchdog_waits_for_a_person(move) -> None:
    safety = 'safety: {sensor_watchdog: {reaction: zero, max_age_s: 0.2, latch: true}}'
    with move(safety) as (robot, _):
        robot.say = lambda: None
        robot.until_status(lambda item: item.safety_latched, 'the latch')
        refused = robot.call('rearm')
        assert not refused.success
        assert 'persists' in refused.message
        assert 'sensor_too_old/joint_states' in refused.message
        robot.say = robot.joint_state
        status = robot.until_status(lambda item: True, 'a status')
        assert status.safety_latched
        begun = len(robot.commands)
        robot.until(lambda: len(robot.commands) > begun + 20, 'more commands')
        assert {number for _, number in robot.commands[begun:]} == {0.0}
        assert robot.call('rearm').success
        robot.until_commanded(COMMAND)


def test_emergency_stop_by_service(move) -> None:
    with move('safety: {emergency_stop: {reaction: zero}}') as (robot, process):
        assert robot.call('emergency_stop').success
        robot.until_commanded(0.0)
        status = robot.until_status(lambda item: item.safety_latched, 'the latch')
        assert status.safety_state == 'emergency_stop: asked for by service'
        assert status.state == 'held by safety'
        begun = len(robot.commands)
        robot.until(lambda: len(robot.commands) > begun + 20, 'more commands')
        assert {number for _, number in robot.commands[begun:]} == {0.0}
        answer = robot.call('rearm')
        assert (answer.success, answer.message) == (True, 're-armed after emergency_stop')
        robot.until_commanded(COMMAND)
        assert robot.resets == 2
        last = [item for item in robot.heard['step'] if item.episode == 1][-1]
        assert (last.truncated, last.terminated, last.intervention) == (True, False, True)
        assert (last.command[0], last.action_executed[0]) == (0.0, 0.0)
        assert last.action_wanted[0] == pytest.approx(WANTED)
        assert log_of(process).count('emergency_stop: asked for by service') == 1


def test_emergency_stop_by_topic(move) -> None:
    """As long as it says true, nobody can re-arm; false alone moves nothing."""
    with move('safety: {emergency_stop: {reaction: zero}}') as (robot, _):
        robot.publish_stop(True)
        robot.until_commanded(0.0)
        refused = robot.call('rearm')
        assert not refused.success
        assert 'emergency_stop says true' in refused.message
        robot.publish_stop(False)
        begun = len(robot.commands)
        robot.until(lambda: len(robot.commands) > begun + 20, 'more commands')
        assert {number for _, number in robot.commands[begun:]} == {0.0}
        robot.until(lambda: robot.call('rearm').success, 're-arming')
        robot.until_commanded(COMMAND)


def test_an_emergency_stop_from_before_the_agent_holds_it(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    namespace = '/stopped_before'
    with live_robot(namespace, tmp_path) as (robot, path):
        robot.publish_stop(True)
        spec = dataclasses.replace(
            robot.spec,
            parameters={'robot': str(path)},
            remappings={'/policy': f'{namespace}/policy'},
        )
        with running([spec], ros_environment, tmp_path):
            robot.publish_policy(WANTED)
            status = robot.until_status(lambda item: item.state == 'held by safety', 'the hold')
            assert status.safety_latched
            assert status.steps == 0
            assert {number for _, number in robot.commands} <= {0.0}


def test_a_limit_trips_is_latched_and_truncates(move) -> None:
    safety = (
        'safety: {trip: {reaction: zero},'
        ' limits: [{name: too_far, observation: angle, low: [-1.0], high: [1.0]}]}'
    )
    with move(safety) as (robot, process):
        robot.position = 1.5
        robot.until_commanded(0.0)
        status = robot.until_status(lambda item: item.safety_latched, 'the latch')
        assert status.safety_state == (
            'limit/too_far: angle of pivot: given 1.5; accepted: -1 to 1'
        )
        refused = robot.call('rearm')
        assert not refused.success
        assert 'given 1.5; accepted: -1 to 1' in refused.message
        robot.position = 0.25
        robot.until(lambda: robot.call('rearm').success, 're-arming')
        robot.until_commanded(COMMAND)
        episode = robot.heard['episode'][0]
        assert (episode.terminated, episode.truncated) == (False, True)
        last = [item for item in robot.heard['step'] if item.episode == 1][-1]
        assert last.observation[0] in (0.25, 1.5)
        assert log_of(process).count('limit/too_far: angle') == 1


def test_limited_commands_are_counted_and_named_once(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """A box up to 0.75 N m, and 5 N m/s: 0.1 a step from 0.5, the default."""
    safety = 'safety: {command_high: [0.75], command_low: [-2.0], slew_per_s: [5.0]}'
    with moving(ros_environment, tmp_path, safety, expected=0.75) as (robot, process):
        numbers = [number for _, number in robot.commands[:4]]
        assert numbers == pytest.approx([0.6, 0.7, 0.75, 0.75], abs=1e-6)
        status = robot.until_status(
            lambda item: counts_of(item).get('limited/box', 0) > 20, 'counts'
        )
        assert counts_of(status)['limited/slew'] == 2
        step = robot.heard['step'][-1]
        assert step.action_wanted[0] == pytest.approx(WANTED)
        assert step.action_executed[0] == pytest.approx(0.375)
        assert step.intervention
        said = log_of(process)
        assert (said.count('limited/box: '), said.count('limited/slew: ')) == (1, 1)


def test_the_policy_of_another_robot_is_named_once_and_counted(move) -> None:
    with move() as (robot, process):
        for version in range(2, 7):
            robot.publish_policy(-WANTED, version, fingerprint='0123456789abcdef')
            status = robot.until_status(
                lambda item, version=version: item.policies_rejected >= version - 1, 'the refusal'
            )
        assert counts_of(status) == {'policy_refused/layout': 5}
        assert (status.policy_version, status.safety_state) == (1, 'ok')
        assert log_of(process).count("fingerprint: given '0123456789abcdef'") == 1
        assert min(number for _, number in robot.commands) > 0.0


def test_an_old_policy_brings_its_reaction_until_the_learner_is_back(move) -> None:
    safety = 'safety: {policy_watchdog: {reaction: zero, max_age_s: 1.0}}'
    with move(safety) as (robot, _):
        robot.until_commanded(0.0)
        status = robot.until_status(lambda item: item.safety_state != 'ok', 'the stop')
        assert status.safety_state.startswith('policy_too_old: the policy: ')
        robot.publish_policy(WANTED)  # the same again: the learner lives
        robot.until_commanded(COMMAND)


def test_a_stuck_control_loop_is_stopped_from_another_thread(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """The control thread is held up in its task for a second; the robot gets zeros meanwhile."""
    (tmp_path / 'stuck_task.py').write_text(STUCK_TASK)
    environment = {**ros_environment, 'PYTHONPATH': str(tmp_path)}
    safety = 'safety: {command_watchdog: {reaction: zero, max_age_s: 0.1}}'
    namespace = '/stuck'
    with live_robot(namespace, tmp_path, safety) as (robot, path):
        path.write_text(
            path.read_text().replace('task: {name: swing_up}', 'task: {name: "stuck_task:Stuck"}')
        )
        spec = dataclasses.replace(
            robot.spec,
            parameters={'robot': str(path)},
            remappings={'/policy': f'{namespace}/policy'},
        )
        with running([spec], environment, tmp_path) as processes:
            robot.publish_policy(WANTED)
            robot.until_commanded(COMMAND)
            stopped_s = robot.until_commanded(0.0)
            status = robot.until_status(
                lambda item: 'control_loop_stuck' in counts_of(item), 'the count'
            )
            resumed_s = robot.until_commanded(COMMAND)
            assert stopped_s < resumed_s
            assert status.safety_state in ('ok', 'control_loop_stuck: no command for 0.1 s')
            said = log_of(processes[spec.name])
            assert said.count('control_loop_stuck: no command for 0.1 s') >= 1


STUCK_TASK = '''
from dataclasses import dataclass
import time
from typing import ClassVar

from rl_agent.tasks.task import Outcome, Parameters


@dataclass(frozen=True)
class Stuck(Parameters):
    """Holds the control thread up, once."""

    fields: ClassVar[tuple[str, ...]] = ('angle',)
    steps: ClassVar[list[int]] = []

    def outcome(self, observation, command, next_observation):
        self.steps.append(1)
        if len(self.steps) == 100:
            time.sleep(1.5)
        return Outcome({'none': 0.0}, terminated=False)
'''


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_a_signal_amid_motion_stops_by_the_reaction(move, number: signal.Signals) -> None:
    with move('safety: {stop: {reaction: damped_stop, duration_s: 0.3}}') as (robot, process):
        os.kill(process.pid, number)
        robot.until(lambda: process.exit_code is not None, 'the end of the process')
        assert process.exit_code == 0
        robot.until(lambda: robot.commands[-1][1] == 0.0, 'zero as the last command')
        numbers = [given for _, given in robot.commands]
        begun = max(index for index, given in enumerate(numbers) if given > COMMAND - 1e-3)
        ramp = numbers[begun:]
        assert all(after <= before for before, after in itertools.pairwise(ramp))
        assert sum(0.05 < given < 0.95 for given in ramp) >= 5

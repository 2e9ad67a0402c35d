# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""An agent process and a robot in real time: every fault, over real DDS."""

from collections.abc import Iterator
import contextlib
import dataclasses
import itertools
import math
import os
from pathlib import Path
import signal
from typing import Any

from fleet import Listener, run_module, running
from live_robot import live_robot, LiveRobot, TIMEOUT_S
import numpy as np
import pytest
from rl_agent.bringup.node_specs import agent, evaluation_nodes, simulated_robot
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.policy.policy_file import save_policy
from rl_agent.ros.ros_topics import STATUS_QOS
from rl_learner.system.processes import ChildProcess
from rl_msgs.msg import AgentStatus

WANTED = 0.5  # action of the policy; the command is twice that
COMMAND = 1.0


# Every cause has a different reaction, so that one agent shows them all.
SAFETY = """
safety:
  sensor_watchdog: {reaction: hold, max_age_s: 0.5}
  trip: {reaction: default_pose, duration_s: 0.2}
  emergency_stop: {reaction: zero}
  limits: [{name: too_far, observation: angle, low: [-1.0], high: [1.0]}]
"""
LATCHED = """
safety:
  sensor_watchdog: {reaction: damped_stop, duration_s: 0.2, max_age_s: 0.5, latch: true}
  policy_watchdog: {reaction: zero, max_age_s: 3.0}
"""


@contextlib.contextmanager
def moving(
    environment: dict[str, str],
    folder: Path,
    safety: str = '',
    *,
    task: str = '',
    expected: float = COMMAND,
    **parameters: Any,
) -> Iterator[tuple[LiveRobot, ChildProcess]]:
    """Yield a robot that an agent controls with a constant policy, and the agent's process."""
    namespace = f'/{folder.name}'.replace('-', '_')
    with live_robot(namespace, folder, safety, task) as (robot, path):
        spec = dataclasses.replace(
            robot.spec,
            parameters={'robot': str(path), 'explore': False, **parameters},
            remappings={'/policy': f'{namespace}/policy'},
        )
        with running([spec], environment, folder) as processes:
            robot.publish_policy(WANTED)
            robot.until_commanded(expected)
            yield robot, processes[spec.name]


Move = tuple[LiveRobot, ChildProcess]


@pytest.fixture(scope='module')
def shared(
    ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Move]:
    """Yield a robot and its agent, shared by many tests."""
    folder = tmp_path_factory.mktemp('driven')
    # on a busy machine, a fault may last until the next episode, which waits for so long
    with moving(ros_environment, folder, SAFETY, robot_timeout_s=300.0) as moved:
        yield moved


@pytest.fixture
def driven(shared: Move) -> Iterator[Move]:
    """Yield a healthy, moving robot; repair it afterwards."""
    robot, process = shared
    robot.until_commanded(COMMAND)
    yield robot, process
    robot.make_state, robot.position = robot.joint_state, 0.25
    robot.publish_stop(False)
    robot.restart()


def log_of(process: ChildProcess) -> str:
    """Return the log of a process so far."""
    return process.log.read_text()


def counts_of(status: Any) -> dict[str, int]:
    """Return the counted events of a status."""
    return dict(zip(status.event_names, status.event_counts, strict=True))


def seconds_of(message: Any) -> float:
    """Return the stamp of a message."""
    stamp = message.header.stamp
    return float(stamp.sec + 1e-9 * stamp.nanosec)


def is_repeated(robot: LiveRobot, number: float) -> bool:
    """Return whether the last commands all equal this one."""
    last = [given for _, given in robot.commands[-10:]]
    return last == pytest.approx([number] * 10, abs=1e-3)


def test_a_healthy_robot_is_driven_at_its_rate(driven: Move) -> None:
    robot, _ = driven
    status = robot.until_status(lambda item: item.ticks > 100, 'two seconds of ticks')
    assert (status.safety_state, status.safety_latched) == ('ok', False)
    assert 0.0 < status.latency_p50_us <= status.latency_p99_us
    # benchmarks measure punctuality; this counts the ticks that were due
    later = robot.until_status(lambda item: item.ticks > status.ticks + 100, 'more')
    due = later.ticks + later.ticks_missed - status.ticks - status.ticks_missed
    passed_s = seconds_of(later) - seconds_of(status)
    assert due / passed_s == pytest.approx(50, rel=0.2)


def test_silent_sensors_stop_the_robot_until_they_are_back(driven: Move) -> None:
    """Unobserved steps are not stored, and the episode is truncated."""
    robot, process = driven
    episodes = len(robot.heard['episode'])
    before = log_of(process)
    robot.make_state = lambda: None
    status = robot.until_status(lambda item: item.safety_state != 'ok', 'the stop')
    assert status.safety_state.startswith('sensor_too_old/joint_states: ')
    assert not status.safety_latched
    assert is_repeated(robot, COMMAND)  # hold
    robot.until(lambda: len(robot.heard['episode']) > episodes, 'the end of the episode')
    ended = robot.heard['episode'][-1]
    assert (ended.terminated, ended.truncated) == (False, True)
    robot.make_state = robot.joint_state
    robot.until_status(
        lambda item: item.safety_state == 'ok' and item.episode > ended.episode, 'a new episode'
    )
    said = log_of(process).removeprefix(before)
    assert said.count('accepted: at most 0.5 s') == 1
    assert said.count('sensor_too_old/joint_states: over after') == 1


BAD_MESSAGES: dict[str, tuple[dict[str, Any], str]] = {
    'NaN': ({'position': [math.nan]}, 'given [nan]; accepted: finite numbers'),
    'infinite': ({'velocity': [math.inf]}, 'given [inf]; accepted: finite numbers'),
    'too short': ({'velocity': []}, '0 values'),
    'renamed': ({'name': ['hinge']}, 'names hinge'),
}


@pytest.mark.parametrize('fault', BAD_MESSAGES)
def test_bad_sensor_messages_count_as_silence(driven: Move, fault: str) -> None:
    robot, process = driven
    before = log_of(process)
    counted = counts_of(robot.until_status(lambda item: True, 'a status'))
    fields, words = BAD_MESSAGES[fault]
    robot.make_state = lambda: robot.joint_state(**fields)
    robot.until_status(lambda item: 'sensor_too_old' in item.safety_state, 'the stop')
    robot.make_state = robot.joint_state
    status = robot.until_status(lambda item: item.safety_state == 'ok', 'the end of the stop')
    for name in ('sensor_refused/joint_states', 'sensor_too_old/joint_states'):
        assert counts_of(status)[name] == counted.get(name, 0) + 1
    said = log_of(process).removeprefix(before)
    # once as the fault of the message, once as the reason of the stop
    assert said.count(words) == 2, said


def test_one_bad_message_stops_nothing(driven: Move) -> None:
    robot, _ = driven
    counted = counts_of(robot.until_status(lambda item: True, 'a status'))
    episodes = len(robot.heard['episode'])

    def say_once() -> Any:
        robot.make_state = robot.joint_state
        return robot.joint_state(position=[math.nan])

    robot.make_state = say_once
    name = 'sensor_refused/joint_states'
    # a good message between the same two ticks may hide it
    robot.until_status(lambda item: robot.make_state == robot.joint_state, 'the bad message')
    status = robot.until_status(lambda item: True, 'a status')
    assert counts_of(status).get(name, 0) <= counted.get(name, 0) + 1
    assert status.safety_state == 'ok'
    assert len(robot.heard['episode']) == episodes


def test_joints_in_another_order_are_found_by_name(driven: Move) -> None:
    robot, _ = driven
    robot.make_state = lambda: robot.joint_state(
        name=['other', 'pivot'], position=[9.0, 0.75], velocity=[9.0, -0.5]
    )
    robot.until(lambda: robot.heard['step'][-1].observation[0] == 0.75, 'the pivot')
    assert robot.heard['step'][-1].observation[3] == -0.5
    assert robot.until_status(lambda item: True, 'a status').safety_state == 'ok'


def test_emergency_stop_by_service(driven: Move) -> None:
    robot, process = driven
    before, resets = log_of(process), robot.resets
    episode = robot.heard['step'][-1].episode
    assert robot.call('emergency_stop').success
    robot.until_commanded(0.0)
    status = robot.until_status(lambda item: item.safety_latched, 'the latch')
    assert status.safety_state == 'emergency_stop: asked for by service'
    assert status.state == 'held by safety'
    robot.until(lambda: is_repeated(robot, 0.0), 'zero, repeated')
    answer = robot.call('rearm')
    assert answer.success
    assert answer.message == 're-armed after emergency_stop; ~/start lets the robot move'
    status = robot.until_status(lambda item: not item.safety_latched, 'the wait for a start')
    assert status.safety_state.startswith('waiting_for_start: re-armed after emergency_stop')
    assert status.state == 'held by safety'
    robot.until(lambda: is_repeated(robot, 0.0), 'zero, repeated')
    assert robot.resets == resets
    assert robot.call('start').success
    robot.until_commanded(COMMAND)
    assert robot.resets == resets + 1
    last = [item for item in robot.heard['step'] if item.episode == episode][-1]
    assert (last.truncated, last.terminated, last.intervention) == (True, False, True)
    assert (last.command[0], last.action_executed[0]) == (0.0, 0.0)
    assert last.action_wanted[0] == pytest.approx(WANTED)
    said = log_of(process).removeprefix(before)
    assert said.count('emergency_stop: asked for by service') == 1


def test_emergency_stop_by_topic(driven: Move) -> None:
    """While it is true, re-arming is refused; false alone does not move the robot."""
    robot, _ = driven
    robot.publish_stop(True)
    robot.until_commanded(0.0)
    refused = robot.call('rearm')
    assert not refused.success
    assert 'emergency_stop by ' in refused.message
    assert 'live_robot says true' in refused.message
    robot.publish_stop(False)
    refused = robot.call('start')
    assert not refused.success
    assert 'call ~/rearm first' in refused.message
    begun = len(robot.commands)
    robot.until(lambda: len(robot.commands) > begun + 20, 'more commands')
    assert {number for _, number in robot.commands[begun:]} == {0.0}
    robot.restart()
    robot.until_commanded(COMMAND)


def test_a_trip_is_latched_and_truncates_the_episode(driven: Move) -> None:
    robot, process = driven
    before, episode = log_of(process), robot.heard['step'][-1].episode
    robot.position = 1.5
    status = robot.until_status(lambda item: item.safety_latched, 'the latch')
    assert status.safety_state == 'limit/too_far: angle of pivot: given 1.5; accepted: -1 to 1'
    robot.until(lambda: is_repeated(robot, 0.5), 'the default pose, repeated')
    refused = robot.call('rearm')
    assert not refused.success
    assert 'given 1.5; accepted: -1 to 1' in refused.message
    robot.position = 0.25
    robot.restart()
    robot.until_commanded(COMMAND)
    ended = next(item for item in robot.heard['episode'] if item.episode == episode)
    assert (ended.terminated, ended.truncated) == (False, True)
    assert log_of(process).removeprefix(before).count('limit/too_far: angle') == 1


def test_the_policy_of_another_robot_is_named_once_and_counted(driven: Move) -> None:
    robot, process = driven
    status = robot.until_status(lambda item: True, 'a status')
    for version in range(2, 7):
        rejected = status.policies_rejected
        robot.publish_policy(-WANTED, version, fingerprint='0123456789abcdef')
        status = robot.until_status(
            lambda item, rejected=rejected: item.policies_rejected > rejected,  # type: ignore[misc]
            'the refusal',
        )
    assert counts_of(status)['policy_refused/layout'] == 5
    assert (status.policy_version, status.safety_state) == (1, 'ok')
    assert log_of(process).count("fingerprint: given '0123456789abcdef'") == 1
    assert min(number for _, number in robot.commands) >= 0.0
    robot.publish_policy(WANTED)


def test_a_latched_watchdog_waits_for_a_person(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """The policy watchdog is not latched and waits for the learner."""
    with moving(ros_environment, tmp_path, LATCHED) as (robot, _):
        status = robot.until_status(lambda item: item.safety_state != 'ok', 'the stop')
        assert status.safety_state.startswith('policy_too_old: the policy: ')
        robot.until(lambda: is_repeated(robot, 0.0), 'zero, repeated')
        robot.publish_policy(WANTED)  # the same policy again: the learner is alive
        robot.until_commanded(COMMAND)
        robot.make_state = lambda: None
        robot.until_status(lambda item: item.safety_latched, 'the latch')
        refused = robot.call('rearm')
        assert not refused.success
        assert 'persists' in refused.message
        assert 'sensor_too_old/joint_states' in refused.message
        robot.make_state = robot.joint_state
        assert robot.until_status(lambda item: True, 'a status').safety_latched
        robot.until(lambda: is_repeated(robot, 0.0), 'zero, repeated')
        robot.publish_policy(WANTED)
        robot.restart()
        robot.until_commanded(COMMAND)


def test_limited_commands_are_counted_and_named_once(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """A box up to 0.75 N m, and 5 N m/s: 0.1 a step from 0.5, the default."""
    safety = 'safety: {command_high: [0.75], command_low: [-2.0], slew_per_s: [5.0]}'
    with moving(ros_environment, tmp_path, safety, expected=0.75) as (robot, process):
        numbers = [number for _, number in robot.commands]
        assert max(numbers) == 0.75
        assert any(abs(number - 0.6) < 1e-6 for number in numbers)
        status = robot.until_status(
            lambda item: counts_of(item).get('limited/box', 0) > 20, 'counts'
        )
        assert counts_of(status)['limited/slew'] >= 2
        robot.until(
            lambda: robot.heard['step'][-1].action_executed[0] == pytest.approx(0.375), 'a step'
        )
        step = robot.heard['step'][-1]
        assert step.action_wanted[0] == pytest.approx(WANTED)
        assert step.intervention
        said = log_of(process)
        assert (said.count('limited/box: '), said.count('limited/slew: ')) == (1, 1)


def test_evaluating_a_policy_file_needs_no_learner(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    safety = 'safety: {policy_watchdog: {reaction: zero, max_age_s: 0.5}}'
    with live_robot('/judged', tmp_path, safety) as (robot, path):
        save_policy(tmp_path / 'policy.npz', robot.policy(WANTED, 7))
        file = str(tmp_path / 'policy.npz')
        spec = evaluation_nodes(
            str(path),
            'judged',
            simulated=False,
            seed=0,
            policy=file,
            max_episodes=5,
            explore=False,
        )[0]
        with running([spec], ros_environment, tmp_path):
            robot.until_commanded(COMMAND)
            status = robot.until_status(lambda item: item.ticks > 150, 'three seconds')
            assert status.safety_state == 'ok'
            assert not counts_of(status)


def test_an_emergency_stop_from_before_the_start_holds_the_robot(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """The publisher latches; the policy is from a file, without a learner."""
    namespace = '/stopped_before'
    with live_robot(namespace, tmp_path) as (robot, path):
        robot.publish_stop(True)
        save_policy(tmp_path / 'policy.npz', robot.policy(WANTED, 7))
        spec = dataclasses.replace(
            robot.spec,
            parameters={
                'robot': str(path),
                'policy': str(tmp_path / 'policy.npz'),
                'explore': False,
            },
            remappings={'/policy': f'{namespace}/policy'},
        )
        with running([spec], ros_environment, tmp_path):
            status = robot.until_status(lambda item: item.state == 'held by safety', 'the hold')
            assert status.safety_latched
            assert status.policy_version == 7
            begun = len(robot.commands)
            robot.until_status(lambda item: True, 'a status')
            assert {number for _, number in robot.commands[begun:]} <= {0.0}
            robot.publish_stop(False)
            robot.restart()
            robot.until_commanded(COMMAND)


def test_a_policy_file_of_another_robot_ends_the_start(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    architecture = PolicyArchitecture(3, 1, (4,))
    numbers = np.zeros(architecture.num_parameters, np.float32)
    path = tmp_path / 'policy.npz'
    save_policy(path, PolicyParameters(architecture, numbers, fingerprint='0123456789abcdef'))
    arguments = ['--ros-args', '-p', 'robot:=pendulum', '-p', f'policy:={path}']
    result = run_module(
        'rl_agent.nodes.agent_node', *arguments, environment=ros_environment, cwd=tmp_path
    )
    assert result.returncode == 2
    assert 'Traceback' not in result.stderr
    assert "fingerprint: given '0123456789abcdef'; accepted: " in result.stderr


def test_a_stuck_control_loop_is_stopped_from_another_thread(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """While the control thread is blocked in its task, zeros are sent to the robot."""
    (tmp_path / 'stuck_task.py').write_text(STUCK_TASK)
    environment = {**ros_environment, 'PYTHONPATH': str(tmp_path)}
    safety = 'safety: {command_watchdog: {reaction: zero, max_age_s: 0.2}}'
    with moving(environment, tmp_path, safety, task='stuck_task:Stuck') as (robot, process):
        stopped_s = robot.until_commanded(0.0)
        status = robot.until_status(
            lambda item: 'control_loop_stuck' in counts_of(item), 'the count'
        )
        resumed_s = robot.until_commanded(COMMAND)
        assert stopped_s < resumed_s
        assert status.safety_state in ('ok', 'control_loop_stuck: no command for 0.2 s')
        assert 'control_loop_stuck: no command for 0.2 s' in log_of(process)


STUCK_TASK = '''
from dataclasses import dataclass
import time
from typing import ClassVar

from rl_agent.tasks.task import Outcome, Parameters


@dataclass(frozen=True)
class Stuck(Parameters):
    """Blocks the control thread once."""

    fields: ClassVar[tuple[str, ...]] = ('angle',)
    steps: ClassVar[list[int]] = []

    def outcome(self, observation, command, next_observation):
        self.steps.append(1)
        if len(self.steps) == 100:
            time.sleep(3.0)
        return Outcome({'none': 0.0}, terminated=False)
'''


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_motion_stops_with_the_reaction(
    ros_environment: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    safety = 'safety: {stop: {reaction: damped_stop, duration_s: 0.3}}'
    with moving(ros_environment, tmp_path, safety) as (robot, process):
        os.kill(process.pid, number)
        robot.until(lambda: process.exit_code is not None, 'the end of the process')
        assert process.exit_code == 0
        robot.until(lambda: robot.commands[-1][1] == 0.0, 'zero as the last command')
        numbers = [given for _, given in robot.commands]
        begun = max(index for index, given in enumerate(numbers) if given > COMMAND - 1e-3)
        ramp = numbers[begun:]
        assert all(after <= before for before, after in itertools.pairwise(ramp))
        assert sum(0.05 < given < 0.95 for given in ramp) >= 5


def test_a_simulated_robot_is_driven_in_real_time_too(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """The pendulum runs at 20 Hz in real time; the agent keeps pace with it."""
    namespace = 'timely'
    specs = [
        simulated_robot('pendulum', namespace, real_time=True),
        agent('pendulum', namespace, max_steps=40),
    ]
    specs = [
        dataclasses.replace(spec, remappings={'/policy': f'/{namespace}/policy'}) for spec in specs
    ]
    architecture = PolicyArchitecture(3, 1, (4,))
    spaces = Spaces(load_robot('pendulum'))
    numbers = np.zeros(architecture.num_parameters, np.float32)
    parameters = PolicyParameters(architecture, numbers, fingerprint=spaces.fingerprint, version=1)
    save_policy(tmp_path / 'policy.npz', parameters)
    specs[1] = dataclasses.replace(
        specs[1],
        parameters={**specs[1].parameters, 'policy': str(tmp_path / 'policy.npz')},
    )
    listener = Listener({f'/{namespace}/agent_status': (AgentStatus, STATUS_QOS)})
    statuses = listener.heard[f'/{namespace}/agent_status']
    with running(specs, ros_environment, tmp_path):
        listener.until(
            lambda: any(item.steps == 40 for item in statuses), TIMEOUT_S, 'forty steps'
        )
    listener.close()
    last = statuses[-1]
    assert last.steps == 40
    assert last.ticks >= 40  # a tick with sensors that are too old is not a step
    assert last.state.startswith('finished')

# Copyright 2026 The rl_learner authors
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

"""`rl_import --raw`: a pendulum's recorded topics become the transitions of `RobotEnv`."""

from collections.abc import Callable
import dataclasses
import json
import math
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
import pytest
from rl_agent.array_types import FieldValues
from rl_agent.description.robot import load_robot, RobotDescription
from rl_agent.description.safety import SafetyDescription
from rl_agent.description.task import TaskDescription
from rl_agent.environment.robot_env import RobotEnv
from rl_agent.environment.spaces import Spaces
from rl_agent.simulation.in_process_robot import InProcessRobot
from rl_agent.tasks.task import Outcome, Parameters
from rl_agent.transport.transition import Transition, TransitionBuilder
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.cli import import_recordings
from rl_learner.journal.journal_reader import read_journal
from rl_learner.recordings.episode_rebuilder import EpisodeRebuilder
from rl_learner.run.folder import EXPERIENCE
from rl_learner.run.manifest import next_start, write_run
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores

PENDULUM = dataclasses.replace(load_robot('pendulum'), episode_steps=20)
# observations include the previous step, and the slew limit changes most actions
WITH_HISTORY = dataclasses.replace(
    PENDULUM, stack=2, previous_actions=1, safety=SafetyDescription(slew_per_s=(20.0,))
)
MILLISECOND = 1_000_000
TYPES = get_typestore(Stores.ROS2_HUMBLE)
STATE, COMMAND = 'sensor_msgs/msg/JointState', 'std_msgs/msg/Float64MultiArray'


def exit_code(main: Callable[[list[str]], None], *arguments: object) -> int:
    """Return the exit code of a command line."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in arguments])
    return int(ended.value.code or 0)


def test_what_is_published_once_is_never_too_old() -> None:
    fields = PENDULUM.observation
    goal = dataclasses.replace(fields[0], name='goal', topic='goal', once=True)
    description = dataclasses.replace(PENDULUM, observation=(*fields, goal))
    rebuilder = EpisodeRebuilder(description, gap_s=0.2)
    joints = {item.name: np.array([0.5]) for item in fields}
    rebuilder.sense({'goal': np.array([0.25])}, 0, 0)
    found: list[Transition] = []
    for number in range(1, 101):
        time_ns = 100_000 * MILLISECOND + number * 50 * MILLISECOND
        rebuilder.sense(joints, time_ns, time_ns)
        found += rebuilder.command(np.zeros(1), time_ns + MILLISECOND)
    assert (len(found), rebuilder.left_out) == (99, 0)
    goals = {float(step.next_observation[len(fields)]) for step in found}
    assert goals == {float(np.float32(np.cos(0.25)))}
    assert len({step.stamp_ns for step in found}) == 99


class Recorder:
    """Writes a bag of a robot's own topics."""

    def __init__(self, path: Path, kind: str = 'MCAP', namespace: str = '/robot_7') -> None:
        """Create the bag."""
        self._writer = Writer(path, version=9, storage_plugin=StoragePlugin[kind])
        self._writer.open()
        self._states = self._writer.add_connection(
            f'{namespace}/joint_states', STATE, typestore=TYPES
        )
        self._commands = self._writer.add_connection(
            f'{namespace}/effort_controller/commands', COMMAND, typestore=TYPES
        )

    def state(
        self, time_ns: int, stamp_ns: int, position: float, velocity: float, joint: str = 'pivot'
    ) -> None:
        """Write the state of the joint, together with another joint."""
        of = TYPES.types
        stamp = of['builtin_interfaces/msg/Time'](stamp_ns // 10**9, stamp_ns % 10**9)
        message = of[STATE](
            header=of['std_msgs/msg/Header'](stamp, ''),
            name=['lamp', joint],
            position=np.array([9.0, position]),
            velocity=np.array([9.0, velocity]),
            effort=np.array([]),
        )
        self._writer.write(self._states, time_ns, TYPES.serialize_cdr(message, STATE))

    def command(self, time_ns: int, command: NDArray[np.float64]) -> None:
        """Write a command."""
        layout = TYPES.types['std_msgs/msg/MultiArrayLayout']([], 0)
        message = TYPES.types[COMMAND](layout, np.array(command))
        self._writer.write(self._commands, time_ns, TYPES.serialize_cdr(message, COMMAND))

    def close(self) -> None:
        """Close the bag."""
        self._writer.close()


def drive(recorder: Recorder, description: RobotDescription, episodes: int) -> list[Transition]:
    """Record random episodes of a simulated pendulum; return their transitions."""
    robot = InProcessRobot(description, seed=4)
    env, builder = RobotEnv(robot, description), TransitionBuilder()
    rng = np.random.default_rng(5)
    now_ns = 1000 * MILLISECOND
    transitions = []

    def record_state(stamp_ns: int) -> None:
        model = robot.simulated.model
        recorder.state(now_ns, stamp_ns, float(model.position[0]), float(model.velocity[0]))

    for _ in range(episodes):
        observation, info = env.reset()
        builder.first(observation, info['stamp_ns'])
        record_state(info['stamp_ns'])
        truncated = False
        while not truncated:
            action = rng.uniform(-1, 1, 1).astype(np.float32)
            observation, reward, terminated, truncated, info = env.step(action)
            recorder.command(now_ns + MILLISECOND, info['command'])
            now_ns += 50 * MILLISECOND
            record_state(info['stamp_ns'])
            transitions.append(
                builder.step(
                    info['executed_action'],
                    reward,
                    observation,
                    info['stamp_ns'],
                    terminated=terminated,
                    truncated=truncated,
                )
            )
        now_ns += 1000 * MILLISECOND  # the reset
    recorder.close()
    return transitions


def make_run(folder: Path, robot: RobotDescription) -> Path:
    """Create a run as a starting learner does."""
    folder.mkdir()
    write_run(folder, next_start(folder, robot, load_algorithm('tqc'), {}, 'a'))
    return folder


def stored(run: Path) -> dict[str, NDArray[Any]]:
    """Return all columns of a run's journal."""
    batches = list(read_journal(run / EXPERIENCE))
    return {
        name: np.concatenate([batch.columns[name] for batch in batches])
        for name in batches[0].columns
    }


@dataclasses.dataclass(frozen=True)
class NeverFinite(Parameters):
    """A task whose reward is never finite."""

    fields: ClassVar[tuple[str, ...]] = ('velocity',)

    def outcome(
        self, observation: FieldValues, command: NDArray[np.float64], next_observation: FieldValues
    ) -> Outcome:
        """Return NaN as the reward."""
        return Outcome({'ratio': math.nan}, terminated=False)


@dataclasses.dataclass(frozen=True)
class SometimesHuge(Parameters):
    """A task whose reward does not fit into float32 while the velocity is negative."""

    fields: ClassVar[tuple[str, ...]] = ('velocity',)

    def outcome(
        self, observation: FieldValues, command: NDArray[np.float64], next_observation: FieldValues
    ) -> Outcome:
        """Return 1e300 or 1 as the reward."""
        huge = next_observation['velocity'][0] < 0.0
        return Outcome({'ratio': 1e300 if huge else 1.0}, terminated=False)


@pytest.mark.filterwarnings('error::RuntimeWarning')
def test_nothing_is_imported_if_no_reward_is_finite(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    drive(Recorder(tmp_path / 'bag'), PENDULUM, 2)
    robot = dataclasses.replace(PENDULUM, task=TaskDescription(f'{__name__}:NeverFinite'))
    run = make_run(tmp_path / 'run', robot)
    arguments = [tmp_path / 'bag', '--raw', '--run', run]
    assert exit_code(import_recordings.main, *arguments, '--json') == 1
    result = json.loads(capsys.readouterr().out)
    assert (result['imported'], result['refused'], result['total']) == (0, 40, 0)
    assert list(read_journal(run / EXPERIENCE)) == []
    pause, record = caplog.records  # once, not for each transition
    assert '1 pause of more than 0.1 s' in pause.getMessage()
    assert "robot 'robot_7': reward: given nan; accepted: finite" in record.getMessage()
    assert exit_code(import_recordings.main, *arguments) == 1
    assert '0 transitions imported' in (text := capsys.readouterr().out)
    assert '40 refused' in text


@pytest.mark.filterwarnings('error::RuntimeWarning')
def test_transitions_whose_reward_is_not_finite_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    transitions = drive(Recorder(tmp_path / 'bag'), PENDULUM, 2)
    good = [row.stamp_ns for row in transitions if row.next_observation[2] >= 0.0]
    assert 0 < len(good) < 40
    robot = dataclasses.replace(PENDULUM, task=TaskDescription(f'{__name__}:SometimesHuge'))
    run = make_run(tmp_path / 'run', robot)
    assert (
        exit_code(import_recordings.main, tmp_path / 'bag', '--raw', '--run', run, '--json') == 0
    )
    result = json.loads(capsys.readouterr().out)
    assert (result['imported'], result['refused']) == (len(good), 40 - len(good))
    columns = stored(run)
    assert columns['stamp'].tolist() == good
    assert columns['reward'].tolist() == [1.0] * len(good)


@pytest.mark.parametrize('kind', ['SQLITE3', 'MCAP'])
@pytest.mark.parametrize('robot', [PENDULUM, WITH_HISTORY], ids=['plain', 'history'])
def test_a_recorded_pendulum_becomes_its_transitions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, robot: RobotDescription
) -> None:
    transitions = drive(Recorder(tmp_path / 'bag', kind), robot, 3)
    run = make_run(tmp_path / 'run', robot)
    assert exit_code(import_recordings.main, tmp_path / 'bag', '--raw', '--run', run) == 0
    output = capsys.readouterr()
    assert '60 transitions imported' in output.out
    assert output.err == ''
    columns = stored(run)
    for name in ('observation', 'reward', 'next_observation', 'episode', 'step'):
        expected = np.array([getattr(row, name) for row in transitions], columns[name].dtype)
        assert columns[name].tolist() == expected.tolist(), name
    assert columns['stamp'].tolist() == [row.stamp_ns for row in transitions]
    assert columns['truncated'].tolist() == ([0] * 19 + [1]) * 3
    assert not columns['terminated'].any()
    actions = np.array([row.action for row in transitions])
    # without a slew limit the float32 action is recovered from the command
    assert np.abs(columns['action'] - actions).max() <= (0 if robot is WITH_HISTORY else 1e-6)
    assert columns['intervention'].all()
    sender = next(read_journal(run / EXPERIENCE)).sender
    assert sender.robot == 'robot_7'
    assert sender.fingerprint == Spaces(robot).fingerprint
    # a second import changes nothing
    assert (
        exit_code(import_recordings.main, tmp_path / 'bag', '--raw', '--run', run, '--json') == 0
    )
    result = json.loads(capsys.readouterr().out)
    assert (result['imported'], result['duplicate'], result['total']) == (0, 60, 60)


def write_steps(recorder: Recorder, first: int, commands: int, period_ms: int = 50) -> None:
    """Write a state and a command for each period, from number `first` on, and a last state."""
    for number in range(first, first + commands + 1):
        time_ns = number * period_ms * MILLISECOND
        recorder.state(time_ns, time_ns, 0.01 * number, 0.0)
        if number < first + commands:
            recorder.command(time_ns + MILLISECOND, np.array([0.5]))


def test_episodes_end_at_gaps(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / 'bag')
    write_steps(recorder, 1, 4)
    write_steps(recorder, 10, 3)  # commands 4 and 10: 300 ms
    recorder.close()
    for gap, episodes, truncated in (
        (None, [1, 1, 1, 1, 2, 2, 2], [0, 0, 0, 1, 0, 0, 1]),
        (0.5, [1] * 7, [0] * 6 + [1]),
    ):
        run = make_run(tmp_path / f'run-{gap}', PENDULUM)
        more = ['--episode-gap-s', gap] if gap else []
        arguments = [tmp_path / 'bag', '--raw', '--run', run, *more]
        assert exit_code(import_recordings.main, *arguments) == 0
        columns = stored(run)
        assert columns['episode'].tolist() == episodes
        assert columns['truncated'].tolist() == truncated
    # the step before the gap ends one period after its command, not at the next one
    cut = stored(tmp_path / 'run-None')
    assert cut['next_observation'][3][1] == np.float32(np.sin(0.05))
    assert cut['observation'][4][1] == np.float32(np.sin(0.10))


def test_a_last_command_without_a_later_message_is_left_out() -> None:
    rebuilder = EpisodeRebuilder(PENDULUM, gap_s=0.1)
    raw = {name: np.zeros(1) for name in ('cos_angle', 'sin_angle', 'velocity')}
    transitions: list[Transition] = []
    for number in range(3):
        time_ns = number * 50 * MILLISECOND
        rebuilder.sense(raw, time_ns, time_ns)
        transitions += rebuilder.command(np.zeros(1), time_ns + MILLISECOND)
    transitions += rebuilder.finish()
    assert len(transitions) == 2
    assert rebuilder.left_out == 1


def test_no_transition_is_invented_for_missing_or_bad_sensor_values() -> None:
    rebuilder = EpisodeRebuilder(PENDULUM, gap_s=0.1)
    good = {name: np.zeros(1) for name in ('cos_angle', 'sin_angle', 'velocity')}
    bad = {**good, 'velocity': np.array([np.nan])}
    rows: list[tuple[int, int]] = []
    for number in range(60):
        time_ns = number * 50 * MILLISECOND
        # none before 3, bad ones at 10 and 11, none from 20 to 50
        if 3 <= number < 20 or number > 50:
            raw = bad if number in (10, 11) else good
            rebuilder.sense(raw, time_ns, time_ns)
        ended = rebuilder.command(np.zeros(1), time_ns + MILLISECOND)
        rows += [(row.episode, row.stamp_ns // (50 * MILLISECOND)) for row in ended]
    assert PENDULUM.safety.sensor_watchdog.max_age_s == 0.5  # ten steps
    expected = [(1, number) for number in range(3, 9)]  # 9 would lead to a bad one
    # commands 20 to 28 use the values of 19; 28 has no outcome that is recent enough
    expected += [(2, number) for number in (*range(12, 20), *[19] * 8)]
    expected += [(3, number) for number in range(51, 59)]
    assert rows == expected
    # 0 to 2, 9 to 11, 28 to 50; the last command is still pending
    assert rebuilder.left_out == 3 + 3 + 23


@dataclasses.dataclass(frozen=True)
class Spin(Parameters):
    """A task that terminates above 1 rad/s."""

    fields: ClassVar[tuple[str, ...]] = ('velocity',)

    def outcome(
        self, observation: FieldValues, command: NDArray[np.float64], next_observation: FieldValues
    ) -> Outcome:
        """Return the velocity as the reward."""
        del observation, command
        velocity = float(next_observation['velocity'][0])
        return Outcome({'velocity': velocity}, terminated=velocity > 1.0)


def test_the_task_terminates_episodes() -> None:
    task = TaskDescription(f'{__name__}:Spin')
    rebuilder = EpisodeRebuilder(dataclasses.replace(PENDULUM, task=task), gap_s=0.1)
    rows: list[Transition] = []
    for number, velocity in enumerate((0.0, 0.5, 2.0, 0.25, 0.75)):
        time_ns = number * 50 * MILLISECOND
        raw = {'cos_angle': np.zeros(1), 'sin_angle': np.zeros(1), 'velocity': [velocity]}
        values = {name: np.array(value, np.float64) for name, value in raw.items()}
        rebuilder.sense(values, time_ns, time_ns)
        rows += rebuilder.command(np.zeros(1), time_ns + MILLISECOND)
    assert [(row.reward, row.terminated, row.truncated, row.episode) for row in rows] == [
        (0.5, False, False, 1),
        (2.0, True, False, 1),
        (0.25, False, False, 2),  # starts where the first one ended: no reset is recorded
        (0.75, False, False, 2),
    ]


def test_bad_recordings_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path / 'run', PENDULUM)

    def refused(name: str, *more: object) -> str:
        assert exit_code(import_recordings.main, tmp_path / name, '--run', run, *more) == 2
        error = capsys.readouterr().err
        assert error.count('\n') == 1, error
        return str(error)

    other = Recorder(tmp_path / 'other')
    other.state(0, 0, 0.0, 0.0, joint='elbow')
    other.command(MILLISECOND, np.zeros(1))
    other.close()
    assert 'a message that names pivot' in refused('other', '--raw')

    good = Recorder(tmp_path / 'good')
    write_steps(good, 1, 3)
    good.close()
    assert 'accepted: with --raw' in refused('good', '--episode-gap-s', 1)
    assert 'or --raw' in refused('good')
    assert 'accepted: more than 0.0625' in refused('good', '--raw', '--episode-gap-s', 0.05)
    wrong = refused('good', '--raw', '--namespace', 'robot_8')
    assert '/robot_8/joint_states: given no such topic; accepted: sensor_msgs' in wrong
    assert not (run / EXPERIENCE).exists()
    exit_code(import_recordings.main, tmp_path / 'good', '--run', run, '--episode-gap-s', 'nan')
    assert "given 'nan'; accepted: seconds, above 0" in capsys.readouterr().err


def test_a_recording_of_two_robots_needs_a_namespace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = tmp_path / 'both'
    with Writer(both, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        for robot in ('robot_1', 'robot_2'):
            writer.add_connection(f'/{robot}/joint_states', STATE, typestore=TYPES)
            topic = f'/{robot}/effort_controller/commands'
            writer.add_connection(topic, COMMAND, typestore=TYPES)
    run = make_run(tmp_path / 'run', PENDULUM)
    assert exit_code(import_recordings.main, both, '--raw', '--run', run) == 2
    assert 'accepted: robot_1, robot_2' in capsys.readouterr().err

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

"""Bags with the faults of real ones: clocks that step back, pauses, other rates, lost metadata.

Reported: a clock that is set while a bag is recorded (rosbag2#2389), times out of order between
files of a bag (rosbag2#857), one topic after another (mcap#1374), times and rates that do not fit
(lerobot#3139), sections without messages (hilti-slam-challenge-2021#13), bags without
metadata.yaml (rosbag2#1619).
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
import pytest
from rl_agent.description.robot import load_robot
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.cli import import_recordings
from rl_learner.journal.journal_reader import read_journal
from rl_learner.recordings.bag_messages import RecordedMessage
from rl_learner.recordings.command_resampling import Resampler
from rl_learner.recordings.recording_clock import clock_steps, place_of
from rl_learner.run.folder import EXPERIENCE
from rl_learner.run.manifest import next_start, write_run
from rosbags.interfaces import Connection
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores

TYPES = get_typestore(Stores.ROS2_HUMBLE)
STATE, COMMAND = 'sensor_msgs/msg/JointState', 'std_msgs/msg/Float64MultiArray'
PERIOD = 50_000_000  # of the pendulum, ns
MILLISECOND = 1_000_000
NOON = 1_767_268_800_000_000_000  # 2026-01-01T12:00:00Z
KINDS = ['MCAP', 'SQLITE3']


class Bag:
    """A bag of a pendulum whose position says which state it is: 0.001 rad more in each."""

    def __init__(self, path: Path, kind: str = 'MCAP') -> None:
        """Begin to record."""
        self._writer = Writer(path, version=9, storage_plugin=StoragePlugin[kind])
        if kind == 'SQLITE3':
            self._writer.set_compression(CompressionMode.MESSAGE, CompressionFormat.ZSTD)
        self._writer.open()
        self.states = self._add('joint_states', STATE)
        self.commands = self._add('effort_controller/commands', COMMAND)
        self._count = 0

    def _add(self, topic: str, kind: str) -> Connection:
        """Add a topic."""
        return self._writer.add_connection(f'/robot/{topic}', kind, typestore=TYPES)

    def state(self, time_ns: int) -> None:
        """Write the next state."""
        self._count += 1
        of = TYPES.types
        stamp = of['builtin_interfaces/msg/Time'](time_ns // 10**9, time_ns % 10**9)
        message = of[STATE](
            header=of['std_msgs/msg/Header'](stamp, ''),
            name=['pivot'],
            position=np.array([0.001 * self._count]),
            velocity=np.zeros(1),
            effort=np.array([]),
        )
        self._writer.write(self.states, time_ns, TYPES.serialize_cdr(message, STATE))

    def command(self, time_ns: int, torque: float) -> None:
        """Write a command."""
        layout = TYPES.types['std_msgs/msg/MultiArrayLayout']([], 0)
        message = TYPES.types[COMMAND](layout, np.array([torque]))
        self._writer.write(self.commands, time_ns, TYPES.serialize_cdr(message, COMMAND))

    def steps(self, begin_ns: int, count: int) -> None:
        """Write states, each with a command a millisecond later."""
        for number in range(count):
            self.state(begin_ns + number * PERIOD)
            self.command(begin_ns + number * PERIOD + MILLISECOND, 0.5)

    def close(self) -> None:
        """Close the bag."""
        self._writer.close()


def imported(folder: Path, *arguments: object) -> dict[str, NDArray[Any]]:
    """Import bags as those of a robot without an agent; return the stored columns."""
    run = folder / 'run'
    if not run.exists():
        run.mkdir()
        robot = load_robot('pendulum')
        write_run(run, next_start(run, robot, load_algorithm('tqc'), {}, 'a'))
    with pytest.raises(SystemExit) as ended:
        import_recordings.main([str(word) for word in (*arguments, '--raw', '--run', run)])
    assert not ended.value.code
    batches = list(read_journal(run / EXPERIENCE))
    return {
        name: np.concatenate([batch.columns[name] for batch in batches])
        for name in batches[0].columns
    }


def states_of(columns: dict[str, NDArray[Any]], name: str = 'observation') -> list[int]:
    """Return which state each observation is."""
    sines = columns[name].reshape(-1, 3)[:, 1]
    return [round(float(value) * 1000) for value in np.arcsin(sines)]


@pytest.mark.parametrize('kind', KINDS)
def test_a_clock_that_is_set_back_while_recording(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    """Sorted by time, states of before and after would alternate, with commands of the other."""
    bag = Bag(tmp_path / 'bag', kind)
    bag.steps(NOON, 10)
    bag.steps(NOON + 3 * PERIOD + 7 * MILLISECOND, 10)  # 357 ms earlier than expected
    bag.close()
    columns = imported(tmp_path, tmp_path / 'bag')
    assert states_of(columns) == [*range(1, 10), *range(11, 20)]
    assert columns['episode'].tolist() == [1] * 9 + [2] * 9
    file = 'bag.mcap' if kind == 'MCAP' else 'bag.db3'
    words = f'{file} at 2026-01-01T12:00:00.450Z the recorder'
    assert words in caplog.text
    assert 'was set back by 0.293 s: the episode ends there' in caplog.text
    words = f'too old or not finite; the first at {file} at 2026-01-01T12:00:00.451Z'
    assert f'2 commands left out, because sensor values were missing, {words}' in caplog.text


def test_topics_one_after_another_are_no_step_of_the_clock(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As a tool writes them that merges bags."""
    bag = Bag(tmp_path / 'bag')
    for number in range(10):
        bag.state(NOON + number * PERIOD)
    for number in range(9):
        bag.command(NOON + number * PERIOD + MILLISECOND, 0.5)
    bag.close()
    columns = imported(tmp_path, tmp_path / 'bag')
    assert states_of(columns) == [*range(1, 10)]
    assert states_of(columns, 'next_observation') == [*range(2, 11)]
    assert 'set back' not in caplog.text


def test_a_little_late_is_no_step_of_the_clock() -> None:
    times = [0, 10, 8, 20, 30]
    messages = [RecordedMessage('/a', STATE, time * MILLISECOND, b'') for time in times]
    assert clock_steps(messages, PERIOD) == []
    (step,) = clock_steps(messages, MILLISECOND)
    assert (step.number, step.before_ns, step.after_ns) == (2, 10 * MILLISECOND, 8 * MILLISECOND)


def test_pauses_and_silent_sensors_are_told_with_their_places(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bag = Bag(tmp_path / 'bag')
    bag.steps(NOON, 5)
    bag.steps(NOON + 20 * PERIOD, 5)
    for number in range(25, 60):  # the sensor is silent
        bag.command(NOON + number * PERIOD + MILLISECOND, 0.5)
    bag.steps(NOON + 80 * PERIOD, 5)
    bag.close()
    imported(tmp_path, tmp_path / 'bag')
    assert (
        '2 pauses of more than 0.1 s between commands: an episode ends at each; the longest,'
        ' 1.05 s, from bag.mcap at 2026-01-01T12:00:02.951Z' in caplog.text
    )
    assert 'too old or not finite; the first at bag.mcap at 2026-01-01T12:00:0' in caplog.text


@pytest.mark.parametrize(
    ('command_ms', 'torques'),
    [
        # the newest command at 1, 51, 101, ... ms
        (10, [0.0, 0.5, 1.0, 1.5]),
        (100, [0.0, 0.0, 0.1, 0.1]),
    ],
)
def test_commands_at_another_rate_are_resampled(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    command_ms: int,
    torques: list[float],
) -> None:
    bag = Bag(tmp_path / 'bag')
    states = [(number * 10 * MILLISECOND, None) for number in range(60)]
    count = 600 // command_ms
    commands = [((number * command_ms + 1) * MILLISECOND, 0.1 * number) for number in range(count)]
    for time_ns, torque in sorted([*states, *commands], key=lambda item: item[0]):
        if torque is None:
            bag.state(NOON + time_ns)
        else:
            bag.command(NOON + time_ns, torque)
    bag.close()
    columns = imported(tmp_path, tmp_path / 'bag')
    # the pendulum's torque is 2 N m at action 1
    assert np.allclose(columns['action'].reshape(-1)[:4], np.array(torques) / 2)
    # a state every 10 ms, a step every 50 ms
    assert states_of(columns)[:4] == [1, 6, 11, 16]
    assert states_of(columns, 'next_observation')[:4] == [6, 11, 16, 21]
    assert (
        f'a command every {command_ms / 1000:g} s, not every 0.05 s, the `rate_hz` of'
        " 'pendulum': resampled, a step every 0.05 s with the newest command at that time"
        in caplog.text
    )


def test_a_command_is_held_for_the_hold_time_only() -> None:
    resampler: Resampler[str] = Resampler(period_ns=10, hold_ns=25)
    assert [*resampler.until(100)] == []
    assert [*resampler.command('a', 100)] == [('a', 100)]
    assert [*resampler.until(111)] == [('a', 110)]
    assert [*resampler.command('b', 111)] == []
    assert [*resampler.until(200)] == [('b', 120), ('b', 130)]
    assert [*resampler.command('c', 200)] == [('c', 200)]
    resampler.forget()
    assert [*resampler.until(300)] == []


@pytest.mark.parametrize('kind', KINDS)
def test_a_folder_without_metadata_names_its_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    bag = Bag(tmp_path / 'bag', kind)
    bag.steps(NOON, 10)
    bag.close()
    (tmp_path / 'bag' / 'metadata.yaml').unlink()
    (file,) = (tmp_path / 'bag').iterdir()
    for more in (['--raw'], []):
        words = [str(tmp_path / 'bag'), '--run', str(tmp_path / 'run'), *more]
        with pytest.raises(SystemExit) as ended:
            import_recordings.main([*words, '--robot', 'pendulum'])
        assert ended.value.code == 2
        error = capsys.readouterr().err
        assert 'without metadata.yaml, as a recorder that was killed leaves it' in error
        assert f'accepted: its files by name: {file}, or the folder after `ros2 bag' in error
    if kind == 'MCAP':  # messages in SQLite are compressed here, which only the metadata says
        assert states_of(imported(tmp_path, file)) == [*range(1, 10)]


def test_places_beyond_any_calendar() -> None:
    assert place_of('a.mcap', 1_500_000_000) == 'a.mcap at 1970-01-01T00:00:01.500Z'
    assert place_of('a.mcap', 2**70) == f'a.mcap at {2**70} ns'

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

"""`rl_import --raw` of a prefixed arm with a gripper: shared sensor topics, two command topics."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
import pytest
from rl_learner.cli import import_recordings
from rl_learner.journal.journal_reader import read_journal
from rl_learner.run.folder import EXPERIENCE
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores

MILLISECOND, PERIOD = 1_000_000, 50
TYPES = get_typestore(Stores.ROS2_HUMBLE)
STATE, COMMAND = 'sensor_msgs/msg/JointState', 'std_msgs/msg/Float64MultiArray'
ARM = """
name: arm_with_gripper
rate_hz: 20
episode_steps: 1000
observation:
  - {name: shoulder, topic: joint_states, type: sensor_msgs/msg/JointState, field: position,
     joints: ['{prefix}shoulder'], unit: rad}
  - {name: finger, topic: joint_states, type: sensor_msgs/msg/JointState, field: position,
     joints: ['{prefix}finger'], unit: m}
action: {topic: arm/commands, type: std_msgs/msg/Float64MultiArray, unit: rad,
         joints: ['{prefix}shoulder'], low: [-1.0], high: [1.0]}
more_actions:
  - {topic: gripper/commands, type: std_msgs/msg/Float64MultiArray, unit: m,
     joints: ['{prefix}finger'], low: [0.0], high: [0.08]}
task: {name: 'still:Still'}
reset: {person: true}
"""
TASK = """
from dataclasses import dataclass
from typing import ClassVar

from rl_agent.tasks.task import Outcome, Parameters


@dataclass(frozen=True)
class Still(Parameters):
    fields: ClassVar[tuple[str, ...]] = ()

    def outcome(self, observation, command, next_observation):
        return Outcome({'grip': float(command[1])}, terminated=False)
"""


class Bag:
    """A recording of a robot in a namespace."""

    def __init__(self, path: Path) -> None:
        """Begin the recording."""
        self._writer = Writer(path, version=9, storage_plugin=StoragePlugin.MCAP)
        self._writer.open()
        self._topics = {
            name: self._writer.add_connection(f'/pair/{name}', kind, typestore=TYPES)
            for name, kind in {
                'joint_states': STATE,
                'arm/commands': COMMAND,
                'gripper/commands': COMMAND,
            }.items()
        }

    def state(self, time_ms: int, joint: str, position: float) -> None:
        """Write the position of one joint, as the driver of a part does."""
        of, seconds = TYPES.types, divmod(time_ms * MILLISECOND, 10**9)
        stamp = of['builtin_interfaces/msg/Time'](*seconds)
        nothing = np.array([])
        message = of[STATE](
            header=of['std_msgs/msg/Header'](stamp, ''),
            name=[joint],
            position=np.array([position]),
            velocity=nothing,
            effort=nothing,
        )
        self._write('joint_states', time_ms, message, STATE)

    def command(self, time_ms: int, topic: str, number: float) -> None:
        """Write a command of one joint."""
        layout = TYPES.types['std_msgs/msg/MultiArrayLayout']([], 0)
        self._write(topic, time_ms, TYPES.types[COMMAND](layout, np.array([number])), COMMAND)

    def close(self) -> None:
        """End the recording."""
        self._writer.close()

    def _write(self, topic: str, time_ms: int, message: Any, kind: str) -> None:
        """Write a message."""
        data = TYPES.serialize_cdr(message, kind)
        self._writer.write(self._topics[topic], time_ms * MILLISECOND, data)


@pytest.fixture
def robot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / 'still.py').write_text(TASK)
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / 'arm.yaml'
    path.write_text(ARM)
    return path


def imported(bag: Path, robot: Path, *more: str) -> tuple[int, dict[str, NDArray[Any]]]:
    """Return the exit code of the tool, and the columns that it stored."""
    run = bag.with_name('run')
    words = [str(bag), '--run', str(run), '--raw', '--robot', str(robot), *more]
    with pytest.raises(SystemExit) as ended:
        import_recordings.main(words)
    code = int(ended.value.code or 0)
    batches = list(read_journal(run / EXPERIENCE)) if (run / EXPERIENCE).exists() else []
    names = batches[0].columns if batches else ()
    return code, {name: np.concatenate([item.columns[name] for item in batches]) for name in names}


@pytest.mark.parametrize('gripper_ms', [1, 3])
def test_each_field_has_its_newest_message_and_each_step_the_commands_of_its_period(
    tmp_path: Path, robot: Path, gripper_ms: int
) -> None:
    """The command of the gripper comes before or after that of the arm, at 2 ms."""
    bag = Bag(tmp_path / 'bag')
    for step in range(8):
        begin_ms = 1000 + PERIOD * step
        bag.state(begin_ms, 'left_shoulder', 0.25 * step)
        bag.state(begin_ms, 'right_shoulder', 9.0)  # of the other arm
        bag.state(begin_ms + 1, 'left_finger', 0.01 * step)
        bag.command(begin_ms + 2, 'arm/commands', 0.125 * step)
        bag.command(begin_ms + gripper_ms, 'gripper/commands', 0.08 if step % 2 else 0.0)
    bag.close()
    code, columns = imported(tmp_path / 'bag', robot, '--prefix', 'left_')
    assert code == 0
    expected = [[0.25 * step, 0.01 * step] for step in range(7)]
    assert columns['observation'] == pytest.approx(np.array(expected), abs=1e-6)
    expected = [[0.125 * step, 1.0 if step % 2 else -1.0] for step in range(7)]
    assert columns['action'] == pytest.approx(np.array(expected), abs=1e-6)
    assert columns['reward'] == pytest.approx([0.08 * (step % 2) for step in range(7)], abs=1e-6)


def test_steps_before_the_first_command_of_a_topic_are_left_out(
    tmp_path: Path, robot: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bag = Bag(tmp_path / 'bag')
    for step in range(8):
        begin_ms = 1000 + PERIOD * step
        bag.state(begin_ms, 'shoulder', 0.0)
        bag.state(begin_ms + 1, 'finger', 0.0)
        bag.command(begin_ms + 2, 'arm/commands', 0.0)
        if step >= 3:
            bag.command(begin_ms + 3, 'gripper/commands', 0.08)
    bag.close()
    code, columns = imported(tmp_path / 'bag', robot)
    assert code == 0
    assert len(columns['action']) == 4  # 3 to 6; the outcome of 7 is not recorded
    assert 'commands left out' in caplog.text


def test_a_prefix_needs_the_file_of_the_robot(
    tmp_path: Path, robot: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Bag(tmp_path / 'bag').close()
    words = [str(tmp_path / 'bag'), '--run', str(tmp_path / 'run')]
    for more, said in (
        (
            ['--raw', '--prefix', 'left_'],
            '--prefix: given without --robot; accepted: with the file',
        ),
        (['--prefix', 'left_', '--robot', str(robot)], '--prefix: given without --raw'),
    ):
        with pytest.raises(SystemExit) as ended:
            import_recordings.main([*words, *more])
        assert ended.value.code == 2
        assert said in capsys.readouterr().err

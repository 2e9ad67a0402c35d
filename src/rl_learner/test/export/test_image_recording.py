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

"""`rl_export_dataset --format foxglove`: other readers find ROS 2 images in the file."""

from pathlib import Path
from typing import Any

from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
import numpy as np
import pytest
from rl_agent.configuration import config_folder
from rl_agent.description.image import Bytes, pack_pixels
from rl_agent.description.robot import load_robot, RobotDescription
from rl_agent.environment.spaces import Spaces
from rl_agent.transport.transition import Sender
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.cli import export_dataset
from rl_learner.journal.batch_codec import encode, TransitionBatch
from rl_learner.journal.journal import Journal, JournalSettings
from rl_learner.run.folder import EXPERIENCE
from rl_learner.run.manifest import next_start, write_run
import yaml

STEPS, NUMBERS = 5, 6  # numbers of the arm's observation before its images
FIRST_NS = 3_000_000_050
PERIOD_NS = 50_000_000


def two_cameras(folder: Path) -> RobotDescription:
    """Return the arm with a camera in colour and one in gray."""
    content = yaml.safe_load((config_folder() / 'robots' / 'arm_camera.yaml').read_text())
    (colour,) = (item for item in content['observation'] if 'image' in item)
    colour['image'] = {'height': 10, 'width': 12, 'encoding': 'rgb'}
    gray = {**colour, 'name': 'wrist', 'topic': 'wrist/image_raw'}
    gray['image'] = {'height': 8, 'width': 9, 'encoding': 'mono'}
    content['observation'].append(gray)
    path = folder / 'two_cameras.yaml'
    path.write_text(yaml.safe_dump(content))
    return load_robot(str(path))


def pictures() -> tuple[Bytes, Bytes]:
    """Return what the two cameras saw in each step."""
    rng = np.random.default_rng(0)
    colour = rng.integers(0, 256, (STEPS, 10, 12, 3), np.uint8)
    return colour, rng.integers(0, 256, (STEPS, 8, 9, 1), np.uint8)


def run_of(folder: Path, robot: RobotDescription, first_ns: int = FIRST_NS) -> Path:
    """Return a run whose journal has one episode."""
    sender = Sender('robot_1', 'session_a', Spaces(robot).fingerprint)
    packed = [np.stack([pack_pixels(picture) for picture in seen]) for seen in pictures()]
    observation = np.concatenate([np.zeros((STEPS, NUMBERS)), *packed], axis=1)
    rows = {
        'observation': observation.astype(np.float32),
        'action': np.zeros((STEPS, 2), np.float32),
        'reward': np.arange(STEPS, dtype=np.float32),
        'next_observation': np.roll(observation, -1, axis=0).astype(np.float32),
        **{name: np.zeros(STEPS, np.uint8) for name in ('terminated', 'intervention')},
        'truncated': np.array([0] * (STEPS - 1) + [1], np.uint8),
        'evaluation': np.zeros(STEPS, np.uint8),
        'policy_version': np.ones(STEPS, np.uint64),
        'episode': np.ones(STEPS, np.uint32),
        'step': np.arange(STEPS, dtype=np.uint32),
        'stamp': first_ns + PERIOD_NS * np.arange(STEPS, dtype=np.int64),
    }
    size = observation.shape[1]
    batch = TransitionBatch((7, 8), '', sender, 1, 1, size, 2, STEPS, rows)
    run = folder / 'first'
    run.mkdir()
    write_run(run, next_start(run, robot, load_algorithm('drq_sac'), {}, 'a'))
    journal = Journal(run / EXPERIENCE, sender.fingerprint, JournalSettings())
    journal.append([encode(batch)], STEPS, {('robot_1', 'session_a'): STEPS})
    journal.close()
    return run


def export(*words: object) -> int:
    """Return the exit code of the tool."""
    with pytest.raises(SystemExit) as ended:
        export_dataset.main([str(word) for word in words])
    return int(ended.value.code or 0)


def messages(run: Path, topic: str) -> list[Any]:
    """Return the messages of a topic, as mcap-ros2-support decodes them."""
    file = run / 'export' / 'first-foxglove' / 'images.mcap'
    with file.open('rb') as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        return [item[-1] for item in reader.iter_decoded_messages(topics=[topic])]


def test_another_reader_sees_the_pixels_of_each_step(tmp_path: Path) -> None:
    run = run_of(tmp_path, two_cameras(tmp_path))
    assert export(run, '--format', 'foxglove') == 0
    for topic, encoding, seen in zip(
        ('/robot_1/camera', '/robot_1/wrist'), ('rgb8', 'mono8'), pictures(), strict=True
    ):
        found = messages(run, topic)
        assert len(found) == STEPS
        for number, (message, picture) in enumerate(zip(found, seen, strict=True)):
            height, width, channels = picture.shape
            assert (message.height, message.width) == (height, width)
            assert (message.encoding, message.step) == (encoding, width * channels)
            assert bytes(message.data) == picture.tobytes()
            stamp = message.header.stamp
            assert (stamp.sec, stamp.nanosec) == (3, 50 + number * PERIOD_NS)
    assert [message.data for message in messages(run, '/robot_1/reward')] == list(range(STEPS))


def test_the_file_has_the_schemas_and_times_that_players_go_by(tmp_path: Path) -> None:
    """Foxglove chooses panels by the schema's name, and seeks by the index."""
    run = run_of(tmp_path, two_cameras(tmp_path))
    assert export(run, '--format', 'foxglove') == 0
    with (run / 'export' / 'first-foxglove' / 'images.mcap').open('rb') as file:
        summary = make_reader(file).get_summary()
        log_times = [item.log_time for _, _, item in make_reader(file).iter_messages()]
    assert summary is not None
    schemas = {item.name: item.encoding for item in summary.schemas.values()}
    assert schemas == {'sensor_msgs/msg/Image': 'ros2msg', 'std_msgs/msg/Float64': 'ros2msg'}
    assert {item.message_encoding for item in summary.channels.values()} == {'cdr'}
    assert summary.statistics is not None
    assert summary.statistics.message_count == 3 * STEPS
    assert sorted(set(log_times)) == [FIRST_NS + PERIOD_NS * step for step in range(STEPS)]


@pytest.mark.parametrize('first_ns', [-(1 << 62), (1 << 62)])
def test_a_clock_that_was_wrong_leaves_the_pictures(tmp_path: Path, first_ns: int) -> None:
    run = run_of(tmp_path, two_cameras(tmp_path), first_ns)
    assert export(run, '--format', 'foxglove') == 0
    assert len(messages(run, '/robot_1/camera')) == STEPS


def test_what_cannot_be_exported_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    robot = two_cameras(tmp_path)
    run = run_of(tmp_path, robot)
    assert export(run, '--format', 'minari') != 0
    error = capsys.readouterr().err.strip()
    assert 'given an image; accepted: none with rl_export_dataset --format minari' in error
    assert export(run, '--format', 'foxglove', '--task', 'reach') != 0
    error = capsys.readouterr().err.strip()
    assert '--task: given with --format foxglove; accepted: with --format lerobot' in error
    assert export(run, '--format', 'foxglove') == 0
    assert export(run, '--format', 'foxglove') != 0  # exists
    assert '\n' not in capsys.readouterr().err.strip()
    assert export(run, '--format', 'foxglove', '--force') == 0

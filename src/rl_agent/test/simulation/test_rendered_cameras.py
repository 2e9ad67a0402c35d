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

"""Cameras of MuJoCo models: what they show, in any thread, and what is said without graphics."""

import os
from pathlib import Path
import subprocess
import sys
import threading

import numpy as np
import pytest
from rl_agent.array_types import Float64Array
from rl_agent.configuration import config_folder
from rl_agent.description.image import Bytes, unpack_pixels
from rl_agent.description.robot import load_robot, RobotDescription
from rl_agent.errors import ConfigurationError
from rl_agent.simulation import graphics
from rl_agent.simulation.graphics import choose_graphics
from rl_agent.simulation.in_process_robot import InProcessRobot
from rl_agent.simulation.rendered_cameras import all_sensors, make_described_model
import yaml

mujoco = pytest.importorskip('mujoco', reason='mujoco draws these cameras')
TOPIC = 'camera/image_raw'
# seen from above, x to the right and y up: red at the upper left, blue at the lower right
SCENE = """
<mujoco>
  <visual><headlight ambient="1 1 1" diffuse="0 0 0" specular="0 0 0"/></visual>
  <worldbody>
    <geom type="box" size="0.2 0.2 0.01" pos="-0.5 0.5 0" rgba="1 0 0 1"/>
    <geom type="box" size="0.2 0.2 0.01" pos="0.5 -0.5 0" rgba="0 0 1 1"/>
    <camera name="above" pos="0 0 2" xyaxes="1 0 0 0 1 0" fovy="60"/>
    <body><joint name="hinge" type="hinge"/><geom type="sphere" size="0.01" pos="0 0 -1"/></body>
  </worldbody>
</mujoco>
"""


class Boxes:
    """Two boxes that a camera sees from above."""

    def __init__(self) -> None:
        """Load the scene."""
        self.joint_names = ('hinge',)
        self.position = self.velocity = self.effort = np.zeros(1)
        model = mujoco.MjModel.from_xml_string(SCENE)
        self.scene = (model, mujoco.MjData(model))
        mujoco.mj_forward(*self.scene)

    def reset(self, rng: np.random.Generator) -> None:
        """Do nothing."""

    def step(self, command: Float64Array, period_s: float) -> None:
        """Do nothing."""


@pytest.fixture
def draws() -> None:
    """Skip where no graphics library is installed."""
    try:
        choose_graphics()
    except ConfigurationError as error:
        pytest.skip(f'MuJoCo needs a graphics library: {error}')


def robot_with_camera(
    folder: Path, base: str = 'peg', model: str | None = None, **camera: object
) -> RobotDescription:
    """Return a robot of the configuration with a camera of its model."""
    content = yaml.safe_load((config_folder() / 'robots' / f'{base}.yaml').read_text())
    image = {'height': 16, 'width': 16, 'encoding': 'rgb'}
    seen = {'topic': TOPIC, 'type': 'sensor_msgs/msg/Image', 'field': 'data', 'image': image}
    content.pop('stack', None)
    content.pop('previous_actions', None)
    content['observation'].append({'name': 'camera', **seen})
    drawn = {'camera': 'close', 'height': 64, 'width': 64, **camera}
    content['simulation']['cameras'] = {drawn.pop('topic', TOPIC): drawn}
    content['simulation']['model'] = model or content['simulation']['model']
    path = folder / f'{base}_with_camera.yaml'
    path.write_text(yaml.safe_dump(content))
    return load_robot(str(path))


def picture_of(description: RobotDescription) -> Bytes:
    """Return the first picture of a robot's camera."""
    model, cameras = make_described_model(description)
    seen: Bytes = all_sensors(model, cameras)[TOPIC]['data']
    return seen


@pytest.mark.usefixtures('draws')
def test_up_is_up_and_red_is_red(tmp_path: Path) -> None:
    """2 m below the camera it sees 2 tan(30 degrees) = 1.155 m to each side: 0.5 m is at 28 %."""
    seen = picture_of(
        robot_with_camera(
            tmp_path, model=f'{__name__}:Boxes', camera='above', height=100, width=100
        )
    )
    assert seen.shape == (100, 100, 3)
    assert seen[28, 28].tolist() == pytest.approx([255, 0, 0], abs=2)
    assert seen[72, 72].tolist() == pytest.approx([0, 0, 255], abs=2)
    rows, columns = np.nonzero(seen[..., 0] > 128)
    assert (rows.mean(), columns.mean()) == pytest.approx((28.3, 28.3), abs=1.0)
    assert np.ptp(columns) + 1 == pytest.approx(0.4 / 2.31 * 100, abs=1.5)


@pytest.mark.usefixtures('draws')
def test_the_policy_sees_what_the_peg_does(tmp_path: Path) -> None:
    description = robot_with_camera(tmp_path)
    robot = InProcessRobot(description, seed=1)
    first = robot.reset().values['camera']
    for _ in range(5):
        moved = robot.apply(np.array([0.1, 0.0, 0.0])).values['camera']
    (image,) = description.images
    before, after = (
        unpack_pixels(numbers, image.num_bytes).reshape(image.shape).astype(int)
        for numbers in (first, moved)
    )
    assert before.std() > 10  # not a blank picture
    assert np.abs(after - before).max() > 30


@pytest.mark.usefixtures('draws')
def test_every_thread_may_draw(tmp_path: Path) -> None:
    """A fleet has several robots and threads in one process."""
    model, cameras = make_described_model(robot_with_camera(tmp_path))
    here = all_sensors(model, cameras)[TOPIC]['data']
    found: list[Bytes] = []

    def draw() -> None:
        found.append(all_sensors(model, cameras)[TOPIC]['data'])

    for _ in range(2):
        thread = threading.Thread(target=draw)
        thread.start()
        thread.join(60.0)
    again = all_sensors(model, cameras)[TOPIC]['data']
    assert all(np.array_equal(here, picture) for picture in (*found, again))
    assert len(found) == 2


@pytest.mark.usefixtures('draws')
def test_a_process_that_drew_ends_without_a_word(tmp_path: Path) -> None:
    """MuJoCo gives the display back when the process ends, maybe before its renderers."""
    robot_with_camera(tmp_path)
    code = (
        'import sys\n'
        'from rl_agent.description.robot import load_robot\n'
        'from rl_agent.simulation.in_process_robot import InProcessRobot\n'
        'robot = InProcessRobot(load_robot(sys.argv[1]), seed=0)\n'
    )
    path = str(tmp_path / 'peg_with_camera.yaml')
    done = subprocess.run(
        [sys.executable, '-c', code, path],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, '')


@pytest.mark.usefixtures('draws')
@pytest.mark.parametrize(
    ('base', 'camera', 'expected'),
    [
        (
            'peg',
            {'camera': 'wrist'},
            "image_raw.camera: given 'wrist'; accepted: track, close, the",
        ),
        (
            'peg',
            {'topic': 'tool_pose'},
            "given topic 'tool_pose'; accepted: camera/image_raw, the",
        ),
        (
            'pendulum',
            {},
            "given for 'pendulum', which MuJoCo does not simulate; accepted: a model",
        ),
    ],
)
def test_a_camera_that_is_not_there_is_named(
    tmp_path: Path, base: str, camera: dict[str, str], expected: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        make_described_model(robot_with_camera(tmp_path, base, None, **camera))
    assert expected in str(refused.value)
    assert '\n' not in str(refused.value)


def test_sizes_are_checked_before_anything_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r'height: given 4000; accepted: .*1024'):
        robot_with_camera(tmp_path, height=4000)


def test_without_a_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('MUJOCO_GL', raising=False)
    monkeypatch.setattr(graphics, '_LIBRARIES', {'egl': 'libAbsent.so.1'})
    with pytest.raises(ConfigurationError) as refused:
        choose_graphics()
    expected = (
        'MuJoCo cannot draw: no libAbsent.so.1; accepted: with one of them: sudo apt install'
    )
    assert expected in str(refused.value)


def test_a_library_that_was_chosen_and_is_missing_is_named_in_one_line(tmp_path: Path) -> None:
    robot_with_camera(tmp_path)
    code = (
        'import sys\n'
        'from rl_agent.description.robot import load_robot\n'
        'from rl_agent.errors import ConfigurationError\n'
        'from rl_agent.simulation.in_process_robot import InProcessRobot\n'
        'try:\n'
        '    InProcessRobot(load_robot(sys.argv[1]), seed=0)\n'
        'except ConfigurationError as error:\n'
        '    print(error)\n'
    )
    path = str(tmp_path / 'peg_with_camera.yaml')
    environment = {**os.environ, 'MUJOCO_GL': 'egl', 'MUJOCO_EGL_DEVICE_ID': '99'}
    done = subprocess.run(
        [sys.executable, '-c', code, path],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )
    assert 'MuJoCo cannot draw: MUJOCO_GL=egl: ' in done.stdout
    assert 'sudo apt install libegl1' in done.stdout
    assert done.stdout.count('\n') == 1
    assert done.stderr == ''

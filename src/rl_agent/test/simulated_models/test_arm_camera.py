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

"""The camera above the arm: where things are in its pictures, here and on a topic."""

import numpy as np
import pytest
from rl_agent.cameras.camera_reader import CameraReader
from rl_agent.description.image import unpack_pixels
from rl_agent.description.robot import load_robot
from rl_agent.simulated_models.arm_camera import ArmCamera, TOPIC
from rl_agent.simulation.in_process_robot import InProcessRobot
from sensor_msgs.msg import Image


@pytest.mark.parametrize(
    ('target', 'row', 'column'),
    [((0.9, 0.0), 10, 55), ((0.0, 0.9), 55, 10), ((-0.5, -0.5), 80, 80)],
)
def test_x_points_up_and_y_to_the_left(target: tuple[float, float], row: int, column: int) -> None:
    """110 pixels of 2 cm: 1.1 m is the upper edge, and -1.1 m the right one."""
    arm = ArmCamera(pixels=110)
    arm.position = np.array([np.pi, 0.0])  # away from the targets
    arm.target = np.array([*target, 0.0])
    picture = arm.sensors()[TOPIC]['data'].astype(int)
    rows, columns = np.nonzero(picture[..., 0] - picture[..., 1] > 120)
    assert (rows.mean(), columns.mean()) == pytest.approx((row, column), abs=1.0)
    assert len(rows) == pytest.approx(np.pi * 4**2, rel=0.2)  # a disc of 8 cm


def test_hand_and_links_are_where_the_joints_put_them() -> None:
    arm = ArmCamera(pixels=110)
    arm.position, arm.target = np.array([0.0, np.pi / 2]), np.array([-0.9, 0.0, 0.0])
    picture = arm.sensors()[TOPIC]['data']
    assert picture[42, 54].tolist() == [70, 80, 100]  # 0.25 m ahead: the first link
    assert picture[30, 42].tolist() == [70, 80, 100]  # 0.25 m to its left: the second
    assert picture[30, 30].tolist() == [230, 150, 30]  # at its end the hand
    assert picture[5, 5].tolist() == [235, 232, 224]


def test_the_policy_sees_the_same_in_this_process_and_on_a_topic() -> None:
    description = load_robot('arm_camera')
    robot = InProcessRobot(description, seed=3)
    numbers = robot.reset().values['camera']
    (image,) = description.images
    model = robot.simulated.model
    assert isinstance(model, ArmCamera)
    picture = model.sensors()[TOPIC]['data']
    height, width, channels = picture.shape
    message = Image(
        height=height, width=width, step=width * channels, encoding='rgb8', data=picture.tobytes()
    )
    heard = CameraReader(image, 'sensor_msgs/msg/Image')(message)
    assert np.array_equal(heard, numbers)
    pixels = unpack_pixels(numbers, image.num_bytes).reshape(image.shape)
    assert pixels[0, 0].tolist() == [235, 232, 224]
    assert model.frame().shape == (240, 240, 3)

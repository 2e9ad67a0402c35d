# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A camera of a MuJoCo model on a ROS topic: drawn in the process of the simulated robot."""

from pathlib import Path

from fleet import Listener, run_module, running
import numpy as np
import pytest
from rl_agent.bringup.node_specs import simulated_robot
from rl_agent.configuration import config_folder
from rl_agent.errors import ConfigurationError
from rl_agent.ros.ros_topics import sensor_offered_qos
from rl_agent.simulation.graphics import choose_graphics
from sensor_msgs.msg import Image
import yaml

WITHIN_S = 60.0
TOPIC = 'camera/image_raw'


def peg_with_camera(folder: Path, camera: str = 'close') -> str:
    """Return the file of the peg's arm with a camera of its model."""
    content = yaml.safe_load((config_folder() / 'robots' / 'peg.yaml').read_text())
    content.pop('previous_actions')  # not with images
    content['observation'].append(
        {
            'name': 'camera',
            'topic': TOPIC,
            'type': 'sensor_msgs/msg/Image',
            'field': 'data',
            'image': {'height': 32, 'width': 32, 'encoding': 'rgb'},
        }
    )
    drawn = {'camera': camera, 'height': 48, 'width': 64}
    content['simulation']['cameras'] = {TOPIC: drawn}
    path = folder / 'peg_with_camera.yaml'
    path.write_text(yaml.safe_dump(content))
    return str(path)


def test_the_simulated_robot_publishes_what_its_camera_sees(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    try:
        choose_graphics()
    except ConfigurationError as error:
        pytest.skip(f'MuJoCo needs a graphics library: {error}')
    robot, topic = peg_with_camera(tmp_path), f'/drawn/{TOPIC}'
    listener = Listener({topic: (Image, sensor_offered_qos(once=False))})
    try:
        with running([simulated_robot(robot, 'drawn')], ros_environment, tmp_path):
            listener.until(lambda: bool(listener.heard[topic]), WITHIN_S, 'a picture')
    finally:
        listener.close()
    message = listener.heard[topic][-1]
    assert (message.height, message.width, message.step) == (48, 64, 3 * 64)
    assert message.encoding == 'rgb8'
    pixels = np.asarray(message.data).reshape(48, 64, 3)
    assert pixels.std() > 10  # not a blank picture


def test_a_camera_that_the_model_lacks_ends_the_node_with_one_line(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    result = run_module(
        'rl_agent.nodes.simulated_robot_node',
        *('--ros-args', '-p', f'robot:={peg_with_camera(tmp_path, "wrist")}'),
        environment=ros_environment,
        cwd=tmp_path,
    )
    assert result.returncode != 0
    lines = [line for line in (result.stdout + result.stderr).splitlines() if 'simulation' in line]
    assert len(lines) == 1
    assert 'simulation.cameras' in lines[0]

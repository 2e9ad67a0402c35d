# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Cameras on ROS topics: what drivers get wrong is named and counted, and the next frame is seen.

Reported of real cameras: rows with padding (vision_opencv#394), gray JPEG of a colour camera
(image_transport_plugins#170), depth of 8 bits (realsense-ros#2140), JPEG that ends early
(lerobot#1487), YUV under two names (copper-rs#1217).
"""

from array import array
from collections.abc import Callable, Iterator
import io
import json
from pathlib import Path
import time
from typing import Any

from fleet import Listener, run_module, running
import numpy as np
from PIL import Image as Picture
import pytest
from rl_agent.bringup.node_specs import simulated_robot
from rl_agent.configuration import config_folder
from rl_agent.description.image import unpack_pixels
from rl_agent.description.robot import load_robot, RobotDescription
from rl_agent.event_log import EventLog
from rl_agent.robot_interface.ros_realtime_sensors import RealtimeSensors
from rl_agent.ros_env import RosEnv
from sensor_msgs.msg import CompressedImage, Image, JointState
import yaml

WITHIN_S = 20.0
ROBOT = """
name: looker
rate_hz: 20
episode_steps: 100
observation:
  - {name: position, topic: joint_states, type: sensor_msgs/msg/JointState, field: position,
     joints: [pivot], max_age_s: 10}
  - {name: front, topic: front/image_raw, type: sensor_msgs/msg/Image, field: data,
     image: {height: 4, width: 4, encoding: rgb}, max_age_s: 10}
  - {name: hand, topic: hand/compressed, type: sensor_msgs/msg/CompressedImage, field: data,
     image: {height: 4, width: 6, encoding: mono}, max_age_s: 10}
action: {topic: commands, type: std_msgs/msg/Float64MultiArray, joints: [pivot], unit: N m,
         low: [-1], high: [1]}
task: {name: 'idle_task:IdleTask'}
reset: {person: true}
"""
RED = np.zeros((8, 8, 3), np.uint8)
RED[..., 0], RED[0, 0, 1] = 200, 40


class Robot(Listener):
    """A robot's drivers, and what an agent hears of them over DDS."""

    def __init__(self, description: RobotDescription) -> None:
        """Connect."""
        super().__init__({})
        self.events = EventLog()
        self.sensors = RealtimeSensors(self.node, description, WITHIN_S, self.events)
        self._front = self.node.create_publisher(Image, 'front/image_raw', 10)
        self._hand = self.node.create_publisher(CompressedImage, 'hand/compressed', 10)
        self._joints = self.node.create_publisher(JointState, 'joint_states', 10)

    def publish(self, front: Image | None = None, hand: CompressedImage | None = None) -> None:
        """Publish joint states, and frames if they are given."""
        stamp = self.node.get_clock().now().to_msg()
        joints = JointState(name=['pivot'], position=[0.5])
        joints.header.stamp = stamp
        self._joints.publish(joints)
        for publisher, message in ((self._front, front), (self._hand, hand)):
            if message is not None:
                publisher.publish(message)

    def until(self, done: Callable[[], bool], publish: Callable[[], None]) -> None:  # type: ignore[override]
        """Publish and poll until something holds."""
        deadline_s = time.monotonic() + WITHIN_S
        while not done():
            assert time.monotonic() < deadline_s, self.events.counts()
            publish()
            time.sleep(0.02)
            self.sensors.poll()

    def frame(self, pixels: Any = RED, encoding: str = 'rgb8', padding: int = 0) -> Image:
        """Return a frame with bytes after each row."""
        height, width = pixels.shape[:2]
        rows = np.pad(pixels.reshape(height, -1), ((0, 0), (0, padding)), constant_values=9)
        message = Image(
            height=height,
            width=width,
            encoding=encoding,
            step=rows.shape[1],
            data=array('B', rows.tobytes()),
        )
        message.header.stamp = self.node.get_clock().now().to_msg()
        return message

    def jpeg(self, pixels: Any, part: float = 1.0) -> CompressedImage:
        """Return a compressed frame, or only the first part of its bytes."""
        file = io.BytesIO()
        Picture.fromarray(pixels).save(file, 'JPEG')
        data = file.getvalue()
        message = CompressedImage(format='jpeg', data=array('B', data[: int(part * len(data))]))
        message.header.stamp = self.node.get_clock().now().to_msg()
        return message

    def pixels(self, field: str) -> Any:
        """Return what the policy sees of a camera, (pixel, channel)."""
        size = {'front': (4, 4, 3), 'hand': (4, 6, 1)}[field]
        return unpack_pixels(self.sensors.reader.values()[field], int(np.prod(size))).reshape(size)


@pytest.fixture
def robot(ros_environment: dict[str, str], tmp_path: Path) -> Iterator[Robot]:
    """Yield a robot whose agent has heard each camera."""
    path = tmp_path / 'looker.yaml'
    path.write_text(ROBOT)
    found = Robot(load_robot(str(path)))
    noise = np.random.default_rng(0).integers(0, 256, (40, 60), dtype=np.uint8)
    found.until(
        lambda: found.sensors.reader.is_complete,
        lambda: found.publish(found.frame(padding=5), found.jpeg(noise)),
    )
    yield found
    found.sensors.close()
    found.close()


def test_two_cameras_are_seen_beside_numbers(robot: Robot) -> None:
    values = robot.sensors.reader.values()
    assert values['position'].tolist() == [0.5]
    assert robot.pixels('front')[3, 3].tolist() == [200, 0, 0]
    assert robot.pixels('front')[0, 0].tolist() == [200, 10, 0]
    assert 80 < robot.pixels('hand').mean() < 180
    assert not robot.events.counts()


@pytest.mark.parametrize(
    ('encoding', 'height', 'size', 'reason'),
    [
        ('bayer_rggb8', 8, 192, "encoding: given 'bayer_rggb8'"),
        ('mono8', 8, 64, 'encoding: given mono8 for rgb'),
        ('rgb8', 16, 384, 'size: given 8 x 16; accepted: 8 x 8, as of the frames before'),
        ('rgb8', 8, 100, 'data: given 100 bytes'),
        ('rgb8', 8, 0, 'data: given 0 bytes'),
    ],
)
def test_frames_that_do_not_fit_are_counted_and_the_next_good_one_is_seen(
    robot: Robot, encoding: str, height: int, size: int, reason: str
) -> None:
    event = 'sensor_refused/front/image_raw'
    bad = robot.frame(encoding=encoding)
    bad.height, bad.step, bad.data = height, 0, array('B', bytes(size))
    robot.until(lambda: event in robot.events.counts(), lambda: robot.publish(bad))
    assert reason in robot.sensors.reader.fault('front/image_raw')
    assert robot.pixels('front')[3, 3].tolist() == [200, 0, 0]  # the last good one
    green = np.roll(RED, 1, axis=2)
    robot.until(
        lambda: robot.pixels('front')[3, 3].tolist() == [0, 200, 0],
        lambda: robot.publish(robot.frame(green)),
    )
    assert not robot.sensors.reader.fault('front/image_raw')


def test_a_jpeg_that_ends_early_is_counted(robot: Robot) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (40, 60), dtype=np.uint8)
    event = 'sensor_refused/hand/compressed'
    robot.until(
        lambda: event in robot.events.counts(),
        lambda: robot.publish(hand=robot.jpeg(noise, 0.5)),
    )
    assert 'hand/compressed: data: given a damaged JPEG' in robot.sensors.reader.fault(
        'hand/compressed'
    )
    assert robot.events.counts() == {event: 1}


def test_a_camera_that_goes_black_is_reported_and_still_observed(robot: Robot) -> None:
    robot.until(
        lambda: 'image_blank/front' in robot.events.counts(),
        lambda: robot.publish(robot.frame(np.zeros_like(RED))),
    )
    assert not robot.pixels('front').any()
    assert not robot.sensors.reader.fault('front/image_raw')


def test_a_camera_with_another_clock_is_reported(robot: Robot) -> None:
    def publish() -> None:
        late = robot.frame()
        late.header.stamp.sec -= 100
        robot.publish(late)

    event = 'stamps_apart/front/image_raw'
    robot.until(lambda: event in robot.events.counts(), publish)
    (text,) = [item.text for item in robot.events.take_reports()]
    assert 'given stamps -100 s from those of joint_states' in text


def test_a_silent_camera_is_too_old_and_its_watchdog_names_it(robot: Robot) -> None:
    (watched,) = [item for item in robot.sensors.watched if 'hand' in item.cause]
    heard_s = robot.sensors.reader.last_good_s('hand/compressed')
    assert watched.explain_stale(heard_s + 9.0) is None
    explained = watched.explain_stale(heard_s + 11.0)
    assert explained == '/hand/compressed: 11 s old; accepted: at most 10 s'


def test_check_robot_shows_what_the_policy_sees(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    with running([simulated_robot('arm_camera', 'seen')], ros_environment, tmp_path):
        for _ in range(5):
            result = run_module(
                'rl_agent.robot_check.check_robot',
                *('arm_camera', '--namespace', 'seen', '--seconds', '2', '--seen', 'seen.png'),
                environment=ros_environment,
                cwd=tmp_path,
            )
            if result.returncode == 0:
                break
        report = run_module(
            'rl_agent.robot_check.check_robot',
            *('arm_camera', '--namespace', 'seen', '--json'),
            environment=ros_environment,
            cwd=tmp_path,
        )
    assert result.returncode == 0, result.stdout + result.stderr
    assert 'camera: 48 x 48 x 3 pixels' in result.stdout
    assert 'Mbit/s to the learner machine at most' in result.stdout
    picture = np.asarray(Picture.open(tmp_path / 'seen.png')).astype(int)
    assert picture.shape == (4 * 48, 4 * 48, 3)
    assert (picture[..., 0] - picture[..., 1]).max() > 100  # the red target
    (camera,) = [item for item in json.loads(report.stdout)['fields'] if item['image']]
    assert (camera['name'], camera['image']['height']) == ('camera', 48)
    assert camera['image']['pixels']['highest'] > camera['image']['pixels']['lowest']


def test_scripts_see_the_same_through_ros_env(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    (image,) = load_robot('arm_camera').images
    with (
        running([simulated_robot('arm_camera', 'script')], ros_environment, tmp_path),
        RosEnv('arm_camera', 'script', robot_timeout_s=60.0) as env,
    ):
        first, _ = env.reset(seed=1)
        after, *_ = env.step(np.ones(2, np.float32))
        for observation in (first, after):
            assert env.observation_space.contains(observation)
            pixels = unpack_pixels(observation[6:], image.num_bytes).reshape(image.shape)
            assert (pixels[..., 0].astype(int) - pixels[..., 1]).max() > 100  # the red target
        assert not np.array_equal(first[6:], after[6:])


def test_cameras_of_other_robots_are_refused_before_anything_starts(
    ros_environment: dict[str, str], tmp_path: Path
) -> None:
    content = yaml.safe_load((config_folder() / 'robots' / 'arm_camera.yaml').read_text())
    for item in content['observation']:
        if 'image' in item:
            item['image']['encoding'] = 'hsv'
    (tmp_path / 'arm.yaml').write_text(yaml.safe_dump(content))
    result = run_module(
        'rl_agent.robot_check.check_robot',
        *('arm.yaml', '--seen', 'seen.png'),
        environment=ros_environment,
        cwd=tmp_path,
    )
    assert result.returncode == 2
    assert "image.encoding: given 'hsv'" in result.stdout + result.stderr
    plain = run_module(
        'rl_agent.robot_check.check_robot',
        *('pendulum', '--seen', 'seen.png'),
        environment=ros_environment,
        cwd=tmp_path,
    )
    assert plain.returncode == 2
    assert "--seen: given with 'pendulum', whose policy sees no images" in plain.stderr

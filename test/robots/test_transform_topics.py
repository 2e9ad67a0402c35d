# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A pose from `/tf`, where several broadcasters publish: chosen by its frames, not by its place.

Reported of real robots: ros-multiwii#3, odom_to_tf_ros2#6 (each broadcaster has its own frames).
"""

from collections.abc import Iterator
from pathlib import Path
import time
from typing import Any

from fleet import run_module, SpinningListener, with_helpers
from geometry_msgs.msg import TransformStamped
from nav_msgs.msg import Odometry
import numpy as np
import pytest
from rl_agent.description.observation import ObservationField
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError, NeighbourError, RobotError
from rl_agent.message_fields.ros_field_extractor import FieldExtractor, static_mistakes
from rl_agent.robot_interface.ros_robot_description import load_ros_robot
from rl_agent.ros.ros_messages import import_message
from rl_agent.ros_env import RosEnv
from stand_in_messages import stand_in_messages
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Empty

pytestmark = pytest.mark.timeout(900)  # with the compilation
WITHIN_S = 60.0
KIND = 'tf2_msgs/msg/TFMessage'
ROBOT = f"""
name: arm
rate_hz: 20
episode_steps: 1000
observation:
  - {{name: tool, topic: tf, type: {KIND}, field: transforms.transform.translation, size: 3,
     child_frame: tool0}}
  - {{name: heading, topic: tf, type: {KIND}, field: transforms.transform.rotation, size: 4,
     frame: map, child_frame: base_link, transform: heading}}
action: {{topic: commands, type: std_msgs/msg/Float64MultiArray, joints: [a], unit: N m,
         low: [-1], high: [1]}}
task: {{name: 'idle_task:IdleTask'}}
reset: {{service: reset, service_type: std_srvs/srv/Empty}}
safety: {{sensor_watchdog: {{max_age_s: 20.0}}, command_watchdog: {{max_age_s: 20.0}}}}
"""


@pytest.fixture(scope='module')
def variables(ros_environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Return variables for processes that know the message."""
    with stand_in_messages('tf2_msgs', ros_environment) as environment:
        yield with_helpers(environment)


def transform(frame: str, child: str, x: float = 0.0, z: float = 0.0) -> TransformStamped:
    """Return a transform; z is that of a quaternion about the vertical axis."""
    item = TransformStamped(child_frame_id=child)
    item.header.frame_id = frame
    item.transform.translation.x, item.transform.rotation.z = x, z
    item.transform.rotation.w = (1.0 - z**2) ** 0.5
    return item


class Broadcasters(SpinningListener):
    """Four broadcasters, one of them with a varying number of transforms in varying order."""

    def __init__(self, namespace: str, broadcasts: dict[str, list[TransformStamped]]) -> None:
        """Start publishing at 50 Hz."""
        super().__init__()
        self._count, message = 0, import_message(KIND)
        node = self.node

        def publish(publisher: Any, transforms: list[TransformStamped]) -> None:
            self._count += 1
            turn = self._count % len(transforms)
            publisher.publish(message(transforms=[*transforms[turn:], *transforms[:turn]]))

        for transforms in broadcasts.values():
            publisher = node.create_publisher(message, f'/{namespace}/tf', 100)
            node.create_timer(0.02, lambda p=publisher, t=transforms: publish(p, t))
        node.create_service(Empty, f'/{namespace}/reset', lambda request, response: response)
        node.create_subscription(
            Float64MultiArray, f'/{namespace}/commands', lambda message: None, 10
        )


TREE = {
    'arm': [
        transform('base_link', 'shoulder', 0.1),
        transform('base_link', 'tool0', 0.4),
        transform('shoulder', 'elbow', 0.2),
    ],
    'wheels': [transform('odom', 'base_link', 7.0)],
    'localisation': [transform('map', 'base_link', 9.0, 1.0)],
    'camera': [transform('camera', 'marker', 3.0)],
}


@pytest.fixture
def description(tmp_path: Path) -> str:
    path = tmp_path / 'arm.yaml'
    path.write_text(ROBOT)
    return str(path)


@pytest.mark.parametrize('real_time', [True, False])
def test_a_pose_is_chosen_by_its_frames(
    variables: dict[str, str],
    description: str,
    capfd: pytest.CaptureFixture[str],
    real_time: bool,
) -> None:
    name = f'frames_{real_time}'
    robot = Broadcasters(name, TREE)
    with RosEnv(description, name, real_time=real_time, robot_timeout_s=WITHIN_S) as env:
        env.reset()
        seen = np.array([env.step(np.zeros(1, np.float32))[0] for _ in range(60)])
        assert not [event for event in env._events.counts() if event.startswith('two_sources')]
        time.sleep(0.5)  # for the log
    robot.close()
    np.testing.assert_allclose(seen, [[0.4, 0.0, 0.0, -1.0, 0.0]] * 60, atol=1e-6)
    assert capfd.readouterr().err.count('sensor_refused') == (1 if real_time else 0)


def test_the_check_of_a_robot_knows_frames(
    variables: dict[str, str], description: str, tmp_path: Path
) -> None:
    def check(name: str) -> str:
        words = (description, '--namespace', name)
        return run_module(
            'rl_agent.robot_check.check_robot', *words, environment=variables, cwd=tmp_path
        ).stdout

    robot = Broadcasters('checked', TREE)
    for _ in range(5):
        if 'everything is as described' in (said := check('checked')):
            break
    assert 'everything is as described' in said, said
    robot.close()
    others = {key: item for key, item in TREE.items() if key in ('arm', 'wheels')}
    robot = Broadcasters('other', others)
    for _ in range(5):
        if 'heading: transforms' in (said := check('other').replace('/other/tf: ', '')):
            break
    robot.close()
    assert 'odom to base_link' in said, said
    assert 'accepted: map to base_link' in said
    assert '1 of 4 failed' in said


@pytest.mark.parametrize(
    ('old', 'new', 'words'),
    [
        (
            'transforms.transform.translation',
            "'transforms[0].transform.translation'",
            "observation.0: field: given 'transforms[0].transform.translation'; accepted:"
            " 'transforms.transform.translation' with child_frame",
        ),
        (
            'transforms.transform.translation, size: 3',
            "'transforms[0:2].transform.translation', size: 6",
            "accepted: 'transforms.transform.translation' with child_frame",
        ),
        (
            ',\n     child_frame: tool0',
            '',
            'observation.0: child_frame: missing; accepted: the child_frame_id of one of the'
            ' transforms, such as base_link',
        ),
        (
            'transforms.transform.translation',
            'transforms.transform.translatoin',
            "field: after transforms: given 'transform.translatoin' (did you mean 'transform.",
        ),
    ],
)
def test_a_place_in_the_list_is_refused(
    variables: dict[str, str], description: str, old: str, new: str, words: str
) -> None:
    path = Path(description)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        load_ros_robot(description)
    assert words in str(caught.value)


def test_frames_of_a_single_message() -> None:
    kind = 'nav_msgs/msg/Odometry'
    field = ObservationField('f', 't', kind, 'pose.pose.position.x', child_frame='base_link')
    message = Odometry(child_frame_id='base_link')
    message.pose.pose.position.x = 2.0
    assert FieldExtractor(field, '/t')(message).tolist() == [2.0]
    message.child_frame_id = 'wheel'
    with pytest.raises(
        RobotError, match="child_frame: given 'wheel'; accepted: 'base_link'"
    ) as no:
        FieldExtractor(field, '/t')(message)
    assert not isinstance(no.value, NeighbourError)
    imu = ObservationField('f', 't', 'sensor_msgs/msg/Imu', 'orientation.x', child_frame='base')
    assert static_mistakes(imu) == [
        "child_frame: given 'base'; accepted: none, sensor_msgs/msg/Imu has no child_frame_id"
    ]


def test_another_child_frame_is_another_meaning(description: str) -> None:
    """And descriptions without one keep their fingerprint."""
    before = Spaces(load_robot(description)).fingerprint
    path = Path(description)
    path.write_text(path.read_text().replace('tool0', 'elbow'))
    assert Spaces(load_robot(description)).fingerprint != before
    assert Spaces(load_robot('arm')).fingerprint == 'c5104b747041318c'

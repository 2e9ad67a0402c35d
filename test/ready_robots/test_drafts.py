# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""`rl_describe` beside the stand-ins of robots that people own: task, box and reset are left.

People send commands in the order of /joint_states or of a URDF, which the robot does not have
(Universal_Robots_ROS_Driver#619, strands-labs/robots#3039), and gains that nobody told them
(mujoco_playground#270). Where the robot is one that is described already, these are known.
"""

from collections.abc import Iterator
import contextlib
from pathlib import Path
from typing import Any

from drafted_robot import described, marked
from fake_arms import Fr3, So101, Ur5e, Ur5eTrajectory
from fake_driver import FakeDriver
from fake_flying_and_walking_robots import Go2, Px4
from fake_mobile_robots import F1Tenth, for_humble, TurtleBot4, TurtleBot4Humble
import pytest
from rl_agent.configuration import config_folder
from rl_agent.robot_interface.ros_robot_description import load_ros_robot
from stand_in_messages import stand_in_messages
import yaml

pytestmark = pytest.mark.timeout(900)  # with the compilation of message packages
BY_HAND = ['action.low', 'action.high', 'task.name', 'reset']


@pytest.fixture(scope='module')
def environment(ros_environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Provide the message packages, built once for all robots."""
    variables = ros_environment
    with contextlib.ExitStack() as stack:
        for package in ('ackermann_msgs', 'control_msgs', 'px4_msgs', 'unitree_go'):
            variables = stack.enter_context(stand_in_messages(package, variables))
        yield variables


def filled(path: Path, robot: str) -> dict[str, Any]:
    """Fill in task, box and reset as the shipped description has them; return the content."""
    shipped = yaml.safe_load((config_folder() / 'robots' / f'{robot}.yaml').read_text())
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    content['action'] |= {key: shipped['action'][key] for key in ('low', 'high')}
    content |= {key: shipped[key] for key in ('task', 'reset')}
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return content


@pytest.mark.parametrize('kind', [TurtleBot4, Ur5e, Ur5eTrajectory, Go2, Fr3, F1Tenth, Px4, So101])
def test_it_is_known_by_topics_types_and_names(
    environment: dict[str, str], tmp_path: Path, kind: type[FakeDriver]
) -> None:
    place = f'{kind.robot}_drafted'
    with contextlib.closing(kind(place, lockstep=False)) as driver:
        path, printed = described(place, tmp_path, environment, wanted=[f'# {kind.robot}.yaml'])
        assert marked(path) == BY_HAND
        filled(path, kind.robot)
        assert load_ros_robot(str(path)) == load_ros_robot(kind.robot)
        assert printed.splitlines()[1:5] == [
            '  - action.low: the lowest commands',
            '  - action.high: the highest commands',
            '  - task: what is rewarded',
            '  - reset: how an episode begins',
        ]
        assert printed.endswith(f'then: check_robot {path} --namespace {place}\n')
        assert not driver.commands


def test_a_humble_turtlebot_differs_in_one_type(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """Its file is new, and needs no more than task, box and reset either."""
    source = tmp_path / 'humble.yaml'
    source.write_text(for_humble((config_folder() / 'robots' / 'turtlebot4.yaml').read_text()))
    driver = TurtleBot4Humble('humble_drafted', lockstep=False, path=str(source))
    with contextlib.closing(driver):
        path, printed = described('humble_drafted', tmp_path, environment, wanted=['like turtle'])
    assert marked(path) == BY_HAND
    words = 'cmd_vel: geometry_msgs/msg/Twist; described geometry_msgs/msg/TwistStamped'
    assert f'like turtlebot4 in config/robots/, but {words}' in printed
    content = yaml.safe_load(path.read_text())
    assert content['action']['fields'] == ['linear.x', 'angular.z']


def test_a_quadruped_is_found_in_its_namespace_and_without_an_estimator(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """Order of the motors, gains and checksum do not depend on the odometry."""
    with contextlib.closing(Go2Alone('yard/go2_drafted', lockstep=False)):
        path, printed = described('yard', tmp_path, environment, wanted=['# go2.yaml'])
    assert marked(path) == BY_HAND
    content = filled(path, 'go2')
    assert content['action']['constants']['motor_cmd[0:12].kp'] == 40.0
    assert load_ros_robot(str(path)) == load_ros_robot('go2')
    assert 'odometry (nav_msgs/msg/Odometry): no publisher was heard' in printed
    assert f'then: check_robot {path} --namespace yard/go2_drafted\n' in printed


class Go2Alone(Go2):
    """Without an estimator of its speed."""

    def sensors(self) -> Any:
        """Return its own topics only."""
        return super().sensors()[:1]


def test_without_the_shipped_descriptions_gains_are_asked_for(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with contextlib.closing(Go2('plain_drafted', lockstep=False)):
        path, _ = described(
            'plain_drafted', tmp_path, environment, '--shipped', 'none', wanted=['lowcmd']
        )
    assert marked(path) == [
        'action.joints',
        'action.low',
        'action.high',
        'action.constants',
        'task.name',
        'reset',
    ]
    fields = {item['name']: item for item in yaml.safe_load(path.read_text())['observation']}
    assert fields['position']['field'] == 'motor_state[0:12].q'
    assert fields['gravity']['quaternion_order'] == 'wxyz'

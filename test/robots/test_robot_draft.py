# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""`rl_describe` writes first descriptions of robots in the shape of well-known ones.

People want limits from the URDF in their files (moveit_tutorials#572), and send commands in the
order of /joint_states, which is not that of the controller (Universal_Robots_ROS_Driver#619).
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from drafted_robot import MODULE, refusals, Robot
from fleet import namespace_of, run_module, running, with_helpers
from geometry_msgs.msg import PoseStamped, Twist
from nav_msgs.msg import Odometry
import pytest
from rclpy.qos import qos_profile_sensor_data
from rl_agent.bringup.node_specs import simulated_robot
from rl_agent.errors import ConfigurationError
from rl_agent.robot_check.ros_robot_check import RobotCheck
from rl_agent.robot_draft.draft_file import make_draft
from rl_agent.robot_draft.draft_top import Draft
from rl_agent.robot_interface.ros_robot_description import load_ros_robot
from rl_agent.robot_survey.ros_survey import RobotSurvey
from sensor_msgs.msg import BatteryState, CompressedImage, Image, Imu, JointState, LaserScan
from std_msgs.msg import Float64MultiArray, String
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory
import yaml

ARM = ('ur_shoulder_pan', 'ur_shoulder_lift', 'ur_elbow')
LIMITS = ((-6.25, 6.25), (-3.5, 3.5), (-3.0, 3.0))


def urdf(name: str = 'ur5e', extra: str = '') -> str:
    """Return the URDF of an arm with an endless wrist."""
    joints = ''.join(
        f'<joint name="{joint}" type="revolute">'
        f'<limit lower="{low}" upper="{high}" velocity="2.5" effort="150"/></joint>'
        for joint, (low, high) in zip(ARM, LIMITS, strict=True)
    )
    return (
        f'<robot name="{name}"><joint name="mount" type="fixed"/>{joints}'
        f'<joint name="ur_wrist" type="continuous"/>{extra}</robot>'
    )


@pytest.fixture
def robot(ros_environment: dict[str, str], request: pytest.FixtureRequest) -> Iterator[Robot]:
    found = Robot(namespace_of(request.node.name))
    yield found
    found.close()


def describe(
    place: str, until: Callable[[Draft], bool] = lambda draft: True, topics: Sequence[str] = ()
) -> Draft:
    """Return the draft of what is in a namespace, as soon as a condition holds."""
    for _ in range(10):  # on a busy machine discovery takes longer than it listens
        survey = RobotSurvey(place, [], topics)
        try:
            draft = make_draft(survey.listen(1.5))
        finally:
            survey.close()
        if until(draft):
            break
    return draft


def filled(value: Any) -> Any:
    """Return a value with a number for each placeholder."""
    if isinstance(value, list):
        return [filled(item) for item in value]
    if isinstance(value, str) and value.startswith('FILL IN'):
        return 1.0 if 'highest' in value else -1.0
    return value


def complete(draft: Draft, **sections: Any) -> dict[str, Any]:
    """Return a draft with task, box and reset as a person fills them in."""
    content: dict[str, Any] = yaml.safe_load(draft.text)
    content['action'] = {key: filled(value) for key, value in content['action'].items()}
    content |= {'task': {'name': 'idle_task:IdleTask'}, 'reset': {'person': True}}
    for key, value in sections.items():
        content[key] = {**content[key], **value}
    return content


def save(folder: Path, content: dict[str, Any]) -> str:
    """Write a description; return its path."""
    path = folder / 'robot.yaml'
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return str(path)


def refused(draft: Draft, folder: Path) -> list[str]:
    """Return the lines with which the loader refuses a draft as it is."""
    path = folder / 'draft.yaml'
    path.write_text(draft.text)
    return refusals(path)


def check(path: str, place: str) -> dict[str, list[str]]:
    """Return the problems that `check_robot` finds, by line of its table."""
    checking = RobotCheck(load_ros_robot(path), place, [])
    try:
        checking.find(1.5)
        for _ in range(10):
            report = checking.report()
            if not report.failed:
                break
            checking.listen(1.5)
    finally:
        checking.close()
    return {row.name: row.problems for row in report.rows if row.problems}


def test_an_arm_under_ros2_control(robot: Robot, tmp_path: Path) -> None:
    """Joints in the order that the controller says; the box is that of the URDF."""
    state = robot.add('joint_state_broadcaster')
    robot.keep(robot.add('robot_state_publisher'), 'robot_description', String(data=urdf()))
    names = ['ur_elbow', 'ur_wrist', 'ur_shoulder_lift', 'ur_shoulder_pan']
    message = JointState(name=names, position=[0.5] * 4, velocity=[0.0] * 4, effort=[])
    robot.tell(state, 'joint_states', message, 0.01)
    forward = robot.add('forward_position_controller', joints=list(ARM), interface_name='position')
    forward.create_subscription(
        Float64MultiArray, 'forward_position_controller/commands', print, 10
    )
    draft = describe(robot.place, lambda found: 'in this order, as' in found.text)
    assert draft.to_fill_in == ('task: what is rewarded', 'reset: how an episode begins')
    assert refused(draft, tmp_path) == [
        "task.name: given 'FILL IN what is rewarded'; accepted: reach, reach_goal,"
        ' reach_seen_goal, success, swing_up, topic_reward, walk, or module:Class of your own',
        'reset: given none; accepted: service, move_to_pose or person: true',
    ]
    content = complete(draft)
    assert content['name'] == 'ur5e'
    assert content['action'] == {
        'topic': 'forward_position_controller/commands',
        'type': 'std_msgs/msg/Float64MultiArray',
        'joints': list(ARM),
        'unit': 'rad',
        'low': [-6.25, -3.5, -3.0],
        'high': [6.25, 3.5, 3.0],
    }
    assert content['safety']['slew_per_s'] == [2.5] * 3
    (limit,) = content['safety']['limits']
    assert limit == {
        'name': 'position_limits',
        'observation': 'position',
        'low': [-6.25, -3.5, -3.0],
        'high': [6.25, 3.5, 3.0],
    }
    fields = {item['name']: item for item in content['observation']}
    assert list(fields) == [
        'position',
        'velocity',
        'endless_position_cos',
        'endless_position_sin',
        'endless_velocity',
    ]
    assert fields['position']['joints'] == list(ARM)
    assert fields['position']['bounds'] == [-6.25, 6.25]
    assert 'all joints begin with ur_: if that differs from robot to robot, write {prefix}' in (
        draft.text
    )
    assert check(save(tmp_path, content), robot.place) == {}


def test_a_base_with_a_lidar(robot: Robot, tmp_path: Path) -> None:
    """Nobody says how fast it may drive, so the loader asks for it by name."""
    base = robot.add('base')
    odometry = Odometry()
    odometry.header.frame_id = 'odom'
    robot.tell(base, 'odom', odometry, 0.02)
    scan = LaserScan(
        angle_min=-3.14, angle_max=3.14, angle_increment=0.02, range_min=0.125, range_max=12.0
    )
    scan.ranges = [1.0] * 315
    robot.tell(base, 'scan', scan, 0.2, qos_profile_sensor_data)
    imu = Imu()
    imu.orientation_covariance[0] = -1.0
    robot.tell(base, 'imu/data', imu, 0.02, qos_profile_sensor_data)
    robot.tell(base, 'battery', BatteryState(percentage=0.5), 0.4)
    robot.keep(base, 'goal', PoseStamped())
    base.create_subscription(Twist, 'cmd_vel', print, 10)
    base.create_service(Trigger, 'reset_odometry', lambda _, answer: answer)
    draft = describe(
        robot.place,
        lambda found: 'scan' in found.text and 'goal' in found.text and 'battery' in found.text,
    )
    lines = refused(draft, tmp_path)
    assert "action.low.0: given 'FILL IN: lowest linear.x, m/s'; accepted: a number" in lines
    assert "action.high.1: given 'FILL IN: highest angular.z, rad/s'; accepted: a number" in lines
    assert 'orientation_covariance[0] is -1: this driver does not know orientation' in draft.text
    assert 'a service that may do it: reset_odometry (std_srvs/srv/Trigger)' in draft.text
    content = complete(draft)
    fields = {item['name']: item for item in content['observation']}
    assert 'gravity' not in fields
    assert fields['scan'] == {
        'name': 'scan',
        'topic': 'scan',
        'type': 'sensor_msgs/msg/LaserScan',
        'field': 'ranges',
        'rays': {'count': 24},
        'unit': 'm',
        'bounds': [0.125, 12.0],
        'clip': True,
        'replace_nan': 12.0,
        'max_age_s': fields['scan']['max_age_s'],
    }
    assert fields['goal_position']['once'] is True
    assert fields['battery_percentage']['max_age_s'] >= 1.0
    assert fields['odom_position']['frame'] == 'odom'
    assert content['action']['fields'] == ['linear.x', 'angular.z']
    assert check(save(tmp_path, content), robot.place) == {}


def test_a_camera_is_named_and_left_to_a_person(robot: Robot) -> None:
    robot.tell(robot.add('base'), 'odom', Odometry(), 0.02)
    camera = robot.add('camera')
    frames = [('front/image_raw', Image()), ('front/image_raw/compressed', CompressedImage())]
    for topic, frame in frames:
        robot.tell(camera, topic, frame, 0.1, qos_profile_sensor_data)
    draft = describe(
        robot.place, lambda found: 'odom' in found.text and 'image' in str(found.notes)
    )
    for (topic, _), kind in zip(frames, ('Image', 'CompressedImage'), strict=True):
        assert any(
            note.startswith(
                f'{topic} (sensor_msgs/msg/{kind}): a camera: to let the policy see it'
            )
            for note in draft.notes
        ), draft.notes
    assert 'field: data' not in draft.text


def test_a_base_whose_controller_says_how_fast_it_may_drive(robot: Robot) -> None:
    base = robot.add(
        'diff_drive_controller',
        linear__x__max_velocity=0.5,
        linear__x__min_velocity=-0.25,
        angular__z__max_velocity=1.5,
    )
    robot.tell(base, 'odom', Odometry(), 0.02)
    base.create_subscription(Twist, 'cmd_vel', print, 10)
    draft = describe(robot.place, lambda found: 'as the controller limits it' in found.text)
    action = yaml.safe_load(draft.text)['action']
    assert (action['low'], action['high']) == ([-0.25, -1.5], [0.5, 1.5])


def test_an_arm_and_its_gripper_without_a_urdf(robot: Robot, tmp_path: Path) -> None:
    """They share /joint_states; nobody says limits, or the order of the commands."""
    arm, gripper = robot.add('arm'), robot.add('gripper')
    state = JointState(name=['elbow', 'shoulder'], position=[0.5] * 2, velocity=[0.0] * 2)
    robot.tell(arm, 'joint_states', state, 0.01)
    robot.tell(gripper, 'joint_states', JointState(name=['finger'], position=[0.25]), 0.02)
    arm.create_subscription(Float64MultiArray, 'arm_controller/commands', print, 10)
    draft = describe(
        robot.place, lambda found: 'finger' in found.text and 'arm_controller' in found.text
    )
    lines = refused(draft, tmp_path)
    words = 'FILL IN: a list, in the order that the driver expects'
    assert f"action.joints: given '{words}'; accepted: a list" in lines
    assert any(line.startswith("action.low: given 'FILL IN: lowest command") for line in lines)
    assert 'limits of joints are not known' in draft.text
    joints = ['shoulder', 'elbow']
    box = {'joints': joints, 'low': [-1.0, -1.0], 'high': [1.0, 1.0], 'unit': 'rad'}
    content = complete(draft, action=box)
    assert [(item['name'], item['joints']) for item in content['observation']] in (
        [
            ('position', ['elbow', 'shoulder']),
            ('velocity', ['elbow', 'shoulder']),
            ('position_2', ['finger']),
        ],
        [
            ('position', ['finger']),
            ('position_2', ['elbow', 'shoulder']),
            ('velocity_2', ['elbow', 'shoulder']),
        ],
    )
    assert check(save(tmp_path, content), robot.place) == {}


def test_a_trajectory_controller_that_says_nothing(robot: Robot, tmp_path: Path) -> None:
    """Its message names the joints; a joint without limits is asked for by name."""
    arm = robot.add('arm')
    robot.keep(arm, 'robot_description', String(data=urdf()))
    state = JointState(name=[*ARM, 'ur_wrist'], position=[0.0] * 4)
    robot.tell(arm, 'joint_states', state, 0.02)
    arm.create_subscription(JointTrajectory, 'arm_controller/joint_trajectory', print, 10)
    draft = describe(
        robot.place, lambda found: 'trajectory' in found.text and 'bounds' in found.text
    )
    lines = refused(draft, tmp_path)
    words = 'FILL IN: lowest command of ur_wrist, rad'
    assert f"action.low.3: given '{words}'; accepted: a number" in lines
    assert yaml.safe_load(draft.text)['action']['low'][:3] == [-6.25, -3.5, -3.0]


def test_our_own_simulated_arm(ros_environment: dict[str, str], tmp_path: Path) -> None:
    """Its joints and frames are those of the shipped description, to the last key."""
    with running([simulated_robot('arm', 'simulated')], ros_environment, tmp_path):
        draft = describe('simulated', lambda found: '# arm.yaml' in found.text)
    assert 'simulated by simulated_robot' in draft.text
    assert draft.to_fill_in == (
        'action.low: the lowest commands',
        'action.high: the highest commands',
        'task: what is rewarded',
        'reset: how an episode begins',
    )


URDFS = {
    'too large': ' ' * (17 << 20),
    'malformed': '<robot name="a"><joint name=',
    'a bomb': '<!DOCTYPE r [<!ENTITY a "aaaa">]><robot name="&a;"/>',
    'no robot': '<sdf/>',
}


@pytest.mark.parametrize('what', URDFS)
def test_a_urdf_that_cannot_be_used(robot: Robot, what: str) -> None:
    arm = robot.add('arm')
    robot.keep(arm, 'robot_description', String(data=URDFS[what]))
    robot.tell(arm, 'joint_states', JointState(name=['a'], position=[0.5]), 0.02)
    draft = describe(robot.place, lambda found: 'the URDF was not used' in found.text)
    assert 'the URDF was not used: ' in draft.text
    (field,) = yaml.safe_load(draft.text)['observation']
    assert field['joints'] == ['a']
    assert 'bounds' not in field


def test_joints_that_no_file_may_trust(robot: Robot, tmp_path: Path) -> None:
    """Names with YAML syntax, names that are there twice, braces and line breaks."""
    names = ['on', 'a: b', '- x\n# y', '{p}', 'twice', 'twice', 'nan', 'é', '']
    position = [0.5] * 6 + [float('nan')] + [0.5] * 2
    arm = robot.add('arm')
    robot.tell(arm, 'joint_states', JointState(name=names, position=position), 0.02)
    arm.create_subscription(JointTrajectory, 'joint_trajectory', print, 10)
    draft = describe(robot.place, lambda found: 'twice' in found.text)
    (field,) = yaml.safe_load(draft.text)['observation']
    assert field['joints'] == ['on', 'a: b', '- x\n# y', 'é']
    assert 'position: not finite for nan: left out' in draft.text
    assert 'joint twice is there twice in one message: left out' in draft.text
    assert refused(draft, tmp_path)


def test_a_recording_that_is_played(robot: Robot) -> None:
    player = robot.add('rosbag2_player')
    robot.tell(player, 'joint_states', JointState(name=['a'], position=[0.5]), 0.02)
    robot.tell(player, 'cmd_vel', Twist(), 0.05)
    draft = describe(robot.place, lambda found: 'a recording is played' in found.text)
    assert 'a recording is played: nobody would obey' in draft.text
    assert any('no node was found' in item for item in draft.to_fill_in)


def test_several_robots_in_one_domain(robot: Robot) -> None:
    for name in ('left', 'right'):
        arm = robot.add(name)
        robot.keep(arm, f'{name}/robot_description', String(data=urdf(name)))
        message = JointState(name=[f'{name}_a'], position=[0.5])
        robot.tell(arm, f'{name}/joint_states', message, 0.02)
    with pytest.raises(ConfigurationError) as caught:
        describe(robot.place, lambda found: False)
    places = ', '.join(f'/{robot.place}/{name}' for name in ('left', 'right'))
    assert f'which has several robots; accepted: one of {places}' in str(caught.value)
    draft = describe(f'{robot.place}/left', lambda found: 'joint_states' in found.text)
    assert draft.name == 'left'
    assert 'right' not in draft.text


def test_the_command_line(robot: Robot, tmp_path: Path, ros_environment: dict[str, str]) -> None:
    arm = robot.add('arm')
    robot.keep(arm, 'robot_description', String(data=urdf('six axes!')))
    robot.tell(arm, 'joint_states', JointState(name=[*ARM], position=[0.5] * 3), 0.02)
    robot.tell(arm, 'other', Twist(), 0.02)
    environment = with_helpers(ros_environment)
    words = ('--namespace', robot.place, '--seconds', '3')
    for _ in range(3):  # on a busy machine discovery takes longer
        more: tuple[str, ...] = ('--topics', 'joint_*', '--force')
        result = run_module(MODULE, *words, *more, environment=environment, cwd=tmp_path)
        if (tmp_path / 'six_axes.yaml').exists():
            break
    assert result.returncode == 0, result.stderr
    assert 'six_axes.yaml: written. To fill in by hand:' in result.stdout
    text = (tmp_path / 'six_axes.yaml').read_text()
    assert 'other' not in text
    more = ('--out', 'six_axes.yaml')
    result = run_module(MODULE, *words, *more, environment=environment, cwd=tmp_path)
    assert result.returncode == 2
    assert 'six_axes.yaml: exists already; accepted: a new name, or --force' in result.stderr
    assert (tmp_path / 'six_axes.yaml').read_text() == text


@pytest.mark.parametrize(
    ('words', 'code', 'expected'),
    [
        (('--namespace', 'nobody_here', '--seconds', '0.5'), 1, 'no topic of a robot was found'),
        (('--namespace', 'robot-1'), 2, "--namespace: given 'robot-1'; accepted: a name such as"),
        (('--seconds', '0'), 2, '--seconds: given 0; accepted: 0.5 to 3600'),
        (('--out', 'no/folder.yaml'), 2, '--out: given no/folder.yaml; accepted: a file in'),
    ],
)
def test_options(
    ros_environment: dict[str, str],
    tmp_path: Path,
    words: tuple[str, ...],
    code: int,
    expected: str,
) -> None:
    result = run_module(MODULE, *words, environment=ros_environment, cwd=tmp_path)
    assert result.returncode == code, result.stderr
    assert expected in result.stderr
    assert 'Traceback' not in result.stderr
    assert not list(tmp_path.iterdir())

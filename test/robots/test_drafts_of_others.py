# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""What `rl_describe` leaves to do by hand beside drivers in the shape of other people's.

Order and unit of a list without names are known only where a controller says them: neither the
order in /joint_states (ros2_controllers#159, Universal_Robots_ROS_Driver#173) nor that in the URDF
(joint_state_publisher#87) is that of the commands.
"""

from collections.abc import Callable, Iterator
import math
from pathlib import Path
import random

from drafted_robot import described, KEPT, marked, Robot
from fleet import namespace_of
from geometry_msgs.msg import (
    PointStamped,
    PoseStamped,
    TransformStamped,
    Twist,
    TwistStamped,
    WrenchStamped,
)
from nav_msgs.msg import Odometry
import pytest
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, qos_profile_sensor_data, QoSProfile, ReliabilityPolicy
from rl_agent.description.robot import load_robot
from rl_agent.ros.ros_messages import import_message
from sensor_msgs.msg import BatteryState, Imu, JointState, LaserScan
from stand_in_messages import stand_in_messages
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Empty
from trajectory_msgs.msg import JointTrajectory
import yaml

BY_HAND = ['action.low', 'action.high', 'task.name', 'reset']
ORDER, UNIT = ['action.joints'], ['action.unit']
FROM_PX4 = QoSProfile(
    depth=5,
    reliability=ReliabilityPolicy.BEST_EFFORT,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
UR2 = load_robot('ur5e_trajectory', prefix='ur2_').action.joints or ()


@pytest.fixture
def robot(ros_environment: dict[str, str], request: pytest.FixtureRequest) -> Iterator[Robot]:
    found = Robot(namespace_of(request.node.name))
    yield found
    found.close()


def hear(node: Node, topic: str, kind: type, qos: QoSProfile | int = 10) -> None:
    """Listen to commands."""
    node.create_subscription(kind, topic, print, qos)


def odometry(robot: Robot, node: Node, qos: QoSProfile | int = 10) -> None:
    """Publish where a base is."""
    message = Odometry()
    message.header.frame_id = 'odom'
    robot.tell(node, 'odom', message, 0.04, qos)


def arm_beside_gripper(robot: Robot, node: Node) -> None:
    """Both publish to one topic, and the arm's order changes from message to message."""
    for names in (['elbow', 'shoulder'], ['shoulder', 'elbow']):
        state = JointState(name=names, position=[0.1] * 2, velocity=[0.0] * 2)
        state.effort = [math.nan] * 2
        robot.tell(node, 'joint_states', state, 0.02)
    gripper = JointState(name=['finger_joint'], position=[0.02])
    robot.tell(node, 'joint_states', gripper, 0.02)
    hear(node, 'forward_position_controller/commands', Float64MultiArray)


def joints_of_two_nodes(robot: Robot, node: Node) -> None:
    """One of them says 0 for all joints."""
    state = JointState(name=['motor1', 'motor2'], position=[0.7] * 2, velocity=[0.1] * 2)
    robot.tell(node, 'joint_states', state, 0.02)
    other = robot.add('joint_state_publisher')
    zeros = JointState(name=['motor2', 'motor1'], position=[0.0] * 2)
    robot.tell(other, 'joint_states', zeros, 0.1)
    hear(node, 'commands', Float64MultiArray)


def imu_without_orientation(robot: Robot, node: Node) -> None:
    message = Imu()
    message.orientation_covariance[0] = -1.0
    robot.tell(node, 'imu', message, 0.02, qos_profile_sensor_data)
    hear(node, 'cmd_vel', Twist)
    node.create_service(Empty, 'reset', lambda _, answer: answer)


def base_with_a_slow_lidar(robot: Robot, node: Node) -> None:
    odometry(robot, node)
    scan = LaserScan(angle_max=6.28, angle_increment=0.01, range_min=0.1, range_max=12.0)
    scan.ranges = [1.0] * 628
    robot.tell(node, 'scan', scan, 0.14, qos_profile_sensor_data)
    robot.tell(node, 'battery_state', BatteryState(percentage=0.5), 0.5)
    hear(node, 'cmd_vel', TwistStamped)


def base_with_a_goal(robot: Robot, node: Node) -> None:
    odometry(robot, node)
    goal = PoseStamped()
    goal.header.frame_id = 'map'
    robot.keep(node, 'goal_pose', goal)
    hear(node, 'cmd_vel', Twist)


def base_with_the_qualities_of_an_autopilot(robot: Robot, node: Node) -> None:
    odometry(robot, node, FROM_PX4)
    hear(node, 'cmd_vel', Twist, FROM_PX4)


def base_whose_stamps_stay_zero(robot: Robot, node: Node) -> None:
    odometry(robot, node, qos_profile_sensor_data)
    robot.tell(node, 'imu', Imu(), 0.02, qos_profile_sensor_data)
    hear(node, 'cmd_vel', Twist)


def lidar_with_another_number_of_rays_each_time(robot: Robot, node: Node) -> None:
    publisher = node.create_publisher(LaserScan, 'scan', qos_profile_sensor_data)
    draw = random.Random(0)

    def publish() -> None:
        count = draw.choice([1961, 1963, 1965, 1971])
        scan = LaserScan(angle_max=6.28, angle_increment=6.28 / count, range_max=12.0)
        scan.ranges = [1.0] * count
        publisher.publish(scan)

    node.create_timer(0.1, publish)
    hear(node, 'cmd_vel', Twist)


def two_controllers_of_an_arm(robot: Robot, node: Node) -> None:
    """Neither says its joints in a parameter; each has one for itself."""
    state = JointState(name=['elbow', 'finger', 'shoulder'], position=[0.1] * 3)
    robot.tell(node, 'joint_states', state, 0.02)
    hear(node, 'arm_controller/joint_trajectory', JointTrajectory)


CASES: dict[str, tuple[Callable[[Robot, Node], None], list[str], str]] = {
    'c01': (arm_beside_gripper, [*ORDER, *BY_HAND], 'finger_joint'),
    'c04': (joints_of_two_nodes, [*UNIT, *ORDER, *BY_HAND], 'motor1'),
    'c05': (imu_without_orientation, BY_HAND, 'angular_velocity'),
    'c06': (base_with_a_slow_lidar, BY_HAND, 'battery'),
    'c07': (base_with_a_goal, BY_HAND, 'once: true'),
    'c09': (base_with_the_qualities_of_an_autopilot, BY_HAND, 'odom'),
    'c15': (base_whose_stamps_stay_zero, BY_HAND, 'gravity'),
    'c17': (lidar_with_another_number_of_rays_each_time, BY_HAND, 'rays'),
}


@pytest.mark.parametrize('name', CASES)
def test_what_is_left_to_do_by_hand(
    robot: Robot, ros_environment: dict[str, str], tmp_path: Path, name: str
) -> None:
    """With a number for each of these, and the order where it is asked for, the file is valid."""
    start, keys, word = CASES[name]
    start(robot, robot.add('driver'))
    wanted = [word, 'heard by']
    path, _ = described(robot.place, tmp_path, ros_environment, wanted=wanted)
    assert marked(path) == keys
    complete(path, ['shoulder', 'elbow'] if name == 'c01' else ['motor1', 'motor2'])
    assert load_robot(str(path)).rate_hz > 0


def complete(path: Path, joints: list[str]) -> None:
    """Fill in what a person must."""
    content = yaml.safe_load(path.read_text())
    action = content['action']
    if str(action.get('joints', '')).startswith('FILL IN'):
        action['joints'] = joints
    if action['unit'].startswith('FILL IN'):
        action['unit'] = 'rad'
    size = len(action.get('joints') or action['fields'])
    action |= {'low': [-0.1] * size, 'high': [0.1] * size}
    content |= {'task': {'name': 'idle_task:IdleTask'}, 'reset': {'person': True}}
    path.write_text(yaml.safe_dump(content))


def test_an_arm_whose_controller_says_the_order(
    robot: Robot, ros_environment: dict[str, str], tmp_path: Path
) -> None:
    names = ['shoulder', 'elbow']
    node = robot.add('forward_position_controller', joints=names, interface_name='position')
    arm_beside_gripper(robot, node)
    path, _ = described(robot.place, tmp_path, ros_environment, wanted=['in this order, as'])
    assert marked(path) == BY_HAND
    action = yaml.safe_load(path.read_text())['action']
    assert (action['joints'], action['unit']) == (names, 'rad')


def test_a_trajectory_controller_whose_state_names_its_joints(
    robot: Robot, ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """So the gripper's joint, which is in the same JointState, is not taken for one of the arm."""
    node = robot.add('driver')
    two_controllers_of_an_arm(robot, node)
    with stand_in_messages('control_msgs', ros_environment) as variables:
        kind = import_message('control_msgs/msg/JointTrajectoryControllerState')
        message = kind(joint_names=['shoulder', 'elbow'])
        robot.tell(node, 'arm_controller/controller_state', message, 0.02)
        path, _ = described(robot.place, tmp_path, variables, wanted=['joints: [shoulder, elbow]'])
    assert marked(path) == BY_HAND
    text = path.read_text()
    assert 'joints: [shoulder, elbow]\n' in text
    assert 'guess: all joints' not in text


def test_a_tool_whose_pose_is_in_tf_only(
    robot: Robot, ros_environment: dict[str, str], tmp_path: Path
) -> None:
    node = robot.add('driver')
    with stand_in_messages('tf2_msgs', ros_environment) as variables:
        kind = import_message('tf2_msgs/msg/TFMessage')
        robot.tell(node, 'tf', kind(transforms=[TransformStamped()]), 0.02)
        hear(node, 'cmd', Float64MultiArray)
        path, _ = described(robot.place, tmp_path, variables, wanted=['heard by'])
    assert marked(path) == ['observation', *UNIT, *ORDER, *BY_HAND]


def test_a_second_arm_of_a_cell_is_known_by_its_prefix(
    robot: Robot, ros_environment: dict[str, str], tmp_path: Path
) -> None:
    """Its tool's pose is not published, but joints and controller are those of a UR5e."""
    node = robot.add('driver')
    state = JointState(name=sorted(UR2), position=[0.1] * 6, velocity=[0.0] * 6)
    robot.tell(node, 'joint_states', state, 0.02)
    wrench = WrenchStamped()
    robot.tell(node, 'force_torque_sensor_broadcaster/wrench', wrench, 0.02)
    target = PointStamped()
    target.header.frame_id = 'ur2_base'
    node.create_publisher(PointStamped, 'target', KEPT).publish(target)
    hear(node, 'scaled_joint_trajectory_controller/joint_trajectory', JointTrajectory)
    path, printed = described(
        robot.place, tmp_path, ros_environment, wanted=['# ur5e_trajectory.yaml']
    )
    assert marked(path) == BY_HAND
    assert 'tcp_pose_broadcaster/pose (geometry_msgs/msg/PoseStamped): no publisher' in printed
    assert printed.endswith(f'--namespace {robot.place} --prefix ur2_\n')

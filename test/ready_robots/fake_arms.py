# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Drivers of arms: the controllers of ros2_control, and what the makers publish beside them."""

from collections.abc import Sequence
from typing import Any, ClassVar

from fake_driver import BEST_EFFORT, FakeDriver, Sensor
from geometry_msgs.msg import PoseStamped
from rclpy.qos import DurabilityPolicy, QoSProfile

_LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class ArmDriver(FakeDriver):
    """Goes where it is told within a period.

    Attributes:
        joints: in the order of the controller.
        home: where it is at the start, in that order.
        told: joints in the order of its messages; empty: that of the controller.
        controller: name of its trajectory controller, which publishes its state; empty: none.
        angles: joint to its angle.
        active: whether the controller is: if not, it still subscribes, but obeys nothing.
    """

    joints: ClassVar[tuple[str, ...]]
    home: ClassVar[tuple[float, ...]]
    told: ClassVar[tuple[str, ...]] = ()
    joint_topic: ClassVar[str] = 'joint_states'
    controller: ClassVar[str] = ''
    target: ClassVar[tuple[float, ...]]

    def __init__(self, namespace: str, **options: Any) -> None:
        """Start at home."""
        self.angles = dict(zip(self.joints, self.home, strict=True))
        self.active = True
        super().__init__(namespace, **options)

    def sensors(self) -> Sequence[Sensor]:
        """Return its topics."""
        kind = 'geometry_msgs/msg/PointStamped'
        return (
            Sensor(self.joint_topic, 'sensor_msgs/msg/JointState', 50.0, self._fill_joints),
            Sensor('target', kind, 0.0, self._fill_target, _LATCHED),
        )

    def move(self, command: Sequence[float], seconds: float) -> None:
        """Go there."""
        if self.active:
            self.angles = dict(zip(self.joints, command, strict=True))

    def state(self) -> Sequence[Sensor]:
        """Return the topic of the trajectory controller, which is silent unless it is active."""
        kind = 'control_msgs/msg/JointTrajectoryControllerState'
        topic = f'{self.controller}/controller_state'
        return (Sensor(topic, kind, 50.0, self._fill_state, is_silent=lambda: not self.active),)

    def fill_pose(self, message: PoseStamped, frame: str) -> None:
        """Tell a place within the described workspace."""
        self.stamp(message, frame)
        position = message.pose.position
        position.x, position.y, position.z = self.target

    def trajectory(self, message: Any, seconds: float) -> list[float]:
        """Return the angles of a trajectory as joint_trajectory_controller takes it."""
        stamp = message.header.stamp
        # a stamp in the past, or a point that has gone by, is dropped
        self.check((stamp.sec, stamp.nanosec) == (0, 0), f'stamp: {stamp}')
        self.check(len(message.points) == 1, f'{len(message.points)} points')
        self.check(set(message.joint_names) == set(self.joints), f'{message.joint_names}')
        point = message.points[0]
        rest = (*point.velocities, *point.accelerations, *point.effort)
        self.check(not rest, f'other numbers: {rest}')
        time = point.time_from_start
        self.check((time.sec, time.nanosec) == (0, round(seconds * 1e9)), f'time: {time}')
        named = dict(zip(message.joint_names, point.positions, strict=True))
        return [named[joint] for joint in self.joints]

    def array(self, message: Any) -> list[float]:
        """Return the angles of an array as a forward controller takes it, by position."""
        self.check(len(message.data) == len(self.joints), f'{len(message.data)} numbers')
        return [float(number) for number in message.data]

    def _fill_joints(self, message: Any) -> None:
        """Tell the angles."""
        self.stamp(message, '')
        message.name = list(self.told or self.joints)
        message.position = [self.angles[joint] for joint in message.name]
        message.velocity = message.effort = [0.0] * len(message.name)

    def _fill_state(self, message: Any) -> None:
        """Tell where the controller is on its way to."""
        self.stamp(message, '')
        message.joint_names = list(self.joints)
        message.reference.positions = [self.angles[joint] for joint in self.joints]

    def _fill_target(self, message: Any) -> None:
        """Tell where to go."""
        self.stamp(message, self.description.observation[-1].frame or '')
        message.point.x, message.point.y, message.point.z = self.target


class Ur5e(ArmDriver):
    """With forward_position_controller; the joints are published in another order (#1512).

    Attributes:
        runs: whether the program on the pendant does; a protective stop ends it.
    """

    robot: ClassVar[str] = 'ur5e'
    joints = (
        'shoulder_pan_joint',
        'shoulder_lift_joint',
        'elbow_joint',
        'wrist_1_joint',
        'wrist_2_joint',
        'wrist_3_joint',
    )
    told = (*joints[1:], joints[0])
    home = (0.1, -1.5, 1.5, -1.6, -1.6, 0.2)
    takes = (*[(-6.28, 6.28)] * 2, (-3.14, 3.14), *[(-6.28, 6.28)] * 3)
    fastest = (3.14,) * 6
    target = (-0.5, -0.1, 0.5)

    def __init__(self, namespace: str, **options: Any) -> None:
        """Start with the program."""
        self.runs = True
        super().__init__(namespace, **options)

    def sensors(self) -> Sequence[Sensor]:
        """Return its topics, with those of the pose broadcaster and of the program."""
        kind, program = 'geometry_msgs/msg/PoseStamped', 'io_and_status_controller/'
        program += 'robot_program_running'
        return (
            *super().sensors(),
            Sensor('tcp_pose_broadcaster/pose', kind, 50.0, lambda m: self.fill_pose(m, 'base')),
            Sensor(program, 'std_msgs/msg/Bool', 0.0, self._fill_program, _LATCHED),
        )

    def stop_protectively(self) -> None:
        """End the program and deactivate the controllers, as in a protective stop."""
        self.runs = self.active = False
        self.publish_once()

    def _fill_program(self, message: Any) -> None:
        """Tell whether the program runs."""
        message.data = self.runs

    def numbers(self, message: Any) -> list[float]:
        """Return the angles."""
        return self.array(message)


class Ur5eTrajectory(Ur5e):
    """With scaled_joint_trajectory_controller."""

    robot: ClassVar[str] = 'ur5e_trajectory'

    def numbers(self, message: Any) -> list[float]:
        """Return the angles."""
        return self.trajectory(message, 0.2)


class Fr3(ArmDriver):
    """A Franka Research 3; its pose is best effort, in the frame of its base."""

    robot: ClassVar[str] = 'fr3'
    joints = tuple(f'fr3_joint{number}' for number in range(1, 8))
    home = (0.1, -0.7, 0.1, -2.3, 0.1, 1.6, 0.8)
    takes = (
        (-2.7437, 2.7437),
        (-1.7837, 1.7837),
        (-2.9007, 2.9007),
        (-3.0421, -0.1518),
        (-2.8065, 2.8065),
        (0.5445, 4.5169),
        (-3.0159, 3.0159),
    )
    fastest = (2.62, 2.62, 2.62, 2.62, 5.26, 4.18, 5.26)
    joint_topic: ClassVar[str] = 'franka/joint_states'
    controller: ClassVar[str] = 'fr3_arm_controller'
    target = (0.4, 0.0, 0.5)

    def sensors(self) -> Sequence[Sensor]:
        """Return its topics, with that of the state broadcaster."""
        topic, kind = (
            'franka_robot_state_broadcaster/current_pose',
            'geometry_msgs/msg/PoseStamped',
        )
        return (
            *super().sensors(),
            *self.state(),
            Sensor(topic, kind, 50.0, lambda m: self.fill_pose(m, 'fr3_link0'), BEST_EFFORT),
        )

    def numbers(self, message: Any) -> list[float]:
        """Return the angles."""
        return self.trajectory(message, 0.1)


class So101(ArmDriver):
    """An arm of five joints beside a gripper that another controller moves."""

    robot: ClassVar[str] = 'so101'
    joints = (
        'shoulder_pan_joint',
        'shoulder_lift_joint',
        'elbow_flex_joint',
        'wrist_flex_joint',
        'wrist_roll_joint',
    )
    home = (0.1, -0.5, 0.5, 0.5, 0.1)
    controller: ClassVar[str] = 'joint_trajectory_controller'
    takes = ((-1.92, 1.92), (-1.745, 1.745), (-1.69, 1.54), (-1.6, 1.6), (-2.3, 2.3))
    fastest = (10.0,) * 5

    def sensors(self) -> Sequence[Sensor]:
        """Return its topics; the controllers run at 50 Hz."""
        kind = 'sensor_msgs/msg/JointState'
        return (
            *self.state(),
            Sensor('joint_states', kind, 50.0, self._fill_with_gripper),
            Sensor('target', kind, 0.0, self._fill_wanted, _LATCHED),
        )

    def numbers(self, message: Any) -> list[float]:
        """Return the angles."""
        return self.trajectory(message, 0.2)

    def _fill_with_gripper(self, message: Any) -> None:
        """Tell the angles, with that of the gripper."""
        self._fill_joints(message)
        message.name = ['gripper_joint', *message.name]
        message.position = [0.5, *message.position]
        message.velocity = message.effort = [0.0] * len(message.name)

    def _fill_wanted(self, message: Any) -> None:
        """Tell the wanted angles, as of a leader arm."""
        self._fill_with_gripper(message)
        message.position = [0.1] * len(message.name)

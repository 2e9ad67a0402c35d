# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Sensors of every kind, with real messages over real DDS."""

from collections.abc import Callable, Iterator
import functools
import math
import time
from typing import Any

from builtin_interfaces.msg import Time
from fleet import Listener, SpinningListener
from geometry_msgs.msg import (
    Point,
    PointStamped,
    Quaternion,
    Twist,
    Vector3,
    Wrench,
    WrenchStamped,
)
from nav_msgs.msg import Odometry
import numpy as np
import pytest
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from rl_agent.description.action import ActionDescription
from rl_agent.description.observation import ObservationField
from rl_agent.description.reset import ResetDescription
from rl_agent.description.robot import RobotDescription
from rl_agent.description.task import TaskDescription
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import RobotError
from rl_agent.event_log import EventLog
from rl_agent.robot_interface.ros_sensors import RosSensors, SensorMessage
from rl_agent.robot_interface.sensor_reader import SensorReader
from sensor_msgs.msg import Imu, JointState, LaserScan
from std_msgs.msg import Bool, Float64MultiArray, Header, Int32MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

WITHIN_S = 20.0
STAMP = Time(sec=7, nanosec=5)
HALF = math.sqrt(0.5)


def header(frame: str = 'base') -> Header:
    return Header(stamp=STAMP, frame_id=frame)


def odometry() -> Odometry:
    message = Odometry(header=header('odom'))
    message.pose.pose.position = Point(x=1.0, y=2.0, z=3.0)
    message.twist.twist = Twist(linear=Vector3(x=0.5), angular=Vector3(z=-0.25))
    message.pose.covariance[7] = 0.125
    return message


def joints(*names: str, **lists: list[float]) -> JointState:
    return JointState(header=header(), name=list(names), **lists)


# message, description, expected values
SEEN: dict[str, tuple[Any, dict[str, Any], list[float]]] = {
    'JointState by name, in another order': (
        joints('c', 'a', 'b', position=[3.0, 1.0, 2.0]),
        {'field': 'position', 'joints': ('a', 'b', 'c')},
        [1.0, 2.0, 3.0],
    ),
    'JointState, a wrapped angle': (
        joints('a', 'b', position=[1.0, math.pi / 6]),
        {'field': 'position', 'joints': ('b',), 'transform': 'sin'},
        [0.5],
    ),
    'JointState, all of it': (
        joints('a', 'b', effort=[4.0, 5.0]),
        {'field': 'effort', 'size': 2},
        [4.0, 5.0],
    ),
    'Imu, a vector': (
        Imu(header=header('imu'), angular_velocity=Vector3(x=1.0, y=2.0, z=3.0)),
        {'field': 'angular_velocity', 'size': 3, 'frame': 'imu'},
        [1.0, 2.0, 3.0],
    ),
    'Imu, roll pitch yaw of a quarter turn about z': (
        Imu(header=header(), orientation=Quaternion(z=HALF, w=HALF)),
        {'field': 'orientation', 'size': 4, 'transform': 'roll_pitch_yaw'},
        [0.0, 0.0, math.pi / 2],
    ),
    'Imu, gravity seen by a body that lies on its side': (
        Imu(header=header(), orientation=Quaternion(x=HALF, w=HALF)),
        {'field': 'orientation', 'size': 4, 'transform': 'projected_gravity'},
        [0.0, -1.0, 0.0],
    ),
    'Odometry, a position': (
        odometry(),
        {'field': 'pose.pose.position', 'indices': (0, 1), 'frame': 'odom'},
        [1.0, 2.0],
    ),
    'Odometry, one number': (odometry(), {'field': 'twist.twist.angular.z'}, [-0.25]),
    'Odometry, one number of a list': (odometry(), {'field': 'pose.covariance[7]'}, [0.125]),
    'LaserScan, every other ray, far and near and invalid ones': (
        LaserScan(header=header(), ranges=[math.inf, 9.0, 1.5, 9.0, math.nan, 9.0, -math.inf]),
        {
            'field': 'ranges',
            'indices': '0:7:2',
            'bounds': (0.25, 3.5),
            'clip': True,
            'replace_nan': 3.0,
        },
        [3.5, 1.5, 3.0, 0.25],
    ),
    'Float64MultiArray': (
        Float64MultiArray(data=[1.0, 2.0, 3.0]),
        {'field': 'data', 'indices': (2, 0)},
        [3.0, 1.0],
    ),
    'Twist, whole': (
        Twist(linear=Vector3(x=1.0, y=2.0, z=3.0), angular=Vector3(x=4.0, y=5.0, z=6.0)),
        {'field': 'linear', 'size': 3},
        [1.0, 2.0, 3.0],
    ),
    'JointTrajectory': (
        JointTrajectory(
            header=header(),
            joint_names=['b', 'a'],
            points=[JointTrajectoryPoint(positions=[2.0, 1.0])],
        ),
        {'field': 'points[0].positions', 'joints': ('a', 'b')},
        [1.0, 2.0],
    ),
    'WrenchStamped': (
        WrenchStamped(header=header(), wrench=Wrench(force=Vector3(x=1.0), torque=Vector3(z=2.0))),
        {'field': 'wrench', 'size': 6},
        [1.0, 0.0, 0.0, 0.0, 0.0, 2.0],
    ),
    'PointStamped': (
        PointStamped(header=header(), point=Point(y=1.0)),
        {'field': 'point', 'size': 3},
        [0.0, 1.0, 0.0],
    ),
    'Int32MultiArray': (Int32MultiArray(data=[3, 4]), {'field': 'data', 'size': 2}, [3.0, 4.0]),
    'Bool': (Bool(data=True), {'field': 'data'}, [1.0]),
}


def type_name(message: Any) -> str:
    return f'{type(message).__module__.split(".")[0]}/msg/{type(message).__name__}'


def describe(
    observation: ObservationField | None = None, action: ActionDescription | None = None
) -> RobotDescription:
    return RobotDescription(
        name='any',
        rate_hz=50.0,
        episode_steps=10,
        observation=(observation or ObservationField('a', 'a', 'std_msgs/msg/Bool', 'data'),),
        action=action
        or ActionDescription(
            topic='c',
            type='std_msgs/msg/Float64MultiArray',
            unit='',
            joints=('a',),
            low=(-1.0,),
            high=(1.0,),
        ),
        task=TaskDescription('swing_up'),
        reset=ResetDescription(person=True),
    )


@pytest.fixture(autouse=True)
def any_fields_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the task need no fields, so that any field is accepted."""
    monkeypatch.setattr('rl_agent.tasks.swing_up.SwingUp.fields', ())


@pytest.fixture
def robot(ros_environment: dict[str, str]) -> Iterator[Listener]:
    """Return the other end: a separate node."""
    listener = Listener({})
    yield listener
    listener.close()


class Sensed:
    """RosSensors on a separate node, with an executor in a thread."""

    def __init__(self, description: RobotDescription) -> None:
        """Subscribe."""
        self._listener = SpinningListener()
        self.heard: list[SensorMessage] = []
        self.sensors = RosSensors(
            self._listener.node,
            description,
            EventLog(),
            lambda _, message, values: self.heard.append(message),
        )

    def wait(self, publish: Callable[[], None]) -> dict[str, SensorMessage]:
        """Publish until a new message is received; return the newest messages."""
        since_s, deadline_s = time.monotonic(), time.monotonic() + WITHIN_S
        with self.sensors.changed:
            while not any(message.received_s > since_s for message in self.heard):
                assert time.monotonic() < deadline_s
                publish()
                self.sensors.changed.wait(0.05)
        return self.sensors.latest()

    def close(self) -> None:
        """Unsubscribe and destroy the node."""
        self._listener.stop()
        self.sensors.close()
        self._listener.close()


@pytest.mark.parametrize('reliability', [ReliabilityPolicy.BEST_EFFORT, None])
def test_reliable_and_best_effort_publishers_are_received(
    robot: Listener, reliability: ReliabilityPolicy | None
) -> None:
    qos = QoSProfile(depth=1, reliability=reliability or ReliabilityPolicy.RELIABLE)
    publisher = robot.node.create_publisher(Bool, f'heard_{qos.reliability.name}', qos)
    topic = publisher.topic_name
    sensed = Sensed(describe(ObservationField('a', topic, 'std_msgs/msg/Bool', 'data')))
    sensed.wait(lambda: publisher.publish(Bool(data=True)))
    assert sensed.sensors.complete
    sensed.close()


def test_polling_takes_the_newest_message_with_its_time(robot: Listener) -> None:
    """The executor of the same node takes none of them."""
    publisher = robot.node.create_publisher(JointState, 'polled', 10)
    listener = SpinningListener()
    field = ObservationField('a', 'polled', type_name(JointState()), 'position', ('a',))
    sensors = RosSensors(listener.node, describe(field), EventLog(), polled=True)
    deadline_s, position = time.monotonic() + WITHIN_S, 0.0
    while not sensors.complete:
        assert time.monotonic() < deadline_s
        publisher.publish(joints('a', position=[-1.0]))
        time.sleep(0.05)
        sensors.poll()
    since_s = time.monotonic()
    for position in (1.0, 2.0, 3.0):
        publisher.publish(joints('a', position=[position]))
    while sensors.values(sensors.latest())['a'].tolist() != [3.0]:
        assert time.monotonic() < deadline_s
        time.sleep(0.2)  # a robot's ticks may be far apart
        sensors.poll()
    received_s = sensors.latest()['polled'].received_s
    assert since_s - 0.01 <= received_s  # two clocks are read one after the other
    assert received_s <= time.monotonic()
    listener.stop()
    sensors.close()
    listener.close()


@pytest.fixture
def agent_node(ros_environment: dict[str, str]) -> Iterator[Node]:
    """Return a separate node without an executor, for polled messages."""
    listener = Listener({})
    yield listener.node
    listener.close()


def test_older_polled_messages_are_decoded_only_on_request(
    robot: Listener, agent_node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[bytes] = []

    def decode(data: bytes, kind: type) -> Any:
        decoded.append(data)
        return deserialize_message(data, kind)

    monkeypatch.setattr('rl_agent.robot_interface.ros_sensors.deserialize_message', decode)
    publisher = robot.node.create_publisher(JointState, 'together', 10)
    field = ObservationField('a', 'together', type_name(JointState()), 'position', ('a',))
    sensors = RosSensors(agent_node, describe(field), EventLog(), polled=True)
    positions: list[float] = []
    deadline_s, ages_s = time.monotonic() + WITHIN_S, [0.0]
    while positions != [3.0, 2.0, 1.0]:  # all three between two polls
        assert time.monotonic() < deadline_s
        sensors.poll()
        for position in (1.0, 2.0, 3.0):
            publisher.publish(joints('a', position=[position]))
        time.sleep(0.05)
        decoded.clear()
        sensors.poll()
        assert len(decoded) <= 1
        heard = sensors.latest().get('together')
        positions, ages_s = [], []
        while heard is not None:
            positions += heard.message.position
            ages_s.append(time.monotonic() - heard.received_s)
            assert heard.stamp_ns == 7_000_000_005
            heard = heard.previous()
    assert len(decoded) == 3
    assert ages_s == sorted(ages_s)
    sensors.close()


def test_a_gripper_on_the_same_topic_does_not_hide_the_arm(
    robot: Listener, agent_node: Node
) -> None:
    """In each period the arm publishes, then the gripper, which is not described."""
    arm, gripper = (robot.node.create_publisher(JointState, 'shared', 10) for _ in range(2))
    field = ObservationField('a', 'shared', type_name(JointState()), 'position', ('a',))
    events = EventLog()
    sensors = RosSensors(agent_node, describe(field), events, polled=True)
    reader = SensorReader([field], sensors.latest, sensors.values_of, events)
    deadline_s, position = time.monotonic() + WITHIN_S, 0.0

    def next_period() -> bool:
        """Return whether both were received, the gripper last, and the values are the arm's."""
        nonlocal position
        position += 1.0
        arm.publish(joints('a', position=[position]))
        gripper.publish(joints('finger', position=[-1.0]))
        time.sleep(0.05)
        sensors.poll()
        reader.update()
        newest = sensors.latest().get('shared')
        return bool(
            newest
            and newest.message.name == ['finger']
            and reader.is_complete
            and reader.values()['a'].tolist() == [position]
        )

    for _ in range(3):
        while not next_period():
            assert time.monotonic() < deadline_s, reader.fault('shared')
        assert reader.fault('shared') == ''
    assert events.counts()['sensor_refused/shared'] > 0
    sensors.close()


@pytest.mark.parametrize('number', range(len(SEEN)), ids=list(SEEN))
def test_sensors(robot: Listener, number: int) -> None:
    message, how, expected = list(SEEN.values())[number]
    kind, topic = type_name(message), f'seen_{number}'
    description = describe(ObservationField(name='a', topic=topic, type=kind, **how))
    publisher = robot.node.create_publisher(type(message), topic, 10)
    sensed = Sensed(description)
    before_ns = robot.node.get_clock().now().nanoseconds
    messages = sensed.wait(lambda: publisher.publish(message))
    values = Spaces(description).values(sensed.sensors.values(messages))
    assert values['a'].dtype == np.float64
    np.testing.assert_allclose(values['a'], expected, atol=1e-7)
    heard = messages[topic]
    if hasattr(message, 'header'):
        assert heard.stamp_ns == 7_000_000_005
    else:
        assert before_ns <= heard.stamp_ns <= robot.node.get_clock().now().nanoseconds
    assert heard.received_s <= time.monotonic()
    sensed.close()


def test_joints_may_change_their_order_at_any_time(robot: Listener) -> None:
    publisher = robot.node.create_publisher(JointState, 'reordered', 10)
    field = ObservationField('a', 'reordered', type_name(JointState()), 'position', ('a', 'b'))
    sensed = Sensed(describe(field))
    for names, position in ((('a', 'b'), [1.0, 2.0]), (('b', 'x', 'a'), [2.0, 9.0, 1.0])) * 2:
        publish = functools.partial(publisher.publish, joints(*names, position=position))
        messages = sensed.wait(publish)
        while list(messages['reordered'].message.name) != list(names):
            messages = sensed.wait(publish)
        assert sensed.sensors.values(messages)['a'].tolist() == [1.0, 2.0]
    sensed.close()


MISFITS: dict[str, tuple[Any, dict[str, Any], str]] = {
    'a joint renamed': (
        joints('a', 'bb', position=[1.0, 2.0]),
        {'field': 'position', 'joints': ('a', 'b')},
        "joints: the message names a, bb (did you mean 'bb'?); accepted: .* a, b",
    ),
    'fewer values than joints': (
        joints('a', 'b', position=[1.0]),
        {'field': 'position', 'joints': ('a', 'b')},
        'position: 1 values; accepted: one for each of the 2 joints',
    ),
    'no values': (
        joints('a', 'b'),
        {'field': 'velocity', 'joints': ('a', 'b')},
        'velocity: 0 values; accepted: one for each of the 2 joints',
    ),
    'more values than described': (
        Float64MultiArray(data=[1.0, 2.0]),
        {'field': 'data'},
        'data: 2 values; accepted: 1, the `size`',
    ),
    'too few places': (
        Float64MultiArray(data=[1.0, 2.0]),
        {'field': 'data', 'indices': (2,)},
        'data: 2 values; accepted: at least 3',
    ),
    'an empty trajectory': (
        JointTrajectory(header=header(), joint_names=['a']),
        {'field': 'points[0].positions', 'joints': ('a',)},
        'points.0..positions: list index out of range; accepted: a longer list',
    ),
    'another frame': (
        Imu(header=header('imu')),
        {'field': 'angular_velocity', 'size': 3, 'frame': 'base'},
        "frame: given 'imu'; accepted: 'base'",
    ),
}


@pytest.mark.parametrize('number', range(len(MISFITS)), ids=list(MISFITS))
def test_messages_that_do_not_fit(robot: Listener, number: int) -> None:
    message, how, expected = list(MISFITS.values())[number]
    topic = f'misfit_{number}'
    field = ObservationField(name='a', topic=topic, type=type_name(message), **how)
    publisher = robot.node.create_publisher(type(message), topic, 10)
    sensed = Sensed(describe(field))
    messages = sensed.wait(lambda: publisher.publish(message))
    for _ in range(2):  # an error leaves no partial state behind
        with pytest.raises(RobotError, match=expected.replace('(', r'\(').replace('?)', r'\?\)')):
            sensed.sensors.values(messages)
    sensed.close()

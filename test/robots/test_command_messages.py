# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Commands of every kind, with real messages over real DDS."""

from collections.abc import Callable, Iterator
import math
from typing import Any

from builtin_interfaces.msg import Duration, Time
from fleet import Listener
from geometry_msgs.msg import Twist, TwistStamped, Vector3
import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from rl_agent.description.action import ActionDescription
from rl_agent.errors import RobotError
from rl_agent.message_fields import ros_prepared_message
from rl_agent.message_fields.ros_command_mistakes import static_mistakes
from rl_agent.message_fields.ros_command_reader import CommandReader
from rl_agent.message_fields.ros_field_writer import make_writer
from rl_agent.message_fields.ros_prepared_message import PreparedMessage
from rl_agent.robot_interface.ros_command import RosCommand
from sensor_msgs.msg import JointState, Joy
from std_msgs.msg import Float32, Float64MultiArray, Int16MultiArray, Int32MultiArray, UInt8
from trajectory_msgs.msg import JointTrajectory

WITHIN_S = 20.0


def type_name(message: Any) -> str:
    return f'{type(message).__module__.split(".")[0]}/msg/{type(message).__name__}'


@pytest.fixture
def robot(ros_environment: dict[str, str]) -> Iterator[Listener]:
    """Return the other end: a node that receives the commands."""
    listener = Listener({})
    yield listener
    listener.close()


# type, description, command, what to read from the message, expected value
SENT: dict[str, tuple[type, dict[str, Any], list[float], Callable[[Any], object], object]] = {
    'Float64MultiArray': (
        Float64MultiArray,
        {'joints': ('a', 'b')},
        [0.5, -0.5],
        lambda message: list(message.data),
        [0.5, -0.5],
    ),
    'JointTrajectory': (
        JointTrajectory,
        {'joints': ('a', 'b')},
        [0.5, -0.5],
        lambda m: (
            m.joint_names,
            list(m.points[0].positions),
            m.points[0].time_from_start,
            m.header.stamp,
        ),
        (['a', 'b'], [0.5, -0.5], Duration(nanosec=20_000_000), Time()),
    ),
    'JointTrajectory, velocities, later': (
        JointTrajectory,
        {'joints': ('a',), 'field': 'points[0].velocities', 'time_from_start_s': 1.5},
        [0.5],
        lambda m: (
            list(m.points[0].velocities),
            list(m.points[0].positions),
            m.points[0].time_from_start,
        ),
        ([0.5], [], Duration(sec=1, nanosec=500_000_000)),
    ),
    'Twist': (
        Twist,
        {'fields': ('linear.x', 'angular.z')},
        [0.5, -0.25],
        lambda m: (m.linear.x, m.linear.y, m.angular.z),
        (0.5, 0.0, -0.25),
    ),
    'TwistStamped': (
        TwistStamped,
        {'fields': ('twist.angular.z', 'twist.linear.x'), 'frame': 'base_link'},
        [-0.25, 0.5],
        lambda m: (m.header.frame_id, m.twist.linear.x, m.twist.angular.z, m.header.stamp.sec > 0),
        ('base_link', 0.5, -0.25, True),
    ),
    'JointState': (
        JointState,
        {'joints': ('a', 'b'), 'field': 'effort'},
        [0.5, -0.5],
        lambda m: (m.name, list(m.position), list(m.effort)),
        (['a', 'b'], [], [0.5, -0.5]),
    ),
    'Joy': (
        Joy,
        {'fields': ('axes[2]', 'buttons[1]')},
        [0.5, 0.75],
        lambda m: (list(m.axes), list(m.buttons)),
        ([0.0, 0.0, 0.5], [0, 1]),
    ),
    'Float32': (Float32, {'fields': ('data',)}, [0.25], lambda m: m.data, 0.25),
    'Int32MultiArray': (
        Int32MultiArray,
        {'joints': ('a', 'b'), 'field': 'data'},
        [0.75, -0.75],
        lambda m: list(m.data),
        [1, -1],
    ),
}


@pytest.mark.parametrize('number', range(len(SENT)), ids=list(SENT))
def test_commands(robot: Listener, number: int) -> None:
    kind, how, command, look, expected = list(SENT.values())[number]
    size, topic = len(command), f'sent_{number}'
    action = ActionDescription(
        topic=topic, type=type_name(kind()), unit='', low=(-1.0,) * size, high=(1.0,) * size, **how
    )
    heard: list[Any] = []
    robot.node.create_subscription(kind, topic, heard.append, 10)
    sender = Listener({})
    commands = RosCommand(sender.node, [action], rate_hz=50.0)

    def arrived() -> bool:
        commands.send(np.array(command))
        return len(heard) > 1  # a message filled again is as good as the first

    robot.until(arrived, WITHIN_S, topic)
    assert look(heard[-1]) == expected
    read = CommandReader(action, topic).read(heard[-1])
    exact = kind not in (Joy, Int32MultiArray)
    assert not exact or read.tolist() == command
    commands.close()
    sender.close()


@pytest.mark.parametrize('kind', [Float64MultiArray, Int32MultiArray, Joy, TwistStamped])
def test_a_prepared_message_equals_the_serialised_message(kind: type) -> None:
    paths = {Joy: ('axes[2]', 'buttons[1]', 'axes[0]'), TwistStamped: ('twist.angular',)}
    path = paths.get(kind, ('data',))
    message = kind()
    stamps = {'header.stamp': 0} if hasattr(message, 'header') else {}
    prepared = PreparedMessage(message, type_name(message), path, 3, stamps)
    numbers = np.array([0.7, -2.6, 1e6])
    data = prepared.fill(numbers, 7_000_000_123)
    make_writer(message, type_name(message), path)(numbers)
    if stamps:
        message.header.stamp = Time(sec=7, nanosec=123)
    assert deserialize_message(data, kind) == message
    assert prepared.fill(numbers, 7_000_000_123) == data  # no call leaves a trace in the next


def test_padding_is_not_mistaken_for_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Four padding bytes, different at each call, precede the doubles at byte 20."""
    fill = iter(range(1, 256))

    def serialise(message: Float64MultiArray) -> bytes:
        data = serialize_message(message)
        assert deserialize_message(data[:16] + b'1234' + data[20:], Float64MultiArray) == message
        return data[:16] + bytes(4 * [next(fill)]) + data[20:]

    monkeypatch.setattr(ros_prepared_message, 'serialize_message', serialise)
    message = Float64MultiArray()
    prepared = PreparedMessage(message, type_name(message), ('data',), 2)
    heard = deserialize_message(prepared.fill(np.array([0.5, -0.5])), Float64MultiArray)
    assert list(heard.data) == [0.5, -0.5]


def test_other_numbers_in_a_message_may_have_any_value() -> None:
    message = Joy(axes=[0.0, math.nan, 0.1])
    prepared = PreparedMessage(message, type_name(message), ('axes[0]',), 1)
    heard = deserialize_message(prepared.fill(np.array([0.5])), Joy)
    assert heard.axes[0] == 0.5
    assert math.isnan(heard.axes[1])


def test_a_whole_number_stays_within_its_type() -> None:
    prepared = PreparedMessage(UInt8(), 'std_msgs/msg/UInt8', ('data',), 1)
    for given, sent in ((300.0, 255), (-4.0, 0), (2.5, 2)):
        message = deserialize_message(prepared.fill(np.array([given])), UInt8)
        assert message.data == sent


def test_bounds_beyond_a_type_are_refused() -> None:
    action = ActionDescription(
        topic='c', type='std_msgs/msg/UInt8', unit='', fields=('data',), low=(-1.0,), high=(300.0,)
    )
    assert static_mistakes(action) == [
        'low: given -1; accepted: 0 to 255, as uint8',
        'high: given 300; accepted: 0 to 255, as uint8',
    ]


def test_a_command_that_is_not_finite_is_refused() -> None:
    action = ActionDescription(
        topic='c', type=type_name(Twist()), unit='', fields=('linear.x',), low=(-1.0,), high=(1.0,)
    )
    with pytest.raises(RobotError, match=r'given \[nan\]; accepted: finite numbers'):
        CommandReader(action, 'c').read(Twist(linear=Vector3(x=math.nan)))


def test_rounding_does_not_leave_the_box(robot: Listener) -> None:
    """Nor does a command of 1e6 become the largest number of the type."""
    action = ActionDescription(
        topic='pwm',
        type='std_msgs/msg/Int16MultiArray',
        unit='',
        joints=('a', 'b'),
        field='data',
        low=(-2.5, -0.5),
        high=(2.5, 3.75),
    )
    heard: list[Any] = []
    robot.node.create_subscription(Int16MultiArray, 'pwm', heard.append, 10)
    sender = Listener({})
    commands = RosCommand(sender.node, [action], rate_hz=50.0)
    for command, expected in (
        ([2.5, 3.75], [2, 3]),
        ([-2.5, -0.5], [-2, 0]),
        ([1e6, -1e6], [2, 0]),
        ([1.5, 1.5], [2, 2]),
    ):

        def arrived(command: list[float] = command, expected: list[int] = expected) -> bool:
            commands.send(np.array(command))
            return bool(heard) and list(heard[-1].data) == expected

        robot.until(arrived, WITHIN_S, f'{expected}')
    assert {tuple(item.data) for item in heard} == {(2, 3), (-2, 0), (2, 0), (2, 2)}
    commands.close()
    sender.close()


def test_a_box_without_a_whole_number_is_refused_for_whole_numbers() -> None:
    action = ActionDescription(
        topic='pwm',
        type='std_msgs/msg/Int16MultiArray',
        unit='',
        joints=('a', 'b'),
        field='data',
        low=(-1.0, 0.25),
        high=(1.0, 0.75),
    )
    (mistake,) = static_mistakes(action)
    assert mistake == (
        'low, high: given 0.25, 0.75; accepted: with a whole number in between, as int16'
    )

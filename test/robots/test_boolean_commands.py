# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Boolean commands, for example of a gripper that opens or closes."""

from typing import Any

import numpy as np
import pytest
from rcl_interfaces.msg import ParameterValue
from rclpy.serialization import deserialize_message
from rl_agent.description.action import ActionDescription
from rl_agent.message_fields.ros_command_reader import CommandReader
from rl_agent.message_fields.ros_field_writer import make_writer
from rl_agent.message_fields.ros_prepared_message import PreparedMessage
from std_msgs.msg import Bool

# numbers from below 0 to above 1, and the nearer of False and True
NEARER = [
    (0.0, False),
    (1e-6, False),
    (0.25, False),
    (0.499, False),
    (0.5, True),
    (0.75, True),
    (1.0, True),
    (-1.0, False),
    (2.0, True),
]


def sent(message: Any, path: str, numbers: list[float]) -> Any:
    """Return the message of a command as received."""
    kind, package = type(message), type(message).__module__.partition('.')[0]
    name = f'{package}/msg/{kind.__name__}'
    prepared = PreparedMessage(message, name, (path,), len(numbers))
    heard = deserialize_message(prepared.fill(np.array(numbers)), kind)
    make_writer(message, name, (path,))(np.array(numbers))
    assert message == heard  # both ways of writing it agree
    return heard


@pytest.mark.parametrize(('number', 'expected'), NEARER)
def test_a_number_is_the_nearer_boolean(number: float, expected: bool) -> None:
    message = sent(Bool(), 'data', [number])
    assert message.data is expected
    action = ActionDescription(
        topic='c', type='std_msgs/msg/Bool', unit='', fields=('data',), low=(0.0,), high=(1.0,)
    )
    # as a simulated robot reads it
    assert CommandReader(action, 'c').read(message).tolist() == [float(expected)]


def test_numbers_of_a_list_are_the_nearer_booleans() -> None:
    numbers = [number for number, _ in NEARER]
    message = sent(ParameterValue(), 'bool_array_value', numbers)
    assert message.bool_array_value == [expected for _, expected in NEARER]

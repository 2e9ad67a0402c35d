# Copyright 2026 The rl_agent authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Asks the nodes that listen to commands for their parameters: which joints, in which order.

The order of joints in a command without names must not be guessed. Controllers of ros2_control
have it in their parameters.
"""

from collections.abc import Mapping, Sequence
from functools import partial
import math
from typing import Any

from rcl_interfaces.srv import GetParameters, ListParameters
from rclpy.executors import Executor
from rclpy.node import Node
from rl_agent.robot_survey.survey import Controller, Topic, usable_joints
from rl_agent.ros.ros_spinning import serve

_TIMEOUT_S = 2.0  # for all answers
_SPEEDS = ('linear.x', 'linear.y', 'angular.z')  # of diff_drive_controller and its kin
_NAMES = (
    'joints',
    'command_joints',
    'interface_name',
    *(f'{path}.{bound}_velocity' for path in _SPEEDS for bound in ('min', 'max')),
)
_INTERFACES = ('position', 'velocity', 'effort')


def ask_controllers(
    node: Node, executor: Executor, topics: Sequence[Topic]
) -> dict[str, Controller]:
    """Return topic to what its only subscriber says about itself; silent ones are absent.

    Args:
        node: asks.
        executor: of the node.
        topics: that take commands.
    """
    nodes = {
        topic.name: topic.subscribers[0]
        for topic in topics
        if len(topic.subscribers) == 1 and topic.subscribers[0].startswith('/')
    }
    ask = partial(_ask, node, executor)
    # a node answers nothing at all if it lacks one of the parameters
    listed = ask(
        ListParameters,
        'list_parameters',
        {place: ListParameters.Request() for place in set(nodes.values())},
    )
    known = {
        place: [name for name in answer.result.names if name in _NAMES]
        for place, answer in listed.items()
    }
    answers = ask(
        GetParameters,
        'get_parameters',
        {place: GetParameters.Request(names=names) for place, names in known.items() if names},
    )
    found = {
        place: _controller(dict(zip(known[place], answer.values, strict=False)))
        for place, answer in answers.items()
    }
    return {topic: found[place] for topic, place in nodes.items() if place in found}


def _ask(
    node: Node, executor: Executor, kind: Any, service: str, requests: Mapping[str, Any]
) -> dict[str, Any]:
    """Return node to its answer; those that do not answer in time are absent."""
    clients = {place: node.create_client(kind, f'{place}/{service}') for place in requests}
    serve(executor, _TIMEOUT_S, lambda: all(item.service_is_ready() for item in clients.values()))
    futures = {
        place: client.call_async(requests[place])
        for place, client in clients.items()
        if client.service_is_ready()
    }
    serve(executor, _TIMEOUT_S, lambda: all(item.done() for item in futures.values()))
    answers = {
        place: future.result()
        for place, future in futures.items()
        if future.done() and future.exception() is None
    }
    return {place: answer for place, answer in answers.items() if answer is not None}


def _controller(values: Mapping[str, Any]) -> Controller:
    """Return what parameters say."""
    joints = _texts(values, 'command_joints') or _texts(values, 'joints')
    interface = values['interface_name'].string_value if 'interface_name' in values else ''
    speeds = {}
    for path in _SPEEDS:
        low = _number(values, f'{path}.min_velocity')
        high = _number(values, f'{path}.max_velocity')
        if high is not None and high > 0.0:
            low = -high if low is None else low  # as the controller does
            if low < high:
                speeds[path] = (low, high)
    return Controller(joints, interface if interface in _INTERFACES else '', speeds)


def _texts(values: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return a list of joints that can be used; empty otherwise."""
    return usable_joints(values[name].string_array_value) if name in values else ()


def _number(values: Mapping[str, Any], name: str) -> float | None:
    """Return a finite number; None: there is none."""
    if name not in values or values[name].type not in (2, 3):  # integer, double
        return None
    value = values[name]
    number = float(value.integer_value if value.type == 2 else value.double_value)
    return number if math.isfinite(number) else None

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

"""ROS parameters from a frozen dataclass: described, bounded and checked together."""

from collections.abc import Callable
import dataclasses
import sys
from typing import Any, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import ParameterException
from rclpy.node import Node
from rclpy.parameter import Parameter
from rl_agent.bringup.parameter_origin import given_by_name, meant
from rl_agent.configuration import build
from rl_agent.errors import ConfigurationError

T = TypeVar('T')
# part of the description, because `ros2 param describe` shows it
_READ_ONLY = ' (read-only: the node is built with it; restart the node to change it)'


def declare_parameters(node: Node, schema: type[T]) -> T:
    """Declare a node's parameters and return their checked values.

    Args:
        node: its overrides from the command line or a launch file are applied.
        schema: dataclass with fields made by `rl_agent.bringup.parameters.parameter`.

    Raises:
        ConfigurationError: one line for each misspelt parameter or value out of bounds.
    """
    where = f'parameters of {node.get_fully_qualified_name()}'
    overrides = getattr(node, '_parameter_overrides', {})
    fields = {item.name: item for item in dataclasses.fields(schema)}  # type: ignore[arg-type]
    _sort_out_unknown(node, set(overrides), set(fields), where)
    values = {}
    for name, item in fields.items():
        descriptor = _descriptor(item)
        try:
            values[name] = node.declare_parameter(name, item.default, descriptor).value
        except ParameterException as error:
            given = overrides[name].value if name in overrides else item.default
            raise ConfigurationError(
                f'{where}: {name}: given {given!r};'
                f' accepted: {descriptor.additional_constraints or error}'
            ) from error
    return build(schema, values, where)


def follow_changes(node: Node, settings: T, apply: Callable[[T], None]) -> None:
    """Allow live parameters to change while the node runs.

    Args:
        node: node that declared the parameters.
        settings: their current values.
        apply: called with the new values if they are valid, on the executor's thread.
    """
    names = {
        item.name
        for item in dataclasses.fields(settings)  # type: ignore[arg-type]
        if item.metadata['live']
    }
    where = f'parameters of {node.get_fully_qualified_name()}'
    known = dataclasses.asdict(settings)  # type: ignore[call-overload]

    def on_set(parameters: list[Parameter]) -> SetParametersResult:
        changes = {item.name: item.value for item in parameters if item.name in names}
        try:
            if changes:
                apply(build(type(settings), {**known, **changes}, where))
                known.update(changes)
        except ConfigurationError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(on_set)


def _sort_out_unknown(node: Node, given: set[str], known: set[str], where: str) -> None:
    """Log overrides for other nodes in one line; refuse misspelt ones, which rclpy ignores.

    Raises:
        ConfigurationError: one is like a known parameter, or was given for this node by name.
    """
    standard = {'use_sim_time', 'start_type_description_service'}
    unknown = sorted(
        name for name in given - known - standard if not name.startswith('qos_overrides.')
    )
    if not unknown:
        return
    own = given_by_name(sys.argv, node.get_fully_qualified_name())
    similar = {name: meant(name, known) for name in unknown}
    wrong = [name for name in unknown if similar[name] or name in own]
    if wrong:
        hints = [f'{n} (did you mean {similar[n]!r}?)' if similar[n] else n for n in wrong]
        raise ConfigurationError(
            f'{where}: unknown: {", ".join(hints)}; accepted: {", ".join(sorted(known))}'
        )
    node.get_logger().warning(
        f'{where}: ignored, as this node has no parameter of that name: {", ".join(unknown)}'
    )


def _descriptor(item: 'dataclasses.Field[Any]') -> ParameterDescriptor:
    """Return description and range of a parameter."""
    # dynamic typing accepts `5` for a float; `build` checks the type afterwards
    live, description = item.metadata['live'], item.metadata['description']
    descriptor = ParameterDescriptor(read_only=not live, dynamic_typing=True)
    descriptor.description = description + ('' if live else _READ_ONLY)
    low, high = item.metadata.get('ge'), item.metadata.get('le')
    if low is not None or high is not None:
        descriptor.additional_constraints = _bounds_text(low, high)
    if low is not None and high is not None:
        if item.type is int:
            descriptor.integer_range = [IntegerRange(from_value=low, to_value=high)]
        else:
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=float(low), to_value=float(high))
            ]
    return descriptor


def _bounds_text(low: Any, high: Any) -> str:
    """Return bounds as text."""
    if high is None:
        return f'at least {low}'
    return f'at most {high}' if low is None else f'from {low} to {high}'

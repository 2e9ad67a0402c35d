# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""ROS parameters from a frozen dataclass: described, bounded, checked together."""

from collections.abc import Callable
import dataclasses
from typing import Any, get_args, TypeVar

import annotated_types
from pydantic.fields import FieldInfo
from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import ParameterException
from rclpy.node import Node
from rclpy.parameter import Parameter
from rl_agent.configuration import build
from rl_agent.errors import ConfigurationError
from rl_agent.ros.common_parameters import LIVE

T = TypeVar('T')
# The reason, where people look who wonder.
_READ_ONLY = ' (read-only: the node is built with it; start it again to change it)'


def declare_parameters(node: Node, schema: type[T]) -> T:
    """Declare a node's parameters and return their checked values.

    Args:
        node: its overrides, from the command line or a launch file, are used.
        schema: pydantic dataclass; each field `Annotated[type, Field(description=..., ge=...)]`.

    Raises:
        ConfigurationError: one line for each unknown parameter or value out of bounds.
    """
    where = f'parameters of {node.get_fully_qualified_name()}'
    overrides = getattr(node, '_parameter_overrides', {})
    fields = {item.name: item for item in dataclasses.fields(schema)}  # type: ignore[arg-type]
    _refuse_unknown(set(overrides), set(fields), where)
    values = {}
    for name, item in fields.items():
        descriptor = _descriptor(item.type)
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
    """Let the parameters that are marked `LIVE` change while the node runs.

    Args:
        node: that has declared the parameters.
        settings: their values so far.
        apply: takes the new values; called on the executor's thread, only if they are valid.
    """
    names = {
        item.name
        for item in dataclasses.fields(settings)  # type: ignore[arg-type]
        if _is_live(item.type)
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


def _is_live(annotation: Any) -> bool:
    """Return whether an `Annotated` type is marked `LIVE`."""
    extras = get_args(annotation)[1:]
    return any(isinstance(item, FieldInfo) and item.json_schema_extra == LIVE for item in extras)


def _refuse_unknown(given: set[str], known: set[str], where: str) -> None:
    """Raise ConfigurationError for overrides that no parameter takes; rclpy ignores them."""
    standard = {'use_sim_time', 'start_type_description_service'}
    unknown = sorted(
        name for name in given - known - standard if not name.startswith('qos_overrides.')
    )
    if unknown:
        raise ConfigurationError(
            f'{where}: unknown: {", ".join(unknown)}; accepted: {", ".join(sorted(known))}'
        )


def _descriptor(annotation: Any) -> ParameterDescriptor:
    """Return description and range of an `Annotated` type."""
    # dynamic: `5` is welcome where a float is meant; `build` checks the type afterwards
    live = _is_live(annotation)
    descriptor = ParameterDescriptor(read_only=not live, dynamic_typing=True)
    base, *extras = get_args(annotation) or (annotation,)
    for extra in extras:
        if isinstance(extra, FieldInfo):
            descriptor.description = (extra.description or '') + ('' if live else _READ_ONLY)
            low, high = _bounds(extra)
            if low is not None or high is not None:
                descriptor.additional_constraints = _in_words(low, high)
            if base is int and low is not None and high is not None:
                descriptor.integer_range = [IntegerRange(from_value=low, to_value=high)]
            if base is float and low is not None and high is not None:
                descriptor.floating_point_range = [
                    FloatingPointRange(from_value=float(low), to_value=float(high))
                ]
    return descriptor


def _bounds(info: FieldInfo) -> tuple[Any, Any]:
    """Return the closed bounds of a field, None where it has none."""
    low = high = None
    for item in info.metadata:
        if isinstance(item, annotated_types.Ge):
            low = item.ge
        if isinstance(item, annotated_types.Le):
            high = item.le
    return low, high


def _in_words(low: Any, high: Any) -> str:
    """Return bounds as people read them."""
    if high is None:
        return f'at least {low}'
    return f'at most {high}' if low is None else f'from {low} to {high}'

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Types and checks that all sections of a robot description share."""

from collections.abc import Sequence
import re
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

STRICT = ConfigDict(extra='forbid', allow_inf_nan=False)

_TOPIC = re.compile(r'/?[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*')


def check_topic(name: str) -> str:
    """Return the name of a topic or service; raise ValueError if ROS does not accept it.

    Private names (`~/imu`) are refused, too: they would resolve differently in the agent, in
    `check_robot` and in the simulation.
    """
    if not _TOPIC.fullmatch(name):
        raise ValueError(
            f'given {name!r}; accepted: words of letters, digits and _ that do not begin with a'
            ' digit, joined by single slashes; a leading / is optional'
        )
    return name


Name = Annotated[str, Field(pattern=r'^[A-Za-z][A-Za-z0-9_]*$')]
Topic = Annotated[str, AfterValidator(check_topic)]
MessageType = Annotated[str, Field(pattern=r'^[a-z][a-z0-9_]*/msg/[A-Z][A-Za-z0-9]*$')]
FieldPath = Annotated[
    str, Field(pattern=r'^[a-z][a-z0-9_]*(\[\d+\])?(\.[a-z][a-z0-9_]*(\[\d+\])?)*$')
]
Names = tuple[str, ...]
Numbers = tuple[float, ...]
Bounds = tuple[float, float]
# one number for all joints, or one for each
PerJoint = Annotated[Numbers, Field(min_length=1)]
Duration = Annotated[float, Field(gt=0, le=60)]  # s
ResetDuration = Annotated[float, Field(gt=0, le=600)]  # s


def refuse_duplicates(names: Sequence[object]) -> None:
    """Raise ValueError if a name occurs twice."""
    duplicates = sorted({str(name) for name in names if names.count(name) > 1})
    if duplicates:
        raise ValueError(f'given twice: {", ".join(duplicates)}; accepted: each once')


def check_bounds(bounds: Bounds | None) -> None:
    """Raise ValueError unless the lower bound comes first."""
    if bounds is not None and not bounds[0] < bounds[1]:
        raise ValueError(f'given {list(bounds)}; accepted: low before high')


def per_joint(values: Sequence[float] | None, default: Sequence[float]) -> tuple[float, ...]:
    """Return one number per joint; `values` has one for all joints or one for each."""
    if values is None:
        return tuple(default)
    return tuple(values) * (len(default) // len(values))

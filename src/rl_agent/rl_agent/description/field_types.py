# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Words that every part of a robot description uses: names, topics, message types, paths."""

from collections.abc import Sequence
import re
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

STRICT = ConfigDict(extra='forbid', allow_inf_nan=False)

_TOPIC = re.compile(r'/?[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*')


def check_topic(name: str) -> str:
    """Return the name of a topic or service; raise ValueError for one that ROS refuses.

    Names that are private to a node (`~/imu`) would be others to agent, check and simulation.
    """
    if not _TOPIC.fullmatch(name):
        raise ValueError(
            f'given {name!r}; accepted: words of letters, digits and _, none of which begins with'
            ' a digit, with one / between two of them; before the first one nothing, or /'
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


def refuse_duplicates(names: Sequence[object]) -> None:
    """Raise ValueError where a name stands twice."""
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f'given twice: {", ".join(twice)}; accepted: each once')


def check_bounds(bounds: Bounds | None) -> None:
    """Raise ValueError unless the lowest value stands before the highest."""
    if bounds is not None and not bounds[0] < bounds[1]:
        raise ValueError(f'given {list(bounds)}; accepted: low before high')

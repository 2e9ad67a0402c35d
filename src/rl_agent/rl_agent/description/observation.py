# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""One field of the observation: which numbers of which message, and what they mean."""

import math
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator, ValidationInfo
from pydantic.dataclasses import dataclass
from rl_agent.description.field_types import (
    Bounds,
    check_bounds,
    FieldPath,
    MessageType,
    Name,
    Names,
    refuse_duplicates,
    STRICT,
    Topic,
)
from typing_extensions import Self

Transform = Literal['none', 'sin', 'cos', 'roll_pitch_yaw', 'projected_gravity', 'heading']
MAX_ELEMENTS = 10_000

_QUATERNION_PARTS = {
    'roll_pitch_yaw': ('roll', 'pitch', 'yaw'),
    'projected_gravity': ('x', 'y', 'z'),
    'heading': ('cos', 'sin'),
}
_TRANSFORM_LIMITS = {
    'sin': (-1.0, 1.0),
    'cos': (-1.0, 1.0),
    'roll_pitch_yaw': (-math.pi, math.pi),
    'projected_gravity': (-1.0, 1.0),
    'heading': (-1.0, 1.0),
}


@dataclass(frozen=True, config=STRICT)
class ObservationField:
    """Some numbers of a message that become part of the observation.

    Without `joints` and `indices` the field is all that the path leads to, `size` numbers. A path
    may lead to a number, to a list of numbers, or to a message of numbers, whose members then
    stand in their order: x, y, z, w of a quaternion.

    Attributes:
        name: what tasks and plots call it.
        topic: relative topics live in the robot's namespace.
        type: message type, `package/msg/Name`; any that is installed.
        field: the way from the message to the numbers, as in `pose.pose.position` or
            `points[0].positions`.
        joints: which ones, by name and in this order, where the message has a `name` or
            `joint_names` list; its own order does not matter then.
        transform: `sin` and `cos` make a wrapped angle continuous; `roll_pitch_yaw` (rad) and
            `projected_gravity` (the unit vector of gravity in the body's frame) and `heading`
            (cosine and sine of the yaw) take a quaternion x, y, z, w.
        unit: SI, for people and plots.
        bounds: lowest and highest value after `transform`, in `unit`. Values outside are passed
            on as they are, unless `clip` is true; `check_robot` reports them.
        indices: which ones by their place from 0, as `[0, 2]`, or as `0:360:10` (start:stop:step).
        size: how many numbers the path leads to; 1 if not given.
        clip: values beyond `bounds`, infinite ones too, become the nearest bound.
        replace_nan: what a value that is not a number becomes; without it such a value is an
            error. Laser scanners mark invalid rays so (REP-117).
        frame: the message's `header.frame_id` must be this.
        max_age_s: older values are too old to act on.
    """

    name: Name
    topic: Topic
    type: MessageType
    field: FieldPath
    joints: Annotated[Names, Field(min_length=1)] | None = None
    transform: Transform = 'none'
    unit: str = ''
    bounds: Bounds | None = None
    indices: tuple[Annotated[int, Field(ge=0)], ...] | None = None
    size: Annotated[int, Field(ge=1, le=MAX_ELEMENTS)] | None = None
    clip: bool = False
    replace_nan: float | None = None
    frame: str | None = None
    max_age_s: Annotated[float, Field(gt=0, le=60)] | None = None

    @field_validator('joints')
    @classmethod
    def _check_joints(cls, joints: Names | None) -> Names | None:
        refuse_duplicates(joints or ())
        return joints

    @field_validator('bounds')
    @classmethod
    def _check_bounds(cls, bounds: Bounds | None) -> Bounds | None:
        check_bounds(bounds)
        return bounds

    @field_validator('indices', mode='before')
    @classmethod
    def _read_indices(cls, indices: object) -> object:
        if isinstance(indices, str):
            return _read_slice(indices)
        return tuple(indices) if isinstance(indices, list) else indices

    @field_validator('indices')
    @classmethod
    def _check_indices(
        cls, indices: tuple[int, ...] | None, info: ValidationInfo
    ) -> tuple[int, ...] | None:
        if indices is not None and info.data.get('joints'):
            raise ValueError('given beside joints; accepted: one of the two')
        if indices is not None and not 1 <= len(indices) <= MAX_ELEMENTS:
            raise ValueError(f'given {len(indices)} places; accepted: 1 to {MAX_ELEMENTS}')
        refuse_duplicates(indices or ())
        return indices

    @field_validator('size')
    @classmethod
    def _check_size(cls, size: int | None, info: ValidationInfo) -> int | None:
        given = [key for key in ('joints', 'indices') if info.data.get(key) is not None]
        if size is not None and given:
            raise ValueError(f'given {size} beside {given[0]}; accepted: one of the two')
        return size

    @field_validator('clip')
    @classmethod
    def _check_clip(cls, clip: bool, info: ValidationInfo) -> bool:
        if clip and 'bounds' in info.data and info.data['bounds'] is None:
            raise ValueError('given true without bounds; accepted: with bounds')
        return clip

    @model_validator(mode='after')
    def _check(self, info: ValidationInfo) -> Self:
        if self.transform in _QUATERNION_PARTS and self.raw_size != 4:
            raise ValueError(
                f'transform: given {self.transform!r} of {self.raw_size} numbers; accepted: of'
                ' the 4 of a quaternion (size: 4)'
            )
        if info.context:
            info.context['check_observation'](self)
        return self

    @property
    def is_measured(self) -> bool:
        """Whether all its numbers are what a sensor said, as it said them but for `clip`."""
        return self.transform == 'none' and self.replace_nan is None

    @property
    def raw_size(self) -> int:
        """How many numbers are taken out of the message."""
        return len(self.joints or self.indices or range(self.size or 1))

    @property
    def element_names(self) -> tuple[str, ...]:
        """One name for each number: the field's own, with joint or place if there are several."""
        labels: tuple[object, ...] = self.joints or self.indices or tuple(range(self.raw_size))
        labels = _QUATERNION_PARTS.get(self.transform, labels)
        if len(labels) == 1:
            return (self.name,)
        return tuple(f'{self.name}/{label}' for label in labels)

    @property
    def limits(self) -> Bounds:
        """Lowest and highest value; infinite where the description names none."""
        return self.bounds or _TRANSFORM_LIMITS.get(self.transform, (-math.inf, math.inf))


def _read_slice(text: str) -> tuple[int, ...]:
    """Return the places that start:stop or start:stop:step means, stop not included.

    Raises:
        ValueError: it is neither, or means nothing or too much.
    """
    words = text.split(':')
    numbers = [int(word) for word in words if word.isdecimal()]
    if not (len(words) == len(numbers) in (2, 3) and 0 not in numbers[2:]):
        raise ValueError(
            f"given {text!r}; accepted: places as in [0, 2], or '0:360:10' (start:stop:step)"
        )
    places = range(*numbers)
    if not 1 <= len(places) <= MAX_ELEMENTS:
        raise ValueError(f'given {text!r}: {len(places)} places; accepted: 1 to {MAX_ELEMENTS}')
    return tuple(places)

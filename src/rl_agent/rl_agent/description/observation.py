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

"""The `observation` section of a robot's YAML file: which numbers of which messages."""

import math
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator, ValidationInfo
from pydantic.dataclasses import dataclass
from rl_agent.description.field_types import (
    Bounds,
    check_bounds,
    Duration,
    FieldPath,
    LARGEST_INDEX,
    MAX_ELEMENTS,
    MessageType,
    Name,
    Names,
    path_count,
    refuse_duplicates,
    STRICT,
    Topic,
)
from rl_agent.description.image import (
    check_image_field,
    check_no_image,
    HIGHEST_NUMBER,
    ImageDescription,
)
from typing_extensions import Self

Transform = Literal['none', 'sin', 'cos', 'roll_pitch_yaw', 'projected_gravity', 'heading']
QuaternionOrder = Literal['xyzw', 'wxyz']
_LEAST_STEP_RAD = 0.001  # as exact as the names of rays

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
class RaysDescription:
    """Evenly spaced rays of a laser scan, counter-clockwise from ahead (REP-103).

    The nearest ray counts, at most 2 degrees away. So neither the number of rays in a message nor
    the angle where a scan begins matters.

    Attributes:
        count: how many rays.
        first_rad: angle of the first one, such as -1.571 for the right-hand side. Without angles
            the rays go around, from behind.
        last_rad: angle of the last one.
    """

    count: Annotated[int, Field(ge=1, le=1000)]
    first_rad: Annotated[float, Field(ge=-6.2832, le=6.2832)] | None = None
    last_rad: Annotated[float, Field(ge=-6.2832, le=6.2832)] | None = None

    @model_validator(mode='after')
    def _check(self) -> Self:
        if (self.first_rad is None) != (self.last_rad is None):
            raise ValueError('given one of first_rad, last_rad; accepted: both, or none')
        if self.first_rad is None or self.last_rad is None:
            return self
        width = self.last_rad - self.first_rad
        if not 0.0 <= width < 2 * math.pi or (width < _LEAST_STEP_RAD * (self.count - 1)):
            raise ValueError(
                f'given {self.count} rays from {self.first_rad:g} to {self.last_rad:g}; accepted:'
                f' first before last, less than a turn, {_LEAST_STEP_RAD} rad or more apart'
            )
        return self

    @property
    def angles_rad(self) -> tuple[float, ...]:
        """Angle of each ray."""
        if self.first_rad is None or self.last_rad is None:
            return tuple(-math.pi + 2 * math.pi * ray / self.count for ray in range(self.count))
        step = (self.last_rad - self.first_rad) / max(self.count - 1, 1)
        return tuple(self.first_rad + step * ray for ray in range(self.count))


@dataclass(frozen=True, config=STRICT)
class ObservationField:
    """Numbers of a message that become part of the observation.

    Without `joints` and `indices`, the field takes all `size` numbers at the path. A path may lead
    to a number, to a list of numbers, or to a message of numbers, which are then taken in their
    order: x, y, z, w of a quaternion. A slice takes the same numbers of several messages in a
    list: `motor_state[0:12].q` is `motor_state[0].q` to `motor_state[11].q`.

    Attributes:
        name: name of the field in tasks and plots.
        topic: sensor topic; a relative name is in the robot's namespace.
        type: message type, `package/msg/Name`; any installed type.
        field: path from the message to the numbers, such as `pose.pose.position`,
            `points[0].positions` or `motor_state[0:12].q`.
        joints: names of the joints to take, in this order, if the message has a `name` or
            `joint_names` list; the order of that list does not matter. If the path has a slice:
            the joints of its numbers, in their order. Names of joints and frames may have
            `{prefix}`, which the node's parameter `prefix` fills.
        transform: `sin` and `cos` make a wrapped angle continuous; `roll_pitch_yaw` (rad),
            `projected_gravity` (unit vector of gravity in the body's frame) and `heading` (cosine
            and sine of the yaw) take a quaternion.
        unit: SI unit, shown to people and in plots.
        bounds: lowest and highest value after `transform`, in `unit`. Values outside are kept as
            they are unless `clip` is true; `check_robot` reports them.
        indices: indices of the numbers to take, from 0, such as `[0, 2]` or `0:360:10`
            (start:stop:step).
        size: how many numbers the path leads to; if not given 1, or one for each item of a slice.
        clip: replace values outside `bounds`, including infinite ones, by the nearest bound.
        replace_nan: number that replaces NaN; if not given, NaN is an error. Laser scanners mark
            invalid rays with NaN (REP-117).
        frame: required `header.frame_id` of the message, or of the transform.
        max_age_s: age above which the sensor watchdog reacts; `safety.sensor_watchdog` has the
            default.
        quaternion_order: order of the four numbers in the message. `wxyz` puts them into the
            order x, y, z, w. Required where a quaternion is a plain list of numbers.
        child_frame: required `child_frame_id`. In a list of transforms, as on `/tf`, it chooses
            one, together with `frame` if that is given; `field` has no index then:
            `transforms.transform.translation`.
        once: the message is published once and kept for late subscribers (transient local), as a
            goal is. An episode waits for it; its age does not matter; a later one replaces it.
        task_only: the task reads the field, the policy does not see it: a reward from a scale or
            a classifier, or a pose that only the laboratory can measure.
        rays: with `ranges` or `intensities` of a LaserScan: which rays to take, by angle.
        image: the field is the image of a camera, and this is what the policy sees of it; without
            `encoding`, an image of a Gymnasium task that `rl_train` plays.
    """

    name: Name
    topic: Topic
    type: MessageType
    field: FieldPath
    joints: Annotated[Names, Field(min_length=1)] | None = None
    transform: Transform = 'none'
    unit: str = ''
    bounds: Bounds | None = None
    indices: tuple[Annotated[int, Field(ge=0, le=LARGEST_INDEX)], ...] | None = None
    size: Annotated[int, Field(ge=1, le=MAX_ELEMENTS)] | None = None
    clip: bool = False
    replace_nan: float | None = None
    frame: str | None = None
    max_age_s: Duration | None = None
    quaternion_order: QuaternionOrder | None = None
    rays: RaysDescription | None = None
    child_frame: str | None = None
    once: bool = False
    task_only: bool = False
    image: ImageDescription | None = None

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
            raise ValueError('given together with joints; accepted: one of the two')
        if indices is not None and not 1 <= len(indices) <= MAX_ELEMENTS:
            raise ValueError(f'given {len(indices)} indices; accepted: 1 to {MAX_ELEMENTS}')
        refuse_duplicates(indices or ())
        return indices

    @field_validator('size')
    @classmethod
    def _check_size(cls, size: int | None, info: ValidationInfo) -> int | None:
        given = [key for key in ('joints', 'indices') if info.data.get(key) is not None]
        if size is not None and given:
            raise ValueError(f'given {size} together with {given[0]}; accepted: one of the two')
        return size

    @field_validator('clip')
    @classmethod
    def _check_clip(cls, clip: bool, info: ValidationInfo) -> bool:
        if clip and 'bounds' in info.data and info.data['bounds'] is None:
            raise ValueError('given true without bounds; accepted: with bounds')
        return clip

    @field_validator('rays')
    @classmethod
    def _check_rays(
        cls, rays: RaysDescription | None, info: ValidationInfo
    ) -> RaysDescription | None:
        keys = ('joints', 'indices', 'size', 'quaternion_order')
        given = [key for key in keys if info.data.get(key) is not None]
        if rays is not None and given:
            raise ValueError(f'given together with {given[0]}; accepted: one of the two')
        return rays

    @field_validator('once')
    @classmethod
    def _check_once(cls, once: bool, info: ValidationInfo) -> bool:
        if once and info.data.get('max_age_s') is not None:
            raise ValueError('given together with max_age_s; accepted: one of the two')
        return once

    @field_validator('image')
    @classmethod
    def _check_image(
        cls, image: ImageDescription | None, info: ValidationInfo
    ) -> ImageDescription | None:
        if image is not None:
            check_image_field(image, info.data)
        return image

    @model_validator(mode='after')
    def _check(self, info: ValidationInfo) -> Self:
        if self.image is None:
            check_no_image(self.type, self.field)
        if self.quaternion_order and (self.joints or self.raw_size != 4):
            given = 'joints' if self.joints else f'{self.raw_size} numbers'
            raise ValueError(
                f'quaternion_order: given {self.quaternion_order!r} of {given}; accepted: of the 4'
                ' numbers of a quaternion (size: 4)'
            )
        if self.is_quaternion and self.raw_size != 4:
            raise ValueError(
                f'transform: given {self.transform!r} of {self.raw_size} numbers; accepted: the 4'
                ' numbers of a quaternion (size: 4)'
            )
        if info.context:
            info.context['check_observation'](self)
        return self

    def measures(self, joints: tuple[str, ...]) -> bool:
        """Return whether the field has an untransformed sensor value for each of these joints."""
        unchanged = self.transform == 'none' and self.replace_nan is None
        return unchanged and not self.once and set(joints) <= set(self.joints or ())

    @property
    def raw_size(self) -> int:
        """How many numbers are taken from the message."""
        if self.rays:
            return self.rays.count
        if self.image:
            return self.image.size
        return len(self.joints or self.indices or range(self.size or path_count(self.field)))

    @property
    def is_quaternion(self) -> bool:
        """Whether the transform takes a quaternion."""
        return self.transform in _QUATERNION_PARTS

    @property
    def element_names(self) -> tuple[str, ...]:
        """Name of each number: that of the field, with joint or index if there are several."""
        labels: tuple[object, ...] = self.joints or self.indices or tuple(range(self.raw_size))
        if self.rays:
            labels = tuple(f'{angle:.3f}' for angle in self.rays.angles_rad)
        if self.quaternion_order == 'wxyz':
            labels = tuple('xyzw')
        labels = _QUATERNION_PARTS.get(self.transform, labels)
        if len(labels) == 1:
            return (self.name,)
        return tuple(f'{self.name}/{label}' for label in labels)

    @property
    def limits(self) -> Bounds:
        """Lowest and highest value; infinite where the description gives none."""
        if self.image:
            return 0.0, float(HIGHEST_NUMBER)
        return self.bounds or _TRANSFORM_LIMITS.get(self.transform, (-math.inf, math.inf))


def _read_slice(text: str) -> tuple[int, ...]:
    """Return the indices of start:stop or start:stop:step, without stop.

    Raises:
        ValueError: not of that form, no index or too many of them.
    """
    parts = text.split(':')
    numbers = [int(part) for part in parts if part.isdecimal()]
    if not (len(parts) == len(numbers) in (2, 3) and 0 not in numbers[2:]):
        raise ValueError(
            f"given {text!r}; accepted: indices such as [0, 2], or '0:360:10' (start:stop:step)"
        )
    if max(numbers) > LARGEST_INDEX:
        raise ValueError(f'given {text!r}; accepted: numbers up to {LARGEST_INDEX}')
    indices = range(*numbers)
    if not 1 <= len(indices) <= MAX_ELEMENTS:
        raise ValueError(f'given {text!r}: {len(indices)} indices; accepted: 1 to {MAX_ELEMENTS}')
    return tuple(indices)

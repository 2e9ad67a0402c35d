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

"""What the described limits could trip on, by what the robot sends now."""

from collections.abc import Mapping
from dataclasses import dataclass
import math
from typing import Literal

import numpy as np
from rl_agent.array_types import Float64Array
from rl_agent.description.command import POSITION_UNITS
from rl_agent.description.field_types import Bounds, per_joint
from rl_agent.description.limits import LimitDescription, TiltDescription
from rl_agent.description.robot import RobotDescription
from rl_agent.quaternion import roll_pitch_yaw
from rl_agent.robot_check.field_watch import FieldWatch
from rl_agent.safety.limits import Limit, TiltLimit, Trip

Verdict = Literal['now', 'yes', 'no', 'unsure']
_TURN_RAD = 2.0 * math.pi
_FEW = 10  # messages: fewer say nothing about a sensor that never changes
_EVERYTHING = (-math.inf, math.inf)
_BEYOND_STOPS = 'beyond the end stops in the URDF'


@dataclass(frozen=True)
class LimitOutlook:
    """Whether a limit could stop the robot.

    Attributes:
        name: of the limit, as in logs.
        field: observation field or topic that it watches.
        could_trip: `now`: it would at once; `yes`; `no`: never, with what the robot sends;
            `unsure`: the messages so far do not tell.
        reason: in words, with numbers.
    """

    name: str
    field: str
    could_trip: Verdict
    reason: str


def limit_outlooks(
    description: RobotDescription,
    watches: Mapping[str, FieldWatch],
    type_bounds: Mapping[str, Bounds],
    end_stops: Mapping[str, Bounds],
) -> list[LimitOutlook]:
    """Return the outlook of each of `safety.limits` and of `safety.tilt`.

    Args:
        description: of the robot.
        watches: of each observation field.
        type_bounds: what the number type of a field can hold; a field that is absent can hold any
            number.
        end_stops: of joints, by the URDF.
    """
    found = []
    for item in description.safety.limits:
        holds = type_bounds.get(item.observation, _EVERYTHING)
        found.append(_of_limit(item, watches[item.observation], holds, end_stops))
    tilt = description.safety.tilt
    if tilt is not None:
        found.append(_of_tilt(tilt, watches[tilt.observation]))
    return found


def _of_limit(
    limit: LimitDescription, watch: FieldWatch, holds: Bounds, end_stops: Mapping[str, Bounds]
) -> LimitOutlook:
    """Return the outlook of bounds on the numbers of a field."""

    def outlook(could_trip: Verdict, reason: str) -> LimitOutlook:
        return LimitOutlook(limit.name, limit.observation, could_trip, reason)

    if watch.raw is None:
        return outlook('no', _silence(watch))
    names = raw_names(watch)
    trip = Limit(limit, names).check({limit.observation: watch.raw})
    if trip is not None:
        return outlook('now', _after_name(trip))
    size = len(names)
    low = np.array(per_joint(limit.low, [-math.inf] * size))
    high = np.array(per_joint(limit.high, [math.inf] * size))
    never = _unreachable(watch, low, high, holds, end_stops)
    if sum(map(len, never.values())) == np.isfinite(low).sum() + np.isfinite(high).sum():
        return outlook('no', '; '.join(f'every bound: {why}' for why in never))
    reasons = [_nearest(watch, names, low, high)]
    reasons += [f'never beyond {", ".join(bounds)}: {why}' for why, bounds in never.items()]
    if _never_changed(watch):
        always = ', always 0' if not watch.raw.any() else ''
        reasons.append(f'unchanged in {watch.count} messages{always}: move it by hand')
        return outlook('unsure', '; '.join(reasons))
    if watch.field.unit == 'rad' and _beyond_a_turn(low, high):
        reasons.append('beyond one turn: an encoder that counts one turn never shows it')
        return outlook('unsure', '; '.join(reasons))
    return outlook('yes', '; '.join(reasons))


def _of_tilt(tilt: TiltDescription, watch: FieldWatch) -> LimitOutlook:
    """Return the outlook of the bounds on roll and pitch."""

    def outlook(could_trip: Verdict, reason: str) -> LimitOutlook:
        return LimitOutlook('tilt', tilt.observation, could_trip, reason)

    if watch.raw is None:
        return outlook('no', _silence(watch))
    trip = TiltLimit(tilt).check({tilt.observation: watch.raw})
    if trip is not None:
        return outlook('now', _after_name(trip))
    roll, pitch, _ = roll_pitch_yaw(watch.raw)
    angles = (
        f'roll {roll:.3g} of {tilt.max_roll_rad:g} rad, pitch {pitch:.3g} of'
        f' {tilt.max_pitch_rad:g} rad'
    )
    if _never_changed(watch):
        level = ', exactly level' if roll == pitch == 0.0 else ''
        return outlook(
            'unsure',
            f'{angles}; unchanged in {watch.count} messages{level}: tilt it by hand; a driver'
            ' without orientation may send such a constant',
        )
    return outlook('yes', angles)


def raw_names(watch: FieldWatch) -> tuple[str, ...]:
    """Return the names of a field's numbers as in the message: joints or indices."""
    field = watch.field
    if field.quaternion_order == 'wxyz':  # put into this order
        return tuple('xyzw')
    return field.joints or tuple(str(index) for index in field.indices or range(field.raw_size))


def _silence(watch: FieldWatch) -> str:
    """Return why a limit has nothing to compare."""
    why = watch.mismatches[0] if watch.mismatches else 'no message that fits'
    return f'{why}; the sensor watchdog stops the robot instead'


def _after_name(trip: Trip) -> str:
    """Return the text of a trip without the name of its field."""
    return trip.text.partition(' of ')[2] or trip.text.partition(': ')[2]


def _shown_bounds(watch: FieldWatch, holds: Bounds) -> Bounds:
    """Return between which numbers a field lies by its message type and its description."""
    bounds = watch.field.bounds if watch.field.transform == 'none' else None
    low, high = bounds if bounds and not watch.field.clip else _EVERYTHING
    return max(low, holds[0]), min(high, holds[1])


def _unreachable(
    watch: FieldWatch,
    low: Float64Array,
    high: Float64Array,
    holds: Bounds,
    end_stops: Mapping[str, Bounds],
) -> dict[str, list[str]]:
    """Return why some bounds are never passed, each reason with its bounds in words."""
    names, shown = raw_names(watch), _shown_bounds(watch, holds)
    outside = f'outside of {_range(shown)}, {_why(watch, shown)}'
    stops = end_stops if watch.field.joints and watch.field.unit in POSITION_UNITS else {}
    found: dict[str, list[str]] = {}
    for word, bounds, sign in (('low', low, -1.0), ('high', high, 1.0)):
        for name, bound in _finite(names, bounds):
            most = shown[0] if word == 'low' else shown[1]
            stop = stops.get(name, _EVERYTHING)[0 if word == 'low' else 1]
            if sign * bound >= sign * most:
                found.setdefault(outside, []).append(f'{word} {bound:g} of {name}')
            elif sign * bound > sign * stop:
                found.setdefault(_BEYOND_STOPS, []).append(f'{word} {bound:g} of {name}')
    return found


def _finite(names: tuple[str, ...], bounds: Float64Array) -> list[tuple[str, float]]:
    """Return the bounds that are given, with their names."""
    rows = zip(names, bounds.tolist(), strict=True)
    return [(name, bound) for name, bound in rows if math.isfinite(bound)]


def _nearest(
    watch: FieldWatch, names: tuple[str, ...], low: Float64Array, high: Float64Array
) -> str:
    """Return how near the numbers came to their bounds since the beginning."""
    below, above = watch.raw_low - low, high - watch.raw_high
    is_low = below.min() <= above.min()
    distances, bounds, word = (below, low, 'low') if is_low else (above, high, 'high')
    index = int(np.argmin(distances))
    seen = f'seen {watch.raw_low.min():.4g} to {watch.raw_high.max():.4g}'
    return f'{seen}, {distances[index]:.4g} from {word} {bounds[index]:g} of {names[index]}'


def _never_changed(watch: FieldWatch) -> bool:
    """Return whether many messages had exactly the same numbers."""
    return watch.count >= _FEW and bool(np.array_equal(watch.raw_low, watch.raw_high))


def _beyond_a_turn(low: Float64Array, high: Float64Array) -> bool:
    """Return whether some joint could turn a whole turn either way before its limit."""
    return bool(np.any((low < -_TURN_RAD) & (high > _TURN_RAD)))


def _range(shown: Bounds) -> str:
    """Return bounds in words."""
    return f'{shown[0]:g} to {shown[1]:g}'


def _why(watch: FieldWatch, shown: Bounds) -> str:
    """Return where the bounds of a field come from."""
    is_described = watch.field.bounds is not None and set(shown) & set(watch.field.bounds)
    return "the field's described bounds" if is_described else 'all that its number type holds'

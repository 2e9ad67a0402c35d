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

"""Observation fields of sensors other than joints, by their message types."""

from collections.abc import Callable
import math
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from rl_agent.robot_draft.draft_entry import Entry, Namer, shown
from rl_agent.robot_survey.survey import Topic

_RAYS, _LEAST_STEP_RAD = 24, 0.01
_MOST_SHOWN = 24  # paths of a message type that nobody knows
_FULL_TURN_RAD = 2.0 * math.pi - 0.1
_UNKNOWN = -1.0


class _Spec(NamedTuple):
    """A field of a known message type: more keys of the description, and a comment."""

    name: str
    path: str
    more: dict[str, Any]
    unit: str = ''
    comment: str = ''


def _pose(path: str) -> list[_Spec]:
    return [
        _Spec('position', f'{path}position', {'size': 3}, 'm'),
        _Spec('orientation', f'{path}orientation', {'size': 4}, '', 'a quaternion: see transform'),
    ]


def _pair(path: str, names: tuple[str, str], units: tuple[str, str]) -> list[_Spec]:
    return [
        _Spec(name, f'{path}{name}', {'size': 3}, unit)
        for name, unit in zip(names, units, strict=True)
    ]


def _number(unit: str = '', path: str = 'data') -> list[_Spec]:
    comment = '' if unit or path != 'data' else 'guess: add the unit'
    return [_Spec('' if path == 'data' else path, path, {}, unit, comment)]


_WRENCH = (('force', 'torque'), ('N', 'N m'))
_TWIST = (('linear', 'angular'), ('m/s', 'rad/s'))
_GEOMETRY, _SENSOR, _STD = 'geometry_msgs/msg/', 'sensor_msgs/msg/', 'std_msgs/msg/'
_SPECS: dict[str, list[_Spec]] = {
    f'{_SENSOR}Imu': [
        _Spec('gravity', 'orientation', {'size': 4, 'transform': 'projected_gravity'}, '', 'down'),
        _Spec('angular_velocity', 'angular_velocity', {'size': 3}, 'rad/s'),
        _Spec('linear_acceleration', 'linear_acceleration', {'size': 3}, 'm/s^2'),
    ],
    'nav_msgs/msg/Odometry': [
        _Spec('position', 'pose.pose.position', {'indices': [0, 1]}, 'm', 'guess: on the ground'),
        _Spec('heading', 'pose.pose.orientation', {'size': 4, 'transform': 'heading'}),
        _Spec('speed', 'twist.twist.linear', {'indices': [0, 1]}, 'm/s'),
        _Spec('turning', 'twist.twist.angular.z', {}, 'rad/s'),
    ],
    f'{_GEOMETRY}PoseStamped': _pose('pose.'),
    f'{_GEOMETRY}PoseWithCovarianceStamped': _pose('pose.pose.'),
    f'{_GEOMETRY}Pose': _pose(''),
    f'{_GEOMETRY}PointStamped': [_Spec('', 'point', {'size': 3}, 'm')],
    f'{_GEOMETRY}Vector3Stamped': [_Spec('', 'vector', {'size': 3})],
    f'{_GEOMETRY}WrenchStamped': _pair('wrench.', *_WRENCH),
    f'{_GEOMETRY}Wrench': _pair('', *_WRENCH),
    f'{_GEOMETRY}TwistStamped': _pair('twist.', *_TWIST),
    f'{_GEOMETRY}TwistWithCovarianceStamped': _pair('twist.twist.', *_TWIST),
    f'{_GEOMETRY}Twist': _pair('', *_TWIST),
    f'{_SENSOR}BatteryState': _number('', 'percentage'),
    f'{_SENSOR}Temperature': _number('degC', 'temperature'),
    f'{_SENSOR}FluidPressure': _number('Pa', 'fluid_pressure'),
    f'{_SENSOR}MagneticField': [_Spec('', 'magnetic_field', {'size': 3}, 'T')],
    # Unitree's own: no names of joints, and w comes first in its quaternions
    'unitree_go/msg/LowState': [
        _Spec('position', 'motor_state[0:12].q', {}, 'rad', 'guess: twelve motors'),
        _Spec('velocity', 'motor_state[0:12].dq', {}, 'rad/s'),
        _Spec('effort', 'motor_state[0:12].tau_est', {}, 'N m'),
        _Spec(
            'gravity',
            'imu_state.quaternion',
            {'size': 4, 'quaternion_order': 'wxyz', 'transform': 'projected_gravity'},
        ),
        _Spec('angular_velocity', 'imu_state.gyroscope', {'size': 3}, 'rad/s'),
        _Spec('contact', 'foot_force', {'size': 4}),
    ],
    **{
        f'{_STD}{name}': _number()
        for name in ('Float64', 'Float32', 'Bool', 'Int8', 'Int16', 'Int32', 'UInt8', 'UInt16')
    },
}
_FRAMED = ('nav_msgs/msg/Odometry', _GEOMETRY)
_ARRAYS = (f'{_STD}Float64MultiArray', f'{_STD}Float32MultiArray')


def sensor_entries(topic: Topic, namer: Namer) -> list[Entry]:
    """Return the observation fields of a topic without joints.

    Those of types that this tool does not know are commented out, with all their numbers.
    """
    special: dict[str, Callable[[Topic, Namer], Entry]] = {
        f'{_SENSOR}LaserScan': _scan,
        f'{_SENSOR}Range': _range,
        **dict.fromkeys(_ARRAYS, _array),
    }
    if topic.newest is None:
        return [_silent(topic)]
    if topic.type in special:
        return [special[topic.type](topic, namer)]
    if topic.type not in _SPECS:
        return [_unknown(topic, namer)]
    return [_entry(topic, spec, namer) for spec in _SPECS[topic.type]]


def _base(topic: Topic, name: str, path: str) -> Entry:
    """Return an entry with what every field has."""
    values = {'name': name, 'topic': topic.name, 'type': topic.type, 'field': path}
    return Entry(values, rate_hz=topic.rate_hz, count=topic.count)


def _entry(topic: Topic, spec: _Spec, namer: Namer) -> Entry:
    """Return a field of a known type; commented out if the message says that it is unknown."""
    is_plain = topic.type in ('sensor_msgs/msg/Imu', 'unitree_go/msg/LowState')
    words = (spec.name,) if is_plain else (_last_word(topic), spec.name)
    entry = _base(topic, namer.name(*words), spec.path)
    entry.values.update(spec.more)
    if spec.unit:
        entry.values['unit'] = spec.unit
    if spec.comment:
        entry.comments['field'] = spec.comment
    frame = getattr(getattr(topic.newest, 'header', None), 'frame_id', '')
    if topic.type.startswith(_FRAMED) and frame and not {'{', '}'} & set(frame):
        entry.values['frame'] = frame
    mark = getattr(topic.newest, f'{spec.path}_covariance', None)
    if topic.type == f'{_SENSOR}Imu' and mark is not None and mark[0] == _UNKNOWN:
        entry.is_off = True
        entry.above.append(
            f'{spec.path}_covariance[0] is -1: this driver does not know {spec.path}'
            + ('; so no limit on tilt either' if spec.path == 'orientation' else '')
        )
    elif '[' not in spec.path and not _is_finite(attrgetter(spec.path)(topic.newest)):
        entry.is_off = True
        entry.above.append(f'{topic.name}: {spec.path} is not finite: it is not measured')
    return entry


def _is_finite(value: Any) -> bool:
    """Return whether all numbers in a value of a message are finite."""
    if hasattr(value, 'get_fields_and_field_types'):
        return all(_is_finite(getattr(value, name)) for name in value.get_fields_and_field_types())
    return bool(np.all(np.isfinite(value)))


def _scan(topic: Topic, namer: Namer) -> Entry:
    """Return the rays of a scan, as bounded as the scanner says."""
    scan = topic.newest
    entry = _base(topic, namer.name(_last_word(topic)), 'ranges')
    rays: dict[str, Any] = {'count': _RAYS}
    first, last = float(scan.angle_min), float(scan.angle_max)
    if not (math.isfinite(first) and math.isfinite(last)) or first > last:
        entry.comments['rays'] = 'guess: all around; the message has no angles that make sense'
    elif last - first < _FULL_TURN_RAD:
        first, last = round(first, 3), round(last, 3)
        most = 1 + math.floor((last - first) / _LEAST_STEP_RAD)
        rays = {'count': min(_RAYS, most), 'first_rad': first, 'last_rad': last}
    entry.values['rays'] = rays
    entry.comments.setdefault('rays', 'guess: how many rays')
    return _with_range(entry, scan.range_min, scan.range_max)


def _range(topic: Topic, namer: Namer) -> Entry:
    """Return a distance, as bounded as the sensor says."""
    entry = _base(topic, namer.name(_last_word(topic)), 'range')
    return _with_range(entry, topic.newest.min_range, topic.newest.max_range)


def _with_range(entry: Entry, low: float, high: float) -> Entry:
    """Return an entry whose values are between those that the sensor can measure."""
    entry.values['unit'] = 'm'
    low, high = float(f'{low:.6g}'), float(f'{high:.6g}')
    if math.isfinite(low) and math.isfinite(high) and low < high:
        entry.values |= {'bounds': [low, high], 'clip': True, 'replace_nan': high}
        entry.comments['bounds'] = 'as the messages say'
    return entry


def _array(topic: Topic, namer: Namer) -> Entry:
    """Return all numbers of a list."""
    entry = _base(topic, namer.name(_last_word(topic)), 'data')
    size = len(topic.newest.data)
    entry.values['size'] = size
    entry.comments['size'] = 'guess: always so many; add the unit'
    if not 1 <= size <= 10_000:
        entry.is_off = True
        entry.above.append(f'{topic.name}: {size} numbers')
    return entry


def _silent(topic: Topic) -> Entry:
    """Return a comment about a topic without messages."""
    nodes = ', '.join(map(shown, topic.publishers[:5])) or 'nobody'
    words = f'{topic.name} ({topic.type}), published by {nodes}: no message came'
    return Entry({}, above=[words])


def _unknown(topic: Topic, namer: Namer) -> Entry:
    """Return a field of a type that this tool does not know, commented out."""
    fields = topic.fields
    if not fields:
        return Entry({}, above=[f'{topic.name} ({topic.type}): no numbers'])
    paths = ', '.join(fields[:_MOST_SHOWN]) + (', ...' if len(fields) > _MOST_SHOWN else '')
    entry = _base(topic, namer.name(_last_word(topic)), fields[0])
    entry.is_off = True
    entry.above.append(f'{topic.name}: choose among its numbers: {paths}')
    return entry


def _last_word(topic: Topic) -> str:
    """Return what a topic is called, as a part of a field's name."""
    return topic.name.rstrip('/').rpartition('/')[2] or 'field'

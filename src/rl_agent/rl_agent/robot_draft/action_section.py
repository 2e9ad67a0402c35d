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

"""The `action` and `safety` sections: no bound beyond those that robot or URDF describe."""

from collections.abc import Mapping, Sequence
from typing import Any

from rl_agent.robot_draft.draft_entry import Entry, fill_in, shown
from rl_agent.robot_model.urdf import ENDLESS, Range, SLIDING, TURNING, UNITS, Urdf, UrdfJoint
from rl_agent.robot_survey.command_topics import (
    ARRAYS,
    Command,
    FIELDS,
    JOINT_STATE,
    UNITREE,
)
from rl_agent.robot_survey.survey import Topic

_UNITS = {
    'position': UNITS,
    'velocity': {kind: f'{unit}/s' for kind, unit in UNITS.items()},
    'effort': {TURNING: 'N m', SLIDING: 'N', ENDLESS: 'N m'},
}
_FIELD_UNITS = {
    'speed': 'm/s',
    'steering_angle': 'rad',
    'x': 'm/s',
    'z': 'rad/s',
}
_MOST_FIELDS = 12  # of a message that are named in a comment
_MISSING = {
    'topic': 'where commands go: no node was found that listens to some',
    'type': 'its message type',
    'joints': 'a list of joints, or else fields',
    'unit': 'rad, m/s, ...',
    'low': 'the lowest command of each joint or field',
    'high': 'the highest command of each joint or field',
}


def action_section(
    found: Sequence[Command],
    unknown: Sequence[Topic],
    urdf: Urdf | None,
    kinds: Mapping[str, str],
) -> Entry:
    """Return the action of a robot, with placeholders for all that is not known.

    Args:
        found: the commands; the first one becomes the action, the others comments.
        unknown: topics that may take commands, of types that this tool does not know.
        urdf: of the robot.
        kinds: joint to its kind, of observed joints.
    """
    more = further(found)
    above = [
        f'also takes commands: {other.topic.name} ({other.topic.type}, heard by'
        f' {shown(other.topic.subscribers[0])})'
        for other in found[1:]
        if other not in more
    ]
    above += [
        f'may take commands: {other.name} ({other.type}, heard by {shown(other.subscribers[0])});'
        f' its numbers: {", ".join(other.fields[:_MOST_FIELDS])}'
        for other in unknown
    ]
    if not found:
        values = {key: fill_in(what) for key, what in _MISSING.items()}
        return Entry(values, above=above)
    entry = _of_command(found[0], urdf, kinds)
    entry.above = above
    return entry


def further(found: Sequence[Command]) -> list[Command]:
    """Return the commands that move something else than the first one."""
    taken = set(found[0].joints if found else ())
    more: list[Command] = []
    for command in found[1:]:
        is_base = command.topic.type in FIELDS
        if is_base and any(item.topic.type in FIELDS for item in [found[0], *more]):
            continue  # another way to the same wheels
        if is_base or (command.joints and taken.isdisjoint(command.joints)):
            taken.update(command.joints)
            more.append(command)
    return more


def more_actions(
    found: Sequence[Command], urdf: Urdf | None, kinds: Mapping[str, str]
) -> list[Entry]:
    """Return what else could be commanded, commented out; arguments as of `action_section`."""
    entries = [_of_command(command, urdf, kinds) for command in further(found)]
    for entry in entries:
        entry.is_off = True
    return entries


def _of_command(command: Command, urdf: Urdf | None, kinds: Mapping[str, str]) -> Entry:
    """Return a command as an action."""
    nodes = ', '.join(map(shown, command.topic.subscribers[:3]))
    entry = Entry({'topic': command.topic.name, 'type': command.topic.type})
    entry.comments['topic'] = f'heard by {nodes}'
    if command.topic.publishers:
        entry.comments['topic'] += f'; also sent by {shown(command.topic.publishers[0])}: end it'
    if command.topic.type in FIELDS:
        _add_fields(entry, command)
    else:
        _add_joints(entry, command, urdf, kinds)
    return entry


def safety_section(
    command: Command | None, positions: Mapping[str, Sequence[str]], urdf: Urdf | None
) -> Entry | None:
    """Return limits that the URDF describes; None: it describes none.

    Args:
        command: that the action is about; None: there is none.
        positions: observation field of positions to its joints.
        urdf: of the robot.
    """
    values: dict[str, Any] = {}
    comments = {}
    joints = _known(command.joints, urdf) if command else []
    speeds = [joint.velocity for joint in joints]
    if command and command.interface == 'position' and joints and all(speeds):
        values['slew_per_s'] = speeds
        comments['slew_per_s'] = 'the highest speeds in the URDF'
    limits = []
    for name, observed in positions.items():
        known = _known(observed, urdf)
        ranges = [joint.position for joint in known if joint.position is not None]
        if ranges and len(ranges) == len(observed):
            lows, highs = [low for low, _ in ranges], [high for _, high in ranges]
            limits.append(
                {'name': f'{name}_limits', 'observation': name, 'low': lows, 'high': highs}
            )
    if limits:
        values['limits'] = limits
        comments['limits'] = "the URDF's: beyond them the robot makes a latched stop"
    return Entry(values, comments) if values else None


def _add_fields(entry: Entry, command: Command) -> None:
    """Add the numbers of a message without joints."""
    paths, unit = FIELDS[command.topic.type]
    entry.values |= {'fields': list(paths), 'unit': unit}
    if 'Twist' in command.topic.type:
        entry.comments['fields'] = 'guess: it cannot move sideways; else add linear.y'
    known = [command.controller.speeds.get(_plain(path)) for path in paths]
    for key, index, word in (('low', 0, 'lowest'), ('high', 1, 'highest')):
        entry.values[key] = [
            item[index] if item else fill_in(f'{word} {path}, {_FIELD_UNITS[_last(path)]}')
            for path, item in zip(paths, known, strict=True)
        ]
    if all(known):
        entry.comments['low'] = 'as the controller limits it'


def _plain(path: str) -> str:
    """Return a path in a Twist without what is above the Twist."""
    return path.removeprefix('twist.')


def _last(path: str) -> str:
    """Return the last word of a path."""
    return path.rpartition('.')[2]


def _add_joints(
    entry: Entry, command: Command, urdf: Urdf | None, kinds: Mapping[str, str]
) -> None:
    """Add joints, their unit and their bounds."""
    node = shown(command.topic.subscribers[0])
    if command.topic.type == UNITREE:
        _add_unitree(entry)
        return
    if not command.joints:
        entry.values |= {
            'joints': fill_in('a list, in the order that the driver expects'),
            'unit': _unit(command, []) or fill_in(f'rad, m/s, ...: {node} does not say'),
            'low': fill_in('lowest command of each joint'),
            'high': fill_in('highest command of each joint'),
        }
        return
    entry.values['joints'] = list(command.joints)
    if command.joints_are_guessed:
        entry.comments['joints'] = 'guess: all joints; only those that this controller moves'
    elif command.topic.type in ARRAYS:
        entry.comments['joints'] = f'in this order, as {node} says'
    joint_kinds = [_kind_of(name, urdf, kinds) for name in command.joints]
    entry.values['unit'] = unit = _unit(command, joint_kinds)
    if not unit:
        entry.values['unit'] = fill_in(f'rad, m/s, ...: {node} does not say')
    elif not command.interface:
        entry.comments['unit'] = f'guess: by the name of the topic; {node} does not say'
    if command.topic.type == JOINT_STATE:
        entry.comments['unit'] = 'guess: positions; for others add field: velocity or effort'
    for key, index, word in (('low', 0, 'lowest'), ('high', 1, 'highest')):
        entry.values[key] = [
            _bound(name, index, command, urdf, f'{word} command of {name}, {unit}')
            for name in command.joints
        ]
    entry.comments['low'] = 'as far as known the limits in the URDF: narrow them'
    if len(set(joint_kinds) - {ENDLESS}) > 1:
        entry.values['low'] = fill_in('joints in rad and in m cannot share an action: choose')
        entry.comments.pop('low')


def _add_unitree(entry: Entry) -> None:
    """Add the motors of a Unitree robot; nobody tells their order and gains."""
    entry.values |= {
        'joints': fill_in('a list of twelve, in the order of the motors'),
        'field': 'motor_cmd[0:12].q',
        'unit': 'rad',
        'low': fill_in('lowest position of each joint'),
        'high': fill_in('highest position of each joint'),
        'constants': fill_in('a mapping: modes and gains, and finish: for the checksum'),
    }


def _known(names: Sequence[str], urdf: Urdf | None) -> list[UrdfJoint]:
    """Return the joints in the URDF; none, if one is not there."""
    found = [urdf.joint(name) if urdf else None for name in names]
    return [joint for joint in found if joint] if all(found) else []


def _kind_of(name: str, urdf: Urdf | None, kinds: Mapping[str, str]) -> str:
    """Return the kind of a joint; one that turns, if nobody says."""
    joint = urdf.joint(name) if urdf else None
    return joint.kind if joint else kinds.get(name, TURNING)


def _unit(command: Command, kinds: Sequence[str]) -> str:
    """Return the unit of the commands; empty: nothing is known."""
    interface = command.interface or command.likely
    if not interface:
        return ''
    units = dict.fromkeys(_UNITS[interface][kind] for kind in kinds or [TURNING])
    return ', '.join(units)


def _bound(name: str, index: int, command: Command, urdf: Urdf | None, what: str) -> float | str:
    """Return the lowest (index 0) or highest (1) command of a joint, or a placeholder."""
    joint = urdf.joint(name) if urdf else None
    limits: Range | None = None
    if joint is not None and command.interface == 'position':
        limits = joint.position
    elif joint is not None and command.interface:
        most = joint.velocity if command.interface == 'velocity' else joint.effort
        limits = None if most is None else (-most, most)
    return limits[index] if limits else fill_in(what)

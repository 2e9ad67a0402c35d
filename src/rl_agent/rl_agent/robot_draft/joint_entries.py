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

"""Observation fields of a JointState, by joints of one kind that come in one message."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
import math

from rl_agent.robot_draft.draft_entry import Entry, Namer, shown
from rl_agent.robot_model.urdf import ENDLESS, SLIDING, TURNING, UNITS, Urdf, UrdfJoint
from rl_agent.robot_survey.survey import LONGEST_NAME, Part, Topic

_MOST_JOINTS = 500
_PREFIXES = {TURNING: '', SLIDING: 'slide_', ENDLESS: 'endless_'}
_EFFORTS = {TURNING: 'N m', SLIDING: 'N', ENDLESS: 'N m'}


@dataclass(frozen=True)
class JointGroup:
    """Joints of one kind in messages that name the same joints.

    Attributes:
        kind: `revolute`, `prismatic` or `continuous`.
        joints: names, in the order of the URDF, else of the message.
        known: the same joints in the URDF; empty without a URDF.
        part: the messages.
    """

    kind: str
    joints: tuple[str, ...]
    known: tuple[UrdfJoint, ...]
    part: Part


def joint_groups(topic: Topic, urdf: Urdf | None) -> tuple[list[JointGroup], list[str]]:
    """Return the groups of joints of a topic, and why other joints are left out."""
    found: list[JointGroup] = []
    notes: list[str] = []
    taken: set[str] = set()
    for part in topic.parts.values():
        names = _usable(part, urdf, taken, notes)
        taken.update(names)
        for kind in (TURNING, SLIDING, ENDLESS):
            joints = [name for name in names if _kind(name, urdf) == kind]
            if joints:
                known = tuple(filter(None, map(urdf.joint, joints))) if urdf else ()
                found.append(JointGroup(kind, tuple(joints), known, part))
    return found, list(dict.fromkeys(notes))


def joint_entries(topic: Topic, urdf: Urdf | None, namer: Namer) -> list[Entry]:
    """Return the observation fields of a topic with joints."""
    groups, notes = joint_groups(topic, urdf)
    entries = [entry for group in groups for entry in _of_group(topic, group, namer)]
    if entries:
        entries[0].above[:0] = notes
    elif notes:
        entries = [Entry({}, above=[f'{topic.name}: nothing that can be used', *notes])]
    return entries


def _usable(part: Part, urdf: Urdf | None, taken: set[str], notes: list[str]) -> list[str]:
    """Return the joints of a message that can be observed, in order; explain the others."""
    counts = Counter(part.names)
    usable = []
    for name in list(counts)[:_MOST_JOINTS]:
        why = ''
        if counts[name] > 1:
            why = 'is there twice in one message'
        elif name in taken:
            why = 'comes in messages with different joints: from two nodes?'
        elif not name or len(name) > LONGEST_NAME or '{' in name or '}' in name:
            why = 'has a name that descriptions do not accept'
        elif urdf is not None:
            joint = urdf.joint(name)
            if joint is None:
                why = 'is not in the URDF as a joint that moves'
            elif joint.mimics is not None:
                why = f'follows {shown(joint.mimics)} (mimic)'
        if why:
            notes.append(f'joint {shown(name)} {why}: left out')
        else:
            usable.append(name)
    if len(counts) > _MOST_JOINTS:
        notes.append(f'{len(counts)} joints in one message: the first {_MOST_JOINTS} count')
    if urdf is not None:
        order = {joint.name: number for number, joint in enumerate(urdf.joints)}
        usable.sort(key=lambda name: order[name])
    return usable


def _kind(name: str, urdf: Urdf | None) -> str:
    """Return the kind of a joint; without a URDF it is taken for one that turns."""
    joint = urdf.joint(name) if urdf else None
    return joint.kind if joint else TURNING


def _of_group(topic: Topic, group: JointGroup, namer: Namer) -> list[Entry]:
    """Return the fields of a group: positions, velocities and efforts, as far as they come."""
    entries = []
    for field in ('position', 'velocity', 'effort'):
        why = _unusable(group, field)
        name = f'{_PREFIXES[group.kind]}{field}'
        if field == 'position' and group.kind == ENDLESS:
            entries += [
                _entry(topic, group, field, namer.name(f'{name}_{transform}'), why, transform)
                for transform in ('cos', 'sin')
            ]
        else:
            entries.append(_entry(topic, group, field, namer.name(name), why))
    return entries


def _entry(
    topic: Topic, group: JointGroup, field: str, name: str, why: str, transform: str = ''
) -> Entry:
    """Return a field of a group; `why`: it is of no use."""
    entry = Entry(
        {'name': name, 'topic': topic.name, 'type': topic.type, 'field': field},
        is_off=bool(why),
        above=[f'{name}: {why}'] if why else [],
        rate_hz=group.part.rate_hz,
        count=group.part.count,
    )
    entry.values['joints'] = joints = list(group.joints) if why else _finite(group, field)
    if len(joints) < len(group.joints):
        left_out = ', '.join(shown(item) for item in group.joints if item not in joints)
        entry.above.append(f'{name}: not finite for {left_out}: left out')
    if transform:
        entry.values['transform'] = transform
        entry.comments['transform'] = 'a joint without end stops'
        return entry
    units = {'position': UNITS, 'velocity': _speeds(), 'effort': _EFFORTS}[field]
    entry.values['unit'] = units[group.kind]
    if not group.known:
        entry.comments['unit'] = 'guess: joints that turn; there is no URDF that says so'
    bounds = _bounds([item for item in group.known if item.name in joints], field)
    if bounds is not None:
        entry.values['bounds'] = list(bounds)
        entry.comments['bounds'] = "the widest of these joints' limits in the URDF"
    return entry


def _speeds() -> dict[str, str]:
    """Return the unit of the velocity of each kind of joint."""
    return {kind: f'{unit}/s' for kind, unit in UNITS.items()}


def _unusable(group: JointGroup, field: str) -> str:
    """Return why the numbers of a group are of no use; empty: some are."""
    message = group.part.newest
    numbers: Sequence[float] = getattr(message, field)
    if len(numbers) != len(message.name):
        return f'{len(numbers)} numbers for {len(message.name)} joints'
    if not _finite(group, field):
        return 'not finite for any joint'
    if field == 'effort' and not any(_numbers(group, field).values()):
        return '0 for all joints: this driver may not measure it'
    return ''


def _numbers(group: JointGroup, field: str) -> dict[str, float]:
    """Return joint to its number in the newest message."""
    message = group.part.newest
    given = dict(zip(message.name, getattr(message, field), strict=True))
    return {name: given[name] for name in group.joints}


def _finite(group: JointGroup, field: str) -> list[str]:
    """Return the joints whose numbers can be observed."""
    return [name for name, value in _numbers(group, field).items() if math.isfinite(value)]


def _bounds(joints: Sequence[UrdfJoint], field: str) -> tuple[float, float] | None:
    """Return bounds that hold for all joints; None: some joint has none."""
    if field == 'position':
        ranges = [joint.position for joint in joints]
    else:
        limits = [joint.velocity if field == 'velocity' else joint.effort for joint in joints]
        ranges = [None if limit is None else (-limit, limit) for limit in limits]
    given = [item for item in ranges if item is not None]
    if not given or len(given) < len(ranges):
        return None
    return min(low for low, _ in given), max(high for _, high in given)

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

"""The whole file: what a person must fill in, what was noticed, and the description."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rl_agent.errors import ConfigurationError
from rl_agent.robot_draft.action_section import action_section, more_actions, safety_section
from rl_agent.robot_draft.command_topics import (
    commands,
    JOINT_STATE,
    may_take_commands,
    takes_commands,
)
from rl_agent.robot_draft.control_rate import control_rate_hz, max_age_s
from rl_agent.robot_draft.draft_entry import (
    Entry,
    FILL_IN,
    identifier,
    Namer,
    shown,
    text_of,
    value_text,
)
from rl_agent.robot_draft.joint_entries import joint_entries, joint_groups, JointGroup
from rl_agent.robot_draft.sensor_entries import sensor_entries
from rl_agent.robot_draft.shipped_robots import described_already
from rl_agent.robot_draft.survey import Survey, Topic
from rl_agent.robot_model.urdf import read_urdf, Urdf

_EPISODE_S = 10.0
_MOST_MISSING = 3  # placeholders of a list that are named at the top
_MOST_NOTES, _LONGEST_LINE = 20, 400


@dataclass(frozen=True)
class Draft:
    """A description that is being written.

    Attributes:
        name: of the robot.
        text: of the file.
        to_fill_in: what a person must fill in, one text each.
        notes: what was noticed, one text each.
    """

    name: str
    text: str
    to_fill_in: tuple[str, ...]
    notes: tuple[str, ...]


def make_draft(survey: Survey) -> Draft:
    """Return a first description of a robot by what was heard of it."""
    urdf, notes = _urdf(survey)
    unknown = [item for item in survey.topics if may_take_commands(item)]
    sensors = [item for item in survey.topics if not takes_commands(item) and item not in unknown]
    usable = [item for item in sensors if not item.note]
    rate_hz = control_rate_hz(usable)
    namer = Namer()
    groups = [group for item in usable for group in _groups(item, urdf)]
    joints = list(dict.fromkeys(name for group in groups for name in group.joints))
    entries = [entry for item in _in_order(usable) for entry in _entries(item, urdf, namer)]
    for entry in entries:
        _add_age(entry, rate_hz)
    found = commands(survey, urdf, joints)
    kinds = {name: group.kind for group in groups for name in group.joints}
    action = action_section(found, unknown, urdf, kinds)
    safety = safety_section(found[0] if found else None, _positions(entries), urdf)
    notes += _notes(survey, urdf, sensors, joints)
    name = identifier(urdf.name if urdf and urdf.name else survey.namespace, 'my_robot')
    sections = [
        _head(name, rate_hz, survey),
        _observation(entries),
        ['action:', *action.lines(item=False)],
        *_more_actions(more_actions(found, urdf, kinds)),
        *([['safety:', *safety.lines(item=False)]] if safety else []),
        _task(),
        _reset(survey),
    ]
    to_fill_in = tuple(_to_fill_in(entries, action))
    body = '\n\n'.join('\n'.join(lines) for lines in sections)
    top = '\n'.join(_top(name, survey, to_fill_in, notes))
    return Draft(name, f'{top}\n{body}\n', to_fill_in, tuple(notes))


def _urdf(survey: Survey) -> tuple[Urdf | None, list[str]]:
    """Return the URDF, and what is strange about it."""
    notes = [survey.urdf_note] if survey.urdf_note else []
    if survey.urdf is None:
        return None, notes
    try:
        urdf = read_urdf(survey.urdf)
    except ConfigurationError as error:
        return None, [*notes, f'the URDF was not used: {error}']
    return urdf, [*notes, *(f'URDF: {note}' for note in urdf.notes)]


def _in_order(topics: Sequence[Topic]) -> list[Topic]:
    """Return the topics: joints first, then by name."""

    def place(topic: Topic) -> tuple[bool, bool, str]:
        return topic.type != JOINT_STATE, not topic.name.endswith('joint_states'), topic.name

    return sorted(topics, key=place)


def _groups(topic: Topic, urdf: Urdf | None) -> list[JointGroup]:
    """Return the groups of joints of a topic."""
    return joint_groups(topic, urdf)[0] if topic.type == JOINT_STATE else []


def _entries(topic: Topic, urdf: Urdf | None, namer: Namer) -> list[Entry]:
    """Return the observation fields of a topic."""
    if topic.type == JOINT_STATE and topic.parts:
        entries = joint_entries(topic, urdf, namer)
    else:
        entries = sensor_entries(topic, namer)
    if topic.is_kept and topic.count == 1:
        for entry in entries:
            if entry.values:
                entry.values['once'] = True
                entry.comments['once'] = 'guess: it came once, and its publisher keeps it'
    return entries


def _add_age(entry: Entry, rate_hz: float) -> None:
    """Give a field that is slower than control a largest age."""
    if entry.is_off or not entry.values or 'once' in entry.values:
        return
    if entry.count < 2:
        entry.is_off = True
        entry.above.append(
            f'{entry.values["name"]}: only one message came, so its rate is unknown'
        )
        return
    age_s = max_age_s(entry.rate_hz, rate_hz)
    if age_s is not None:
        entry.values['max_age_s'] = age_s
        entry.comments['max_age_s'] = f'guess: it comes at {entry.rate_hz:.2g} Hz'


def _positions(entries: Sequence[Entry]) -> dict[str, list[str]]:
    """Return the observation fields of positions with their joints."""
    return {
        entry.values['name']: entry.values['joints']
        for entry in entries
        if not entry.is_off
        and entry.values.get('type') == JOINT_STATE
        and entry.values['field'] == 'position'
        and 'transform' not in entry.values
    }


def _head(name: str, rate_hz: float, survey: Survey) -> list[str]:
    """Return the keys at the top."""
    why = 'guess: the highest usual rate at which every sensor of the body has new values'
    if survey.simulators:
        why = 'guess: the simulator may have waited for commands while this was measured'
    return [
        f'name: {text_of(name)}   # guess: of this kind of robot',
        f'rate_hz: {value_text(rate_hz)}   # {why}',
        f'episode_steps: {max(1, round(_EPISODE_S * rate_hz))}   # guess: {_EPISODE_S:g} s',
    ]


def _observation(entries: Sequence[Entry]) -> list[str]:
    """Return the section of the observation."""
    is_empty = not any(entry.values and not entry.is_off for entry in entries)
    lines = ['observation: []' if is_empty else 'observation:']
    for entry in entries:
        lines += entry.lines()
    return lines


def _more_actions(entries: Sequence[Entry]) -> list[list[str]]:
    """Return a section of what else could be commanded, if there is something."""
    if not entries:
        return []
    lines = [
        '# To command these, too, remove "# " here; slew_per_s then has numbers for all of them.',
        '# more_actions:',
    ]
    return [[*lines, *(line for entry in entries for line in entry.lines())]]


def _task() -> list[str]:
    """Return the section of the task, which nobody can guess."""
    return ['task:', f'  name: {FILL_IN} what is rewarded']


def _reset(survey: Survey) -> list[str]:
    """Return the section of the reset, which nobody may guess: it moves the robot."""
    lines = ['reset: {}   # FILL IN: how an episode begins: service, move_to_pose or person: true']
    return lines + [
        f'  # a service that may do it: {name} ({kind})' for name, kind in survey.services
    ]


def _to_fill_in(entries: Sequence[Entry], action: Entry) -> Iterator[str]:
    """Yield what a person must fill in."""
    active = [entry for entry in entries if entry.values and not entry.is_off]
    if not active:
        yield 'observation: no sensor was heard that this tool knows'
    elif all('once' in entry.values for entry in active):
        yield 'observation: a sensor that is published all the time'
    for key, value in action.values.items():
        items = value if isinstance(value, list) else [value]
        missing = [item for item in items if isinstance(item, str) and item.startswith(FILL_IN)]
        if missing:
            words = [item.removeprefix(f'{FILL_IN}: ') for item in missing[:_MOST_MISSING]]
            if len(missing) > _MOST_MISSING:
                words.append(f'and {len(missing) - _MOST_MISSING} more')
            yield f'action.{key}: {shown_words("; ".join(words))}'
    yield 'task: what is rewarded'
    yield 'reset: how an episode begins'


def shown_words(words: str) -> str:
    """Return words from this tool and from outside on one line."""
    line = ''.join(letter if letter.isprintable() else ' ' for letter in ' '.join(words.split()))
    return line if len(line) <= _LONGEST_LINE else f'{line[:_LONGEST_LINE]} ...'


def _notes(
    survey: Survey, urdf: Urdf | None, sensors: Sequence[Topic], joints: Sequence[str]
) -> list[str]:
    """Return what was noticed about the robot."""
    found = [f'{shown(item.name)} ({item.type}): {item.note}' for item in sensors if item.note]
    found += [
        f'{name} in config/robots/ describes a robot with such messages: begin with that file'
        for name in described_already(item.type for item in survey.topics)
    ]
    if survey.simulators:
        found.append(f'simulated by {", ".join(map(shown, survey.simulators))}')
    if survey.is_replayed:
        found.append('a recording is played: nobody would obey, and rates may not be real')
    if survey.has_clock:
        found.append('the time is simulated (/clock): run the agent with use_sim_time')
    silent = [
        joint.name
        for joint in (urdf.joints if urdf else ())
        if joint.mimics is None and joint.name not in joints
    ]
    if silent:
        names = ', '.join(map(shown, silent[:10]))
        found.append(f'joints in the URDF that nobody publishes: {names}')
    prefix = common_prefix(joints)
    if prefix:
        found.append(
            f'all joints begin with {shown(prefix)}: if that differs from robot to robot, write'
            ' {prefix} instead'
        )
    return found


def common_prefix(names: Sequence[str]) -> str:
    """Return what all names begin with, up to the last `_` or `/`; empty: nothing."""
    if len(names) < 2:
        return ''
    low, high = min(names), max(names)
    size = next(
        (index for index, letter in enumerate(low) if high[index : index + 1] != letter), len(low)
    )
    common = low[:size]
    return common[: max(common.rfind('_'), common.rfind('/')) + 1]


def _top(name: str, survey: Survey, to_fill_in: Sequence[str], notes: Sequence[str]) -> list[str]:
    """Return the comments at the top."""
    where = f' in namespace {survey.namespace}' if survey.namespace else ''
    lines = [
        f'A first description of {name}{where}, by rl_describe, which listened for'
        f' {survey.seconds:.3g} s.',
        '',
        'To fill in by hand; until then the loader refuses this file:',
        *(f'  - {item}' for item in to_fill_in),
        '',
        'Lines with "guess:" may be wrong: check them, then run check_robot with this file.',
    ]
    if notes:
        lines += ['', 'Noticed:', *(f'  - {shown_words(note)}' for note in notes[:_MOST_NOTES])]
        if len(notes) > _MOST_NOTES:
            lines.append(f'  - and {len(notes) - _MOST_NOTES} more')
    return [f'# {line}'.rstrip() for line in lines]

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

"""The whole description: a shipped one that fits, or else what the topics say."""

from collections.abc import Iterator, Sequence

from rl_agent.errors import ConfigurationError
from rl_agent.robot_draft.action_section import action_section, more_actions, safety_section
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
from rl_agent.robot_draft.draft_top import (
    Draft,
    notes_of,
    possible_resets,
    RESET,
    RESET_TO_FILL_IN,
    shown_words,
    TASK,
    TASK_TO_FILL_IN,
    top,
)
from rl_agent.robot_draft.joint_entries import joint_entries, joint_groups, JointGroup
from rl_agent.robot_draft.sensor_entries import sensor_entries
from rl_agent.robot_draft.shipped_draft import shipped_draft
from rl_agent.robot_draft.shipped_fit import Fit
from rl_agent.robot_draft.shipped_robots import chosen_fit, shipped_fits
from rl_agent.robot_model.urdf import read_urdf, Urdf
from rl_agent.robot_survey.command_topics import (
    commands,
    JOINT_STATE,
    may_take_commands,
    takes_commands,
)
from rl_agent.robot_survey.survey import Survey, Topic

_EPISODE_S = 10.0
_MOST_MISSING = 3  # placeholders of a list that are named at the top
_MOST_NEAR, _MOST_DIFFERENCES = 3, 4
NO_SHIPPED = 'none'


def make_draft(survey: Survey, shipped: str = '') -> Draft:
    """Return a first description of a robot by what was heard of it.

    Args:
        survey: what was heard.
        shipped: the shipped description to begin with, or `none`; empty: the one that fits best.

    Raises:
        ConfigurationError: the shipped description does not fit, or several robots were heard.
    """
    fits = [] if shipped == NO_SHIPPED else shipped_fits(survey)
    fit = None if shipped == NO_SHIPPED else chosen_fit(fits, survey, shipped)
    return _new_draft(survey, fits) if fit is None else shipped_draft(survey, fits, fit)


def _new_draft(survey: Survey, near: Sequence[Fit]) -> Draft:
    """Return a description by the topics alone; `near`: shipped ones that nearly fit."""
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
    notes += _notes(urdf, sensors, joints, near)
    notes += notes_of(survey)
    name = identifier(urdf.name if urdf and urdf.name else survey.namespace, 'my_robot')
    sections = [
        _head(name, rate_hz, survey),
        _observation(entries),
        ['action:', *action.lines(item=False)],
        *_more_actions(more_actions(found, urdf, kinds)),
        *([['safety:', *safety.lines(item=False)]] if safety else []),
        ['task:', TASK],
        [RESET, *possible_resets(survey)],
    ]
    to_fill_in = tuple(_to_fill_in(entries, action))
    body = '\n\n'.join('\n'.join(lines) for lines in sections)
    words = ['Lines with "guess:" may be wrong: check them, then run check_robot with this file.']
    head = '\n'.join(top(name, survey, to_fill_in, notes, words))
    options = ('--namespace', survey.namespace) if survey.namespace else ()
    return Draft(name, f'{head}\n{body}\n', to_fill_in, tuple(notes), options)


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
    yield TASK_TO_FILL_IN
    yield RESET_TO_FILL_IN


def _notes(
    urdf: Urdf | None, sensors: Sequence[Topic], joints: Sequence[str], near: Sequence[Fit]
) -> list[str]:
    """Return what was noticed about topics and joints."""
    found = [f'{shown(item.name)} ({item.type}): {item.note}' for item in sensors if item.note]
    found += [
        f'like {fit.name} in config/robots/, but {"; ".join(fit.differences[:_MOST_DIFFERENCES])}'
        for fit in near[:_MOST_NEAR]
        if fit.differences
    ]
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

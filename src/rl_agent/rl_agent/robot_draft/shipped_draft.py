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

"""A draft that begins with a shipped description, which keeps all but task, box and reset.

What could hurt is not guessed: the order of motors, gains and constants are those that the
description has for this robot, and each line says so.
"""

from collections.abc import Sequence

from rl_agent.configuration import config_folder
from rl_agent.description.robot import load_robot, RobotDescription
from rl_agent.robot_draft.draft_entry import fill_in, value_text
from rl_agent.robot_draft.draft_top import (
    Draft,
    possible_resets,
    RESET,
    RESET_TO_FILL_IN,
    TASK,
    TASK_TO_FILL_IN,
    top,
)
from rl_agent.robot_draft.shipped_fit import Fit
from rl_agent.robot_draft.shipped_notes import shipped_notes
from rl_agent.robot_survey.survey import Survey
import yaml

_BOUNDS = (('low', 'the lowest commands'), ('high', 'the highest commands'))
_INVISIBLE = (yaml.BlockEndToken, yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken)


def shipped_draft(survey: Survey, fits: Sequence[Fit], fit: Fit) -> Draft:
    """Return a draft that begins with a shipped description.

    Args:
        survey: what was heard.
        fits: all descriptions that fit or nearly fit.
        fit: the one to begin with.
    """
    path = config_folder() / 'robots' / f'{fit.name}.yaml'
    text = path.read_text(encoding='utf-8')
    description = load_robot(str(path))
    root = yaml.compose(text, yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)
    lines, first = text.splitlines(), root.start_mark.line
    replaced = _replaced(root, lines, description, survey)
    remarks = _remarks(root, fit)
    ends = _ends_of_content(text)
    body: list[str] = []
    for number in range(first, len(lines)):
        if number in replaced:
            body += replaced[number]
        elif number in ends:
            body.append(_attributed(lines[number], ends[number], path.name, remarks.get(number)))
        else:
            body.append(lines[number])
    to_fill_in = (
        *(f'{name}.{bound}: {word}' for name, _ in _boxes(root) for bound, word in _BOUNDS),
        TASK_TO_FILL_IN,
        RESET_TO_FILL_IN,
    )
    notes = shipped_notes(survey, description, fits, fit)
    words = [
        f'Lines with "# {path.name}" are those of config/robots/{path.name}. Their topics, types',
        'and names were heard; nothing else was measured on this robot. Check what the comments',
        'leave to a person, such as limits and gains, then run check_robot with this file.',
        '',
        f'{path.name} says of itself:',
        *(line.removeprefix('#').rstrip() for line in lines[:first]),
    ]
    head = top(description.name, survey, to_fill_in, notes, words)
    return Draft(
        description.name,
        '\n'.join([*head, '', *body, '']),
        to_fill_in,
        tuple(notes),
        _options(survey, fit),
    )


def _options(survey: Survey, fit: Fit) -> tuple[str, ...]:
    """Return the options of `check_robot` for the robot that was heard."""
    place = '/'.join(filter(None, [survey.namespace, fit.namespace]))
    options = ('--namespace', place) if place else ()
    return (*options, '--prefix', fit.prefix) if fit.prefix else options


def _section(root: yaml.Node, name: str) -> tuple[yaml.Node, yaml.Node]:
    """Return key and value of a mapping."""
    return next((key, value) for key, value in root.value if key.value == name)


def _boxes(root: yaml.MappingNode) -> list[tuple[str, yaml.Node]]:
    """Return the commands that have a box, with their names in the description."""
    found = [('action', _section(root, 'action')[1])]
    if any(key.value == 'more_actions' for key, _ in root.value):
        items = _section(root, 'more_actions')[1].value
        found += [(f'more_actions.{number}', item) for number, item in enumerate(items)]
    return found


def _replaced(
    root: yaml.MappingNode,
    lines: Sequence[str],
    description: RobotDescription,
    survey: Survey,
) -> dict[int, list[str]]:
    """Return line to the lines that replace it, of all that a person fills in."""
    found: dict[int, list[str]] = {}
    parts = (description.action, *description.more_actions)
    for (_, node), action in zip(_boxes(root), parts, strict=True):
        for bound, word in _BOUNDS:
            key, value = _section(node, bound)
            old = value_text(list(getattr(action, bound)))
            what = value_text(fill_in(f'{word}, {action.unit}'))
            margin = ' ' * key.start_mark.column
            _replace(found, key, value, [f'{margin}{bound}: {what}   # shipped: {old}'])
    for name, new in (
        ('task', ['task:', TASK]),
        ('reset', [RESET, *possible_resets(survey)]),
    ):
        key, value = _section(root, name)
        old_lines = lines[key.start_mark.line : _last_line(value) + 1]
        _replace(
            found, key, value, [*new, '  # shipped:', *(f'  #   {line}' for line in old_lines)]
        )
    return found


def _replace(
    found: dict[int, list[str]], key: yaml.Node, value: yaml.Node, new: list[str]
) -> None:
    """Note that a key and its value are replaced."""
    first = key.start_mark.line
    found |= {number: [] for number in range(first, _last_line(value) + 1)}
    found[first] = new


def _last_line(node: yaml.Node) -> int:
    """Return the last line of a node; a block itself ends only where the next one begins."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style:
        return int(node.end_mark.line)
    last = node.value[-1]
    return _last_line(last[1] if isinstance(last, tuple) else last)


def _remarks(root: yaml.MappingNode, fit: Fit) -> dict[int, str]:
    """Return line to a remark about it: where a topic was not heard."""
    silent = {item.partition(' ')[0] for item in (*fit.missing, *fit.awaited)}
    found = {}
    for item in _section(root, 'observation')[1].value:
        key, topic = _section(item, 'topic')
        if topic.value in silent:
            found[key.start_mark.line] = 'no publisher was heard'
    return found


def _ends_of_content(text: str) -> dict[int, int]:
    """Return line to the column where its content ends, and a comment may begin."""
    found: dict[int, int] = {}
    for token in yaml.scan(text, yaml.SafeLoader):
        mark = token.end_mark
        if mark.column and not isinstance(token, _INVISIBLE):
            found[mark.line] = max(found.get(mark.line, 0), mark.column)
    return found


def _attributed(line: str, end: int, source: str, remark: str | None) -> str:
    """Return a line with a comment that says where it was taken from."""
    comment = line[end:].strip().removeprefix('#').strip()
    words = '; '.join(filter(None, [remark, comment]))
    return f'{line[:end]}   # {source}{f": {words}" if words else ""}'

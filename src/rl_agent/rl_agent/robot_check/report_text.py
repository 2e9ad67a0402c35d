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

"""A report of `check_robot` as text for people."""

from collections.abc import Sequence
import os

from rl_agent.message_fields.message_yaml import message_yaml
from rl_agent.robot_check.check_report import CheckReport, CommandReport, Endpoint, FieldReport
from rl_agent.robot_check.report import format_columns, format_table
from rl_agent.system.discovery_advice import discovery_advice

_MOST_SHOWN = 24  # numbers of one field
_VERDICTS = {'now': 'TRIPS NOW', 'yes': 'can', 'no': 'CANNOT', 'unsure': 'unsure'}
_NONE = '-'


def report_text(report: CheckReport, *, with_command: bool = True) -> str:
    """Return a report as text.

    Args:
        report: what was found.
        with_command: whether to show the first command, which never changes.
    """
    sections = [
        [format_table(report.rows)],
        _timing(report),
        _observation(report),
        _limits(report),
        *(map(_first_command, report.commands) if with_command else []),
        *_remarks(report),
    ]
    failed = f'{report.failed} of {len(report.rows)} failed'
    verdict = failed if report.failed else 'everything is as described'
    return '\n\n'.join(map('\n'.join, [*sections, [f'{report.robot}: {verdict}']]))


def _timing(report: CheckReport) -> list[str]:
    """Return who gives each field, and how old it is at the control rate."""
    headings = ('field', 'from', 'offered', 'requested', 'repeats', 'median age', 'worst age')
    rows: list[tuple[str, ...]] = [
        (
            item.row.name,
            _nodes(item.publishers),
            '; '.join(dict.fromkeys(str(other.quality) for other in item.publishers)) or _NONE,
            str(item.requested),
            *_ages(item),
        )
        for item in report.fields
    ]
    return [
        f'at {report.rate_hz:g} Hz, the control rate; repeats: periods without a new message',
        *format_columns(headings, rows),
    ]


def _nodes(endpoints: Sequence[Endpoint]) -> str:
    """Return the nodes of endpoints in words."""
    return ', '.join(dict.fromkeys(item.node for item in endpoints)) or 'nobody'


def _ages(item: FieldReport) -> tuple[str, str, str]:
    """Return the cells about ages."""
    if item.ages is None:
        return (_NONE,) * 3
    ages = item.ages
    return f'{ages.repeats:.0%}', f'{ages.median_s:.3f} s', f'{ages.worst_s:.3f} s'


def _observation(report: CheckReport) -> list[str]:
    """Return each number of the newest frame, as in the message and as the policy sees it."""
    rows = [row for item in report.fields for row in _numbers(item)]
    seen = [item for item in report.fields if not item.task_only]
    size, frame = len(report.names), sum(len(item.names) for item in seen)
    more = '' if size == frame else f': the {frame} below, older ones, and previous actions'
    missing = [item.row.name for item in report.fields if item.values is None]
    state = (
        f'none yet: no value of {", ".join(missing)}'
        if missing
        else f'{report.samples} sampled at {report.rate_hz:g} Hz, the last one'
    )
    return [
        f'observations of {size} numbers{more}; {state}',
        *format_columns(('number', 'in the message', 'observed', 'bounds', 'unit'), rows),
    ]


def _numbers(item: FieldReport) -> list[tuple[str, ...]]:
    """Return a line for each number of a field, one for a camera."""
    if item.image is not None:
        image = item.image
        name = f'{item.row.name}: {image.height} x {image.width} x {image.channels} pixels'
        return [(name, _NONE, item.row.value, item.row.bounds, _NONE)]
    bounds = ' to '.join(_NONE if bound is None else f'{bound:.4g}' for bound in item.bounds)
    bounds = _NONE if item.bounds == (None, None) else bounds
    size = len(item.names)
    values = [_NONE] * size if item.values is None else [f'{value:.6g}' for value in item.values]
    raw = [_NONE] * size if item.raw is None else [f'{value:.6g}' for value in item.raw]
    if len(raw) != size:  # a transform of a quaternion
        raw = [' '.join(raw), *[''] * (size - 1)]
    mark = ' (only for the task)' if item.task_only else ''
    rows: list[tuple[str, ...]] = [
        (f'{name}{mark}', given, value, bounds, item.unit or _NONE)
        for name, given, value in zip(item.names, raw, values, strict=True)
    ]
    if size <= _MOST_SHOWN:
        return rows
    rest = f'... {size - _MOST_SHOWN} more: --json shows all'
    return [*rows[:_MOST_SHOWN], (rest, '', '', '', '')]


def _limits(report: CheckReport) -> list[str]:
    """Return what could stop the robot."""
    rows: list[tuple[str, ...]] = [
        (item.name, item.field, _VERDICTS[item.could_trip], item.reason) for item in report.limits
    ]
    return [
        'what could stop the robot, by what it sends now',
        *format_columns(('limit', 'watches', 'could trip', 'because'), rows),
    ]


def _first_command(command: CommandReport) -> list[str]:
    """Return the first message of a command topic, as YAML for `ros2 topic pub`."""
    which = 'its default' if command.is_default else 'the middle of its bounds'
    lines = message_yaml(command.first).splitlines()
    return [
        f'first command, {which}, to {command.row.topic} as {command.type}; nothing was sent;'
        ' all else is as in a new message:',
        *(f'  {line}' for line in lines),
    ]


def _remarks(report: CheckReport) -> list[list[str]]:
    """Return what is special about this robot."""
    found = []
    if report.image_load:
        found.append([report.image_load])
    if report.alone:
        found.append(
            [
                f'No other ROS node was found in ROS domain {report.domain}.'
                f' {discovery_advice(os.environ)}'
            ]
        )
    if report.simulated:
        found.append(
            ['The robot is simulated and may wait for commands: rates and ages were not checked.']
        )
    return found

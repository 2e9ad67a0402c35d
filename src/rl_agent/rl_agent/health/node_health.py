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

"""Whether a node hangs, by what it reports: work that is due and does not go on."""

from collections.abc import Mapping
from dataclasses import dataclass

_REPORTED = 'state'
_BACKLOG = 'backlog'
_LONG_BACKLOG = 1000  # transitions; a block of updates needs a small part of them
# What counts the work of a node in these states, whatever it is.
_WORK = {'training': 'updates', 'exploring': 'steps', 'evaluating': 'steps'}


@dataclass(frozen=True)
class Verdict:
    """What the reports of a node say.

    Attributes:
        is_healthy: None: not known yet.
        text: what the node does, or what is wrong.
    """

    is_healthy: bool | None
    text: str


def judge(reports: list[Mapping[str, str]]) -> Verdict:
    """Return whether a node works, or has nothing to do.

    Args:
        reports: keys and values of its diagnostics, oldest first.
    """
    if not reports:
        return Verdict(None, 'it has reported nothing')
    first, last = reports[0], reports[-1]
    state = last.get(_REPORTED) or 'reporting'
    counter = _due_work(last)
    if not counter:
        return Verdict(True, state)
    if first.get(counter) != last.get(counter):
        return Verdict(True, f'{state}, {last.get(counter)} {counter}')
    return Verdict(None, f'{state}, but stays at {last.get(counter)} {counter}')


def _due_work(report: Mapping[str, str]) -> str:
    """Return the counter that must change; empty: there may be nothing to do."""
    state = report.get(_REPORTED, '')
    for words, counter in _WORK.items():
        if state.startswith(words) and counter in report:
            return counter
    backlog = report.get(_BACKLOG, '')
    is_behind = backlog.isdecimal() and int(backlog) >= _LONG_BACKLOG
    return 'updates' if is_behind and 'updates' in report else ''

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

"""The comments at the top of a description that is being written."""

from collections.abc import Sequence
from dataclasses import dataclass

from rl_agent.robot_draft.draft_entry import FILL_IN, shown
from rl_agent.robot_survey.survey import Survey

RESET = f'reset: {{}}   # {FILL_IN}: how an episode begins: service, move_to_pose or person: true'
TASK = f'  name: {FILL_IN} what is rewarded'
TASK_TO_FILL_IN, RESET_TO_FILL_IN = 'task: what is rewarded', 'reset: how an episode begins'
_MOST_NOTES, _LONGEST_LINE = 20, 400


@dataclass(frozen=True)
class Draft:
    """A description that is being written.

    Attributes:
        name: of the robot.
        text: of the file.
        to_fill_in: what a person must fill in, one text each.
        notes: what was noticed, one text each.
        options: of `check_robot` for this robot.
    """

    name: str
    text: str
    to_fill_in: tuple[str, ...]
    notes: tuple[str, ...]
    options: tuple[str, ...] = ()


def top(
    name: str,
    survey: Survey,
    to_fill_in: Sequence[str],
    notes: Sequence[str],
    words: Sequence[str] = (),
) -> list[str]:
    """Return the comments at the top.

    Args:
        name: of the robot.
        survey: what was heard.
        to_fill_in: by a person.
        notes: what was noticed.
        words: how to read the file.
    """
    where = f' in namespace {survey.namespace}' if survey.namespace else ''
    lines = [
        f'A first description of {name}{where}, by rl_describe, which listened for'
        f' {survey.seconds:.3g} s.',
        '',
        'To fill in by hand; until then the loader refuses this file:',
        *(f'  - {item}' for item in to_fill_in),
        '',
        *words,
    ]
    if notes:
        lines += ['', 'Noticed:', *(f'  - {shown_words(note)}' for note in notes[:_MOST_NOTES])]
        if len(notes) > _MOST_NOTES:
            lines.append(f'  - and {len(notes) - _MOST_NOTES} more')
    return [f'# {line}'.rstrip() for line in lines]


def notes_of(survey: Survey) -> list[str]:
    """Return what was noticed about the robot as a whole."""
    found = []
    if survey.simulators:
        found.append(f'simulated by {", ".join(map(shown, survey.simulators))}')
    if survey.is_replayed:
        found.append('a recording is played: nobody would obey, and rates may not be real')
    if survey.has_clock:
        found.append('the time is simulated (/clock): run the agent with use_sim_time')
    return found


def possible_resets(survey: Survey) -> list[str]:
    """Return comments that name the services that may be a reset."""
    return [f'  # a service that may do it: {name} ({kind})' for name, kind in survey.services]


def shown_words(words: str) -> str:
    """Return words from this tool and from outside on one line."""
    line = ''.join(letter if letter.isprintable() else ' ' for letter in ' '.join(words.split()))
    return line if len(line) <= _LONGEST_LINE else f'{line[:_LONGEST_LINE]} ...'

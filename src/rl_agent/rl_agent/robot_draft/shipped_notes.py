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

"""What a person should know about a draft that begins with a shipped description."""

from collections.abc import Iterator, Sequence

from rl_agent.description.robot import RobotDescription
from rl_agent.robot_draft.draft_entry import shown
from rl_agent.robot_draft.draft_top import notes_of
from rl_agent.robot_draft.shipped_fit import Fit, full_name
from rl_agent.robot_draft.shipped_urdf import urdf_of
from rl_agent.robot_survey.survey import Survey

_MOST_TOPICS = 15  # in a note


def shipped_notes(
    survey: Survey, description: RobotDescription, fits: Sequence[Fit], fit: Fit
) -> list[str]:
    """Return what was noticed about the robot, one text each.

    Args:
        survey: what was heard.
        description: the shipped one.
        fits: all descriptions that fit or nearly fit.
        fit: that of the description.
    """
    silent = 'no publisher was heard'
    return [
        f'taken for a {fit.name}{_by_urdf(survey)}; other models of its maker may have the same'
        ' topics and joints: check that it is one',
        *(f'{item}: {silent}: start it, or delete its fields' for item in fit.missing),
        *(f'{item}: {silent}: a person or a camera publishes it' for item in fit.awaited),
        *_names(fits, fit),
        *_topics(survey, description, fit),
        *notes_of(survey),
    ]


def _by_urdf(survey: Survey) -> str:
    """Return what the URDF calls the robot, in words; empty: it does not say."""
    urdf = urdf_of(survey.urdf)
    return f', which its URDF calls {shown(urdf.name)}' if urdf and urdf.name else ''


def _names(fits: Sequence[Fit], fit: Fit) -> Iterator[str]:
    """Yield the namespace, the prefixes, and other descriptions that fit."""
    if fit.namespace:
        yield f'its topics are in {fit.namespace}: give that as namespace to every program'
    usable = [item for item in fits if item.is_usable]
    prefixes = dict.fromkeys(item.prefix for item in usable if item.name == fit.name)
    given = ', '.join(shown(prefix) for prefix in prefixes if prefix)
    if given:
        yield f'its joints begin with {given}: give that as prefix to every program'
    for name in dict.fromkeys(item.name for item in usable if item.name != fit.name):
        yield f'{name} fits, too: --shipped {name} begins with it'


def _topics(survey: Survey, description: RobotDescription, fit: Fit) -> Iterator[str]:
    """Yield what is to be known about topics."""
    heard = {topic.name: topic for topic in survey.topics}
    used = set()
    for sent in description.sent:
        topic = heard[full_name(fit.namespace, sent.topic)]
        used.add(topic.name)
        if topic.publishers:
            yield f'{sent.topic}: also sent by {", ".join(map(shown, topic.publishers))}: end it'
    for name in description.topics:
        given = heard.get(full_name(fit.namespace, name))
        if given is not None and given.publishers:
            used.add(given.name)
            if given.note:
                yield f'{name}: {given.note}'
            elif not given.parts:
                yield f'{name}: no message came: its names were not compared'
    more = [shown(topic.name) for topic in survey.topics if topic.name not in used]
    if more:
        rest = f' and {len(more) - _MOST_TOPICS} more' if len(more) > _MOST_TOPICS else ''
        yield f'not in this description: {", ".join(more[:_MOST_TOPICS])}{rest}'

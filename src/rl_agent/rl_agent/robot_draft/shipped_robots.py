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

"""The shipped descriptions that fit what was heard."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

from rl_agent.configuration import config_folder
from rl_agent.description.robot import load_robot, RobotDescription
from rl_agent.errors import ConfigurationError
from rl_agent.robot_draft.shipped_fit import compare, Fit, full_name, joints_in, own_types
from rl_agent.robot_draft.shipped_urdf import urdf_differences, urdf_of
from rl_agent.robot_model.urdf import Urdf
from rl_agent.robot_survey.survey import Survey, Topic

_MOST_PREFIXES = 10
_MOST_JOINTS = 3  # that differ from the URDF and are named


def shipped_fits(survey: Survey) -> list[Fit]:
    """Return the shipped descriptions that fit or nearly fit, the best one first."""
    found, urdf = [], urdf_of(survey.urdf)
    for name in shipped_names():
        fits = list(_fits(name, survey, urdf))
        usable = [fit for fit in fits if fit.is_usable]
        found += usable or sorted(fits, key=_place)[:1]
    return sorted((fit for fit in found if fit.is_usable or fit.is_near), key=_place)


def shipped_names() -> list[str]:
    """Return the names of the shipped descriptions."""
    return [path.stem for path in sorted((config_folder() / 'robots').glob('*.yaml'))]


def chosen_fit(fits: Sequence[Fit], survey: Survey, name: str = '') -> Fit | None:
    """Return the description that a draft begins with; None: none fits.

    Args:
        fits: as of `shipped_fits`.
        survey: what was heard.
        name: of the only description to consider; empty: the best one.

    Raises:
        ConfigurationError: there are several such robots, or the named description does not fit.
    """
    usable = [fit for fit in fits if fit.is_usable and name in ('', fit.name)]
    if name and not usable:
        raise ConfigurationError(f'--shipped: given {name}; {_why_not(name, fits)}')
    if not usable:
        return None
    best = usable[0]
    places = sorted({fit.namespace for fit in usable if fit.name == best.name})
    if len(places) > 1:
        top = f'/{survey.namespace}'.rstrip('/')
        names = ', '.join(f'{top}/{place}'.rstrip('/') or '/' for place in places)
        raise ConfigurationError(
            f'--namespace: given {top or "/"!r}, which has several robots like {best.name};'
            f' accepted: one of {names}'
        )
    return best


def _why_not(name: str, fits: Sequence[Fit]) -> str:
    """Return why a description does not fit, and what is accepted."""
    others = ', '.join(dict.fromkeys(fit.name for fit in fits if fit.is_usable)) or 'none'
    near = next((fit for fit in fits if fit.name == name), None)
    why = f' ({"; ".join(near.differences)})' if near else ''
    if name not in shipped_names():
        why = f', and {name} is not in config/robots'
    return f'accepted: none, or one that fits what was heard: {others}{why}'


def _place(fit: Fit) -> tuple[bool, int, int, int, bool, str]:
    """Return what orders the fits, the best one first; a controller that interpolates is safer."""
    return (
        not fit.is_usable,
        len(fit.differences),
        len(fit.missing),
        -fit.agreeing,
        not fit.interpolates,
        fit.name,
    )


@cache
def _load(name: str, prefix: str = '') -> RobotDescription | None:
    """Return a description; None: it cannot be read, or has no placeholder for the prefix."""
    try:
        return load_robot(name, prefix=prefix)
    except ConfigurationError:
        return None


def _fits(name: str, survey: Survey, urdf: Urdf | None) -> Iterator[Fit]:
    """Yield how a description fits, in each namespace and with each prefix that it may have."""
    plain = _load(name)
    if plain is None:
        return
    heard = {topic.name: topic for topic in survey.topics}
    for namespace in _namespaces(plain, heard):
        for prefix in _prefixes(plain, heard, namespace):
            description = _load(name, prefix)
            if description is None:
                continue
            fit = compare(description, survey, heard, namespace)
            other = list(urdf_differences(description, urdf)) if urdf and fit.is_near else []
            yield replace(
                fit,
                name=name,
                prefix=prefix,
                differences=(*fit.differences, *other[:_MOST_JOINTS]),
            )


def _namespaces(description: RobotDescription, heard: Mapping[str, Topic]) -> list[str]:
    """Return where its topics may be: where one of them is, or a message type of its maker."""
    wanted = [*description.topics, *(item.topic for item in description.sent)]
    found = {
        name[: -len(topic)].rstrip('/')
        for name in heard
        for topic in wanted
        if f'/{name}'.endswith(f'/{topic}')
    }
    if not found and own_types(description.message_types) & {item.type for item in heard.values()}:
        found = {''}
    return sorted(found)


def _prefixes(
    description: RobotDescription, heard: Mapping[str, Topic], namespace: str
) -> list[str]:
    """Return what the names of its joints may begin with, by the messages that name joints."""
    found = ['']
    for item in description.observation:
        topic = heard.get(full_name(namespace, item.topic))
        if topic is not None and item.joints:
            first = item.joints[0]
            names = [name for names in joints_in(topic) for name in names]
            found += [name.removesuffix(first) for name in names if name.endswith(first)]
    return list(dict.fromkeys(found))[:_MOST_PREFIXES]

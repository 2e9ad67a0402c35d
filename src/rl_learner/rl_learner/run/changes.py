# Copyright 2026 The rl_learner authors
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

"""What a learner that resumes does otherwise than before."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter
from rl_agent.description.robot import description_as_json
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.run.manifest import RunManifest

_MOST = 20  # that are named
_LONGEST = 80  # characters of a value


def changes(before: RunManifest, now: RunManifest) -> list[str]:
    """Return the options of algorithm and robot that differ, one text each.

    What gives weights their meaning is refused elsewhere and is not among them.

    Args:
        before: of the last start.
        now: of this start.
    """
    found = [
        *_differences(_plain(before.algorithm), _plain(now.algorithm), ''),
        *_differences(description_as_json(before.robot), description_as_json(now.robot), 'robot.'),
    ]
    more = [f'and {len(found) - _MOST} more'] if len(found) > _MOST else []
    return [*found[:_MOST], *more]


def _plain(algorithm: Algorithm) -> dict[str, Any]:
    """Return the options of an algorithm."""
    options: dict[str, Any] = TypeAdapter(Algorithm).dump_python(algorithm, mode='json')
    return options


def _differences(before: Any, now: Any, where: str) -> Iterator[str]:
    """Yield where two values differ, down to the keys of mappings."""
    if before == now:
        return
    if not (isinstance(before, Mapping) and isinstance(now, Mapping)):
        yield f'{where.rstrip(".")}: {_shown(now)}, before {_shown(before)}'
        return
    for key in dict.fromkeys([*before, *now]):
        yield from _differences(before.get(key), now.get(key), f'{where}{key}.')


def _shown(value: Any) -> str:
    """Return a value as a short text."""
    text = str(value)
    return text if len(text) <= _LONGEST else f'{text[:_LONGEST]}...'

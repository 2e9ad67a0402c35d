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

"""Whether what somebody publishes about a robot or a learner can be true.

One check for each message of this project that people and recorders listen to; every listener
uses it through a `MessageGuard`, so that nothing that anyone publishes ends one or gets stored.
"""

from collections.abc import Callable
import math
import threading
from typing import Any

import numpy as np

# Far beyond every robot and run, and exact as a float: 3 hours at 1 kHz, 300 years at 1 MHz.
MOST_EPISODE_STEPS = 10_000_000
MOST_COUNT = 2**53
MOST_ROBOTS = 1000
_MOST_NAMES = 10_000
_LONGEST_NAME = 255
_MAY_BE_ANY, _MAY_BE_NAN, _FINITE = 'a number', 'a number that is not infinite', 'a finite number'

# For each message: fields of equal length; numbers and what they may be; counts and their most.
_ARRAYS: dict[str, tuple[tuple[str, ...], ...]] = {
    'AgentStatus': (('event_names', 'event_counts'),),
    'Step': (
        ('observation_names', 'observation'),
        ('action_names', 'action_wanted', 'action_executed'),
        ('reward_names', 'reward_parts'),
    ),
    'LearnerStatus': (('metric_names', 'metric_values'),),
}
_NUMBERS: dict[str, dict[str, str]] = {
    'AgentStatus': dict.fromkeys(
        ('steps_per_s', 'last_return', 'policy_age_s', 'latency_p50_us', 'latency_p99_us'),
        _MAY_BE_NAN,
    ),
    'Step': dict.fromkeys(
        ('observation', 'action_wanted', 'action_executed', 'command', 'reward', 'reward_parts'),
        _FINITE,
    ),
    'Episode': {'episode_return': _FINITE},
    'LearnerStatus': {'updates_per_s': _MAY_BE_NAN, 'metric_values': _MAY_BE_ANY},
    'ReplayStatus': dict.fromkeys(('acknowledge_p50_s', 'acknowledge_p99_s'), _MAY_BE_NAN),
}
_SMALLER_COUNTS = {
    ('Episode', 'steps'): MOST_EPISODE_STEPS,
    ('Step', 'step'): MOST_EPISODE_STEPS,
}


def fault_of(message: Any) -> str:
    """Return what cannot be true in a message: field, given and accepted; empty if all may be.

    Args:
        message: AgentStatus, Step, Episode, LearnerStatus or ReplayStatus of rl_msgs.
    """
    kind = type(message).__name__
    types: dict[str, str] = message.get_fields_and_field_types()
    for name, type_name in types.items():
        value = getattr(message, name)
        fault = ''
        if 'string' in type_name:
            fault = _text_fault(name, value)
        elif 'uint' in type_name:
            fault = _count_fault(value, _SMALLER_COUNTS.get((kind, name), MOST_COUNT))
        elif name in _NUMBERS.get(kind, {}):
            fault = _number_fault(value, _NUMBERS[kind][name])
        if fault:
            return f'{name}: {fault}'
    for fields in _ARRAYS.get(kind, ()):
        lengths = [len(getattr(message, name)) for name in fields]
        if len(set(lengths)) > 1:
            return f'{", ".join(fields)}: given lengths {lengths}; accepted: equal ones'
    return ''


class MessageGuard:
    """Hands on only messages that can be true.

    Attributes:
        refused: topic to number of refused messages.
    """

    def __init__(
        self,
        report: Callable[[str], object] | None = None,
        count: Callable[[str], object] | None = None,
    ) -> None:
        """Begin.

        Args:
            report: logs one line; called once for each topic, sender and kind of fault.
            count: takes the same line for each refused message.
        """
        self._report, self._count, self._lock = report, count, threading.Lock()
        self._named: set[tuple[str, str, str]] = set()
        self._robots: set[str] = set()
        self.refused: dict[str, int] = {}

    def checked(self, topic: str, callback: Callable[[Any], None]) -> Callable[[Any], None]:
        """Return a callback that hands the messages of a topic on, except refused ones."""

        def receive(message: Any) -> None:
            fault = fault_of(message) or self._fault_of_sender(message)
            if fault:
                self._refuse(topic, message, fault)
            else:
                callback(message)

        return receive

    def _fault_of_sender(self, message: Any) -> str:
        """Return why one more robot is refused: what is kept for each must not fill the memory."""
        robot = getattr(message, 'robot', None)
        if robot is None or robot in self._robots:
            return ''
        if len(self._robots) >= MOST_ROBOTS:
            return f'robot: given one more name; accepted: {MOST_ROBOTS} robots'
        self._robots.add(robot)
        return ''

    def _refuse(self, topic: str, message: Any, fault: str) -> None:
        """Count a message, and name the first one of its sender and kind."""
        sender = str(getattr(message, 'robot', ''))[:_LONGEST_NAME]
        with self._lock:
            self.refused[topic] = self.refused.get(topic, 0) + 1
            key = (topic, sender, fault.partition(':')[0])
            is_new = key not in self._named and len(self._named) < MOST_ROBOTS
            if is_new:
                self._named.add(key)
        of_robot = f' of robot {sender!r}' if sender else ''
        text = f'{topic}: {type(message).__name__}{of_robot} refused: {fault}'
        if is_new and self._report is not None:
            self._report(text)
        if self._count is not None:
            self._count(text)


def _text_fault(name: str, value: Any) -> str:
    """Return what is wrong with a text or an array of texts."""
    texts = [value] if isinstance(value, str) else value
    if len(texts) > _MOST_NAMES:
        return f'given {len(texts)} texts; accepted: up to {_MOST_NAMES}'
    if name.endswith('state'):  # a sentence
        return ''
    for text in texts:
        if len(text) > _LONGEST_NAME or not text.isprintable():
            return f'given {text[:40]!r}; accepted: up to {_LONGEST_NAME} printable characters'
    return ''


def _count_fault(value: Any, most: int) -> str:
    """Return what is wrong with a count or an array of counts."""
    given = value if isinstance(value, int) else max(value, default=0)
    return f'given {given}; accepted: up to {most}' if given > most else ''


def _number_fault(value: Any, accepted: str) -> str:
    """Return what is wrong with a number or an array of numbers."""
    if accepted == _MAY_BE_ANY:
        return ''
    if isinstance(value, float):
        is_fine = math.isfinite(value) if accepted == _FINITE else not math.isinf(value)
        return '' if is_fine else f'given {value}; accepted: {accepted}'
    array = np.asarray(value, np.float64)
    wrong = ~np.isfinite(array) if accepted == _FINITE else np.isinf(array)
    if not wrong.any():
        return ''
    place = int(np.flatnonzero(wrong)[0])
    return f'given {array[place]} at {place}; accepted: {accepted}'

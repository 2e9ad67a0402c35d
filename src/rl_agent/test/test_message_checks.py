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

"""Messages that cannot be true are refused, counted, and named once per sender and kind."""

import math
from typing import Any

import pytest
from rl_agent.message_checks import fault_of, MessageGuard, MOST_ROBOTS
from rl_msgs.msg import AgentStatus, Episode, LearnerStatus, ReplayStatus, Step

NAN, INFINITE = math.nan, math.inf
STEP = {
    'robot': 'r',
    'observation_names': ['x', 'y'],
    'observation': [1.0, 2.0],
    'action_names': ['a'],
    'action_wanted': [0.1],
    'action_executed': [0.1],
    'command': [3.0],
    'reward_names': ['r'],
    'reward_parts': [1.0],
}


@pytest.mark.parametrize(
    'message',
    [
        AgentStatus(),
        AgentStatus(last_return=NAN, policy_age_s=NAN, latency_p50_us=NAN, event_names=['a'],
                    event_counts=[3], state='a sentence, long' * 100),
        Step(),
        Step(**STEP),
        Episode(robot='r', episode=1, steps=10_000_000, episode_return=-1e300),
        LearnerStatus(metric_names=['loss'], metric_values=[NAN]),
        ReplayStatus(acknowledge_p50_s=NAN, transitions_journaled=2**53),
    ],
)  # fmt: skip
def test_true_messages_pass(message: Any) -> None:
    assert fault_of(message) == ''


@pytest.mark.parametrize(
    ('message', 'words'),
    [
        (AgentStatus(event_names=['a']), 'event_names, event_counts: given lengths [1, 0]'),
        (
            AgentStatus(event_names=['a'], event_counts=[2**60]),
            'event_counts: given 11529215046',
        ),
        (AgentStatus(last_return=INFINITE), 'last_return: given inf; accepted: a number that is'),
        (AgentStatus(steps=2**53 + 1), 'steps: given 9007199254740993; accepted: up to'),
        (AgentStatus(robot='r\0'), "robot: given 'r\\x00'; accepted: up to 255 printable"),
        (
            Step(**{**STEP, 'action_wanted': [0.1, 0.2]}),
            'given lengths [1, 2, 1]',
        ),
        (Step(**{**STEP, 'observation': [1.0]}), 'observation: given lengths [2, 1]'),
        (Step(**{**STEP, 'reward_names': []}), 'given lengths [0, 1]'),
        (Step(**{**STEP, 'command': [-INFINITE]}), 'command: given -inf at 0; accepted: a finite'),
        (Step(reward=NAN), 'reward: given nan; accepted: a finite number'),
        (Step(step=4_000_000_000), 'step: given 4000000000; accepted: up to 10000000'),
        (Episode(episode_return=NAN), 'episode_return: given nan; accepted: a finite number'),
        (Episode(steps=10_000_001), 'steps: given 10000001; accepted: up to 10000000'),
        (Episode(robot='x' * 256), 'accepted: up to 255 printable characters'),
        (LearnerStatus(metric_values=[1.0]), 'given lengths [0, 1]; accepted: equal ones'),
        (LearnerStatus(backlog=2**64 - 1), 'backlog: given 18446744073709551615; accepted'),
        (ReplayStatus(acknowledge_p99_s=INFINITE), 'acknowledge_p99_s: given inf'),
    ],
)
def test_others_are_explained(message: Any, words: str) -> None:
    assert words in fault_of(message)


def test_each_sender_and_kind_is_named_once_and_all_are_counted() -> None:
    lines: list[str] = []
    counted: list[str] = []
    heard: list[Any] = []
    guard = MessageGuard(lines.append, counted.append)
    receive = guard.checked('/episode', heard.append)
    for _ in range(5):
        for robot in ('a', 'b'):
            receive(Episode(robot=robot, episode_return=NAN))
        receive(Episode(robot='a', steps=4_000_000_000))
        receive(Episode(robot='a', steps=7))
    assert len(lines) == 3
    assert "/episode: Episode of robot 'b' refused: episode_return: given nan" in lines[1]
    assert guard.refused == {'/episode': 15}
    assert len(counted) == 15
    assert [message.steps for message in heard] == [7] * 5


def test_the_names_of_robots_do_not_fill_the_memory() -> None:
    heard: list[Any] = []
    receive = MessageGuard().checked('/status', heard.append)
    for number in range(MOST_ROBOTS + 50):
        receive(AgentStatus(robot=f'r{number}'))
    receive(AgentStatus(robot='r3'))
    assert len(heard) == MOST_ROBOTS + 1

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

"""A node that hangs and one that waits, by what they report."""

import pytest
from rl_agent.health.node_health import judge

WAITING = {'state': 'waiting for data', 'updates': '7', 'backlog': '999'}
TRAINING = {'state': 'training', 'updates': '7', 'backlog': '0'}
EXPLORING = {'state': 'exploring', 'steps': '40'}


def test_silence_is_no_verdict() -> None:
    assert judge([]).is_healthy is None


@pytest.mark.parametrize(
    'report',
    [
        WAITING,
        {'state': 'starting', 'updates': '0', 'backlog': '0'},
        {'state': 'disk: full', 'updates': '7', 'backlog': '0'},
        {'state': 'stopped', 'updates': '7', 'backlog': '0'},
        {'state': 'feeding', 'transitions_journaled': '0'},
        {'state': 'waiting for a policy', 'steps': '0'},
        {'state': 'held by safety', 'steps': '40'},
        {'executed_steps': '3'},
        {},
        {'state': 'waiting for data', 'updates': '7', 'backlog': 'many'},
    ],
)
def test_one_report_is_enough_of_a_node_without_due_work(report: dict[str, str]) -> None:
    assert judge([report]).is_healthy is True


@pytest.mark.parametrize(
    ('report', 'counter'),
    [
        (TRAINING, 'updates'),
        ({**WAITING, 'backlog': '1000'}, 'updates'),
        ({'state': 'disk: full', 'updates': '7', 'backlog': '5000'}, 'updates'),
        (EXPLORING, 'steps'),
        ({'state': 'evaluating 3 of 10', 'steps': '40'}, 'steps'),
    ],
)
def test_due_work_must_go_on(report: dict[str, str], counter: str) -> None:
    value = int(report[counter])
    assert judge([report]).is_healthy is None
    stalled = judge([report, report, report])
    assert stalled.is_healthy is None
    assert f'stays at {value} {counter}' in stalled.text
    further = judge([report, {**report, counter: str(value + 1)}])
    assert further.is_healthy is True
    restarted = judge([report, {**report, counter: '0'}])
    assert restarted.is_healthy is True


def test_a_node_that_ran_out_of_work_is_healthy() -> None:
    assert judge([TRAINING, {**TRAINING, 'state': 'waiting for data'}]).is_healthy is True

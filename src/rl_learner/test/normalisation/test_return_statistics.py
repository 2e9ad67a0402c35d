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

"""The deviation of discounted rewards, against NumPy's over whole episodes."""

import json
import math

import numpy as np
import pytest
from rl_learner.normalisation.return_statistics import ReturnStatistics
from rl_learner.replay.transition_arrays import TransitionArrays

GAMMA = 0.9
ONE, TWO = ('robot_1', 'a'), ('robot_2', 'b')


def transitions(
    rewards: list[float], *, episode: int = 1, terminated: bool = False, truncated: bool = False
) -> TransitionArrays:
    """Return consecutive transitions of one episode; the flags are those of the last one."""
    count = len(rewards)
    is_last = np.arange(count) == count - 1
    vectors = np.zeros((count, 2), np.float32)
    return TransitionArrays(
        observation=vectors,
        action=vectors,
        reward=np.array(rewards, np.float32),
        next_observation=vectors,
        terminated=is_last & terminated,
        truncated=is_last & truncated,
        episode=np.full(count, episode, np.uint32),
    )


def discounted(rewards: list[float]) -> list[float]:
    """Return each G of an episode by its definition as a sum."""
    return [
        sum(GAMMA ** (step - past) * rewards[past] for past in range(step + 1))
        for step in range(len(rewards))
    ]


def test_denominator_is_the_deviation_of_g_of_each_robot_and_episode() -> None:
    """Two robots in turn, in pieces; one ends by `terminated`, one by a time limit."""
    statistics = ReturnStatistics(GAMMA)
    statistics.add(ONE, 1, transitions([1.0, 2.0]))
    statistics.add(TWO, 7, transitions([-5.0]))
    statistics.add(ONE, 3, transitions([3.0], terminated=True))
    statistics.add(TWO, 8, transitions([4.0], truncated=True))
    statistics.add(ONE, 4, transitions([8.0, 1.0], episode=2))
    statistics.add(TWO, 9, transitions([2.0], episode=2))
    episodes = [[1.0, 2.0, 3.0], [-5.0, 4.0], [8.0, 1.0], [2.0]]
    expected = np.std([g for rewards in episodes for g in discounted(rewards)])
    assert statistics.denominator == pytest.approx(expected + 1e-8, rel=1e-12)


@pytest.mark.parametrize(
    ('sequence', 'episode', 'sender'),
    [(4, 1, ONE), (3, 2, ONE), (3, 1, ('robot_1', 'later session'))],
    ids=['gap', 'episode without an end', 'restarted agent'],
)
def test_g_begins_anew_where_an_episode_does_not_continue(
    sequence: int, episode: int, sender: tuple[str, str]
) -> None:
    statistics = ReturnStatistics(GAMMA)
    statistics.add(ONE, 1, transitions([1.0, 2.0]))
    statistics.add(sender, sequence, transitions([3.0, 5.0], episode=episode))
    expected = np.std(discounted([1.0, 2.0]) + discounted([3.0, 5.0]))
    assert statistics.denominator == pytest.approx(expected + 1e-8, rel=1e-12)


@pytest.mark.parametrize(('bound', 'is_bounded'), [(0.5, True), (100.0, False)])
def test_no_normalised_return_exceeds_the_bound(bound: float, is_bounded: bool) -> None:
    rewards = [1.0, -4.0, 2.0, 0.5]
    statistics = ReturnStatistics(GAMMA, bound)
    statistics.add(ONE, 1, transitions(rewards))
    largest, deviation = max(map(abs, discounted(rewards))), np.std(discounted(rewards))
    expected = largest / bound if is_bounded else deviation
    assert statistics.denominator == pytest.approx(expected + 1e-8, rel=1e-12)
    assert (largest / statistics.denominator <= bound) is True


def test_denominator_is_one_until_returns_differ() -> None:
    """Rewards of an unknown size stay as they are, instead of growing by 1e8."""
    statistics = ReturnStatistics(GAMMA)
    assert statistics.denominator == 1.0
    statistics.add(ONE, 1, transitions([]))
    statistics.add(ONE, 1, transitions([3.0]))
    assert statistics.denominator == 1.0
    statistics.add(ONE, 2, transitions([3.0]))
    assert statistics.denominator == pytest.approx(0.5 * GAMMA * 3.0, rel=1e-6)


def test_resumed_statistics_are_equal_bit_for_bit_however_rows_were_split() -> None:
    random = np.random.default_rng(3)
    rewards = (1000.0 + random.normal(size=300)).tolist()
    whole, resumed = ReturnStatistics(GAMMA), ReturnStatistics(GAMMA)
    whole.add(ONE, 1, transitions(rewards))
    start = 0
    for count in (1, 7, 150, 142):
        resumed.add(ONE, 1 + start, transitions(rewards[start : start + count]))
        start += count
        state = json.loads(json.dumps(resumed.state_dict()))
        resumed = ReturnStatistics(GAMMA)
        resumed.load_state_dict(state)
    assert resumed.state_dict() == whole.state_dict()
    assert resumed.denominator == whole.denominator


def test_many_silent_robots_take_no_memory() -> None:
    statistics = ReturnStatistics(GAMMA)
    for number in range(3000):
        statistics.add((f'robot_{number}', 'a'), 1, transitions([1.0]))
    assert len(statistics.state_dict()['open']) == 1000
    assert not math.isnan(statistics.denominator)


def test_statistics_of_two_journals_are_those_of_all_their_rows() -> None:
    """Experience and demonstrations; with the bound of 5, max|G| / 5 where that is larger."""
    experience, taught = [0.0, 1.0, 0.0, 2.0], [3.0, -1.0]
    for bound in (0.0, 5.0, 0.5):
        first, second = ReturnStatistics(GAMMA, bound), ReturnStatistics(GAMMA, bound)
        first.add(ONE, 1, transitions(experience, terminated=True))
        second.add(TWO, 1, transitions(taught, truncated=True))
        every = [*discounted(experience), *discounted(taught)]
        expected = max(float(np.std(every)), max(map(abs, every)) / bound if bound else 0.0)
        assert first.joined(second).denominator == pytest.approx(expected + 1e-8)
        assert second.joined(first).denominator == pytest.approx(expected + 1e-8)


def test_joining_nothing_changes_no_bit() -> None:
    statistics, empty = ReturnStatistics(GAMMA), ReturnStatistics(GAMMA)
    assert empty.joined(empty).denominator == 1.0
    statistics.add(ONE, 1, transitions([0.1, 0.7, -0.3]))
    assert statistics.joined(empty).denominator == statistics.denominator
    assert empty.joined(statistics).denominator == statistics.denominator

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

"""Evaluations start when they are due, and their outcome is right."""

import math
from typing import Any

import pytest
from rl_learner.demo.evaluation_schedule import (
    EvaluationProgress,
    EvaluationSchedule,
    fitting_episodes,
)

# 10 evaluation episodes and 2 unfinished ones, of 200 steps each, must still fit: 2400 steps.
# The last chance starts one eighth earlier: 2700 steps before the end.
MAX_STEPS = 8000
LATEST = MAX_STEPS - 2400
LAST_CHANCE_FROM = MAX_STEPS - 2700


def make_schedule(**changes: Any) -> EvaluationSchedule:
    """Return a schedule for the pendulum demo with one robot."""
    settings = {
        'target_return': -200.0,
        'highest_return': 0.0,
        'episodes': 10,
        'episode_steps': 200,
        'max_steps': MAX_STEPS,
        'robots': 1,
    }
    return EvaluationSchedule(**{**settings, **changes})


def explore(schedule: EvaluationSchedule, *returns: float) -> None:
    for episode_return in returns:
        schedule.on_episode(episode_return, evaluation=False, policy_version=1)


def evaluate(schedule: EvaluationSchedule, *returns: float, version: int = 5) -> None:
    for episode_return in returns:
        schedule.on_episode(episode_return, evaluation=True, policy_version=version)


def begin(schedule: EvaluationSchedule) -> EvaluationSchedule:
    """Bring a schedule into an evaluation."""
    explore(schedule, -100.0, -100.0, -100.0)
    assert schedule.start_if_due(1000)
    return schedule


@pytest.mark.parametrize(
    ('max_steps', 'robots', 'episodes'),
    [
        (8000, 1, 10),
        (8000, 4, 10),
        (4800, 1, 10),
        (3000, 1, 5),
        (3000, 2, 3),
        (1200, 1, 1),
        (9, 1, 1),
    ],
)
def test_a_short_run_has_a_short_evaluation(max_steps: int, robots: int, episodes: int) -> None:
    fitting = fitting_episodes(10, max_steps=max_steps, episode_steps=200, robots=robots)
    assert fitting == episodes


@pytest.mark.parametrize(
    ('returns', 'wanted'),
    [
        ([], False),
        ([-100.0, -100.0], False),  # two may be luck
        ([-250.0, -250.0, -250.0], True),  # at most a quarter below the target
        ([-251.0, -250.0, -250.0], False),
        ([0.0, -375.0, -375.0], True),  # the mean counts
        ([0.0, -376.0, -375.0], False),
        ([-1500.0, -100.0, -100.0, -100.0], True),  # only the newest three count
        ([-100.0, -100.0, -100.0, -1500.0], False),
    ],
)
def test_an_evaluation_starts_when_exploring_looks_good(
    returns: list[float], wanted: bool
) -> None:
    schedule = make_schedule()
    explore(schedule, *returns)
    assert schedule.start_if_due(1000) is wanted
    assert schedule.evaluating is wanted


@pytest.mark.parametrize(
    ('target', 'good', 'bad'), [(100.0, 75.0, 74.0), (-200.0, -250.0, -251.0), (0.0, 0.0, -1.0)]
)
def test_close_is_below_the_target_of_either_sign(target: float, good: float, bad: float) -> None:
    for episode_return, wanted in ((bad, False), (good, True)):
        schedule = make_schedule(target_return=target, highest_return=1000.0)
        explore(schedule, *3 * [episode_return])
        assert schedule.start_if_due(1000) is wanted


def test_during_an_evaluation_none_starts() -> None:
    schedule = begin(make_schedule())
    explore(schedule, -100.0, -100.0, -100.0)
    assert not schedule.start_if_due(1200)


def test_a_mean_at_the_target_has_learned() -> None:
    schedule = begin(make_schedule())
    evaluate(schedule, *5 * [-300.0], *4 * [-100.0])
    assert (schedule.evaluating, schedule.learned) == (True, False)
    evaluate(schedule, -100.0)
    assert (schedule.evaluating, schedule.learned) == (False, True)
    assert schedule.evaluation.mean == -200.0
    assert schedule.evaluation.policy_versions == [5] * 10
    assert not schedule.start_if_due(3000)


def test_a_mean_below_the_target_has_not() -> None:
    schedule = begin(make_schedule())
    evaluate(schedule, *9 * [-200.0], -200.5)
    assert (schedule.evaluating, schedule.learned) == (False, False)


@pytest.mark.parametrize(
    ('highest', 'episodes'),
    # -1000 each; with the best remaining returns the sum must not fall below -2000
    [(0.0, 3), (-100.0, 2), (1000.0, 7)],
)
def test_a_hopeless_evaluation_is_cut_short(highest: float, episodes: int) -> None:
    schedule = begin(make_schedule(highest_return=highest))
    for number in range(1, episodes + 1):
        assert schedule.evaluating
        evaluate(schedule, -1000.0)
        assert schedule.evaluating is (number < episodes)
    assert not schedule.learned
    assert schedule.evaluation.returns == [-1000.0] * episodes


def test_one_bad_episode_does_not_decide() -> None:
    schedule = begin(make_schedule())
    evaluate(schedule, -1999.0, *9 * [0.0])
    assert schedule.learned


def test_after_a_failed_evaluation_exploring_must_look_good_again() -> None:
    schedule = begin(make_schedule())
    evaluate(schedule, -2001.0)
    assert not schedule.start_if_due(2000)
    explore(schedule, *5 * [-100.0])  # more often than before the first
    assert not schedule.start_if_due(3000)
    explore(schedule, -100.0)
    assert schedule.start_if_due(3200)
    assert schedule.evaluation.returns == []
    evaluate(schedule, -2001.0)
    explore(schedule, *11 * [-100.0])
    assert not schedule.start_if_due(3400)
    explore(schedule, -100.0)
    assert schedule.start_if_due(3500)


def test_deterministic_episodes_outside_an_evaluation_do_not_count() -> None:
    """They arrive late from a robot that had not yet ended an evaluation with a known outcome."""
    schedule = make_schedule()
    evaluate(schedule, -100.0, -100.0, -100.0)
    assert not schedule.start_if_due(1000)
    begin(schedule)
    assert schedule.evaluation.returns == []


def test_more_episodes_than_asked_for_do_not_count() -> None:
    schedule = begin(make_schedule(episodes=2))
    evaluate(schedule, -100.0, -200.0, -5000.0)
    assert schedule.learned
    assert schedule.evaluation.returns == [-100.0, -200.0]


def test_exploring_during_an_evaluation_does_not_count_for_it() -> None:
    schedule = begin(make_schedule(episodes=2))
    explore(schedule, -5000.0)
    evaluate(schedule, -100.0, -100.0)
    assert schedule.learned


def test_before_the_steps_run_out_there_is_one_last_chance() -> None:
    schedule = make_schedule()
    explore(schedule, -1500.0)
    assert not schedule.start_if_due(LAST_CHANCE_FROM)
    assert schedule.start_if_due(LAST_CHANCE_FROM + 1)
    evaluate(schedule, -5000.0)
    assert not schedule.start_if_due(LAST_CHANCE_FROM + 2)


def test_an_evaluation_that_does_not_fit_is_not_started() -> None:
    schedule = make_schedule()
    explore(schedule, -100.0, -100.0, -100.0)
    assert not schedule.start_if_due(LATEST + 1)
    assert schedule.start_if_due(LATEST)


def test_more_robots_need_more_steps() -> None:
    """A second robot adds two unfinished episodes of 200 steps."""
    schedule = make_schedule(robots=2)
    explore(schedule, -100.0, -100.0, -100.0)
    assert not schedule.start_if_due(LATEST - 400 + 1)
    assert schedule.start_if_due(LATEST - 400)


def test_no_episodes_have_no_mean() -> None:
    assert math.isnan(EvaluationProgress().mean)
    assert EvaluationProgress([-1.0, -4.0], [1, 1]).mean == -2.5


def test_without_a_target_there_is_one_evaluation_at_the_end() -> None:
    schedule = make_schedule(target_return=None, highest_return=None)
    explore(schedule, *[0.0] * 50)
    assert not schedule.start_if_due(LAST_CHANCE_FROM)
    assert schedule.start_if_due(LATEST - 1)
    evaluate(schedule, *[-1500.0] * 9)
    assert schedule.evaluating
    evaluate(schedule, -1500.0)
    assert (schedule.evaluating, schedule.finished, schedule.learned) == (False, True, False)
    assert not schedule.start_if_due(LATEST - 1)


def test_without_an_upper_bound_an_evaluation_is_complete_before_it_fails() -> None:
    schedule = begin(make_schedule(highest_return=None))
    evaluate(schedule, *[-1500.0] * 9)
    assert schedule.evaluating
    evaluate(schedule, -1500.0)
    assert (schedule.evaluating, schedule.learned) == (False, False)
    schedule = begin(make_schedule(highest_return=None))
    evaluate(schedule, *[-100.0] * 10)
    assert schedule.learned


def test_a_short_last_chance_is_not_missed() -> None:
    """Fast robots take a whole short episode between two looks."""
    schedule = make_schedule(
        target_return=None, highest_return=None, episodes=3, episode_steps=60, max_steps=700
    )
    assert not schedule.start_if_due(300)
    assert schedule.start_if_due(345)
    late = make_schedule(target_return=None, highest_return=None, max_steps=700)
    assert late.start_if_due(690)


def test_fast_robots_are_evaluated_before_two_looks_take_the_last_chance() -> None:
    schedule = make_schedule()
    assert not schedule.start_if_due(LATEST - 1500)
    assert schedule.start_if_due(LATEST - 700)  # at the next two looks it would be too late

# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Evaluations begin when it is time, and their verdict is right."""

import math
from typing import Any

import pytest
from rl_learner.demo.evaluation_schedule import (
    EvaluationProgress,
    EvaluationSchedule,
    fitting_episodes,
)

# 10 episodes of evaluation and 2 under way, of 200 steps each, must still fit: 2400 steps.
# The last chance is one eighth wider: from 2700 steps before the end.
MAX_STEPS = 8000
LATEST = MAX_STEPS - 2400
LAST_CHANCE_FROM = MAX_STEPS - 2700


def make_judge(**changes: Any) -> EvaluationSchedule:
    """Return a judge of the pendulum demo with one robot."""
    settings = {
        'target_return': -200.0,
        'highest_return': 0.0,
        'episodes': 10,
        'episode_steps': 200,
        'max_steps': MAX_STEPS,
        'robots': 1,
    }
    return EvaluationSchedule(**{**settings, **changes})


def explore(judge: EvaluationSchedule, *returns: float) -> None:
    for episode_return in returns:
        judge.on_episode(episode_return, evaluation=False, policy_version=1)


def evaluate(judge: EvaluationSchedule, *returns: float, version: int = 5) -> None:
    for episode_return in returns:
        judge.on_episode(episode_return, evaluation=True, policy_version=version)


def begin(judge: EvaluationSchedule) -> EvaluationSchedule:
    """Bring a judge into an evaluation."""
    explore(judge, -100.0, -100.0, -100.0)
    assert judge.wants_evaluation(1000)
    return judge


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
        ([-100.0, -100.0], False),  # two are luck
        ([-250.0, -250.0, -250.0], True),  # a quarter below the target is close
        ([-251.0, -250.0, -250.0], False),
        ([0.0, -375.0, -375.0], True),  # it is the mean that counts
        ([0.0, -376.0, -375.0], False),
        ([-1500.0, -100.0, -100.0, -100.0], True),  # only the newest three count
        ([-100.0, -100.0, -100.0, -1500.0], False),
    ],
)
def test_an_evaluation_begins_when_exploring_looks_good(
    returns: list[float], wanted: bool
) -> None:
    judge = make_judge()
    explore(judge, *returns)
    assert judge.wants_evaluation(1000) is wanted
    assert judge.evaluating is wanted


@pytest.mark.parametrize(
    ('target', 'good', 'bad'), [(100.0, 75.0, 74.0), (-200.0, -250.0, -251.0), (0.0, 0.0, -1.0)]
)
def test_close_is_below_the_target_whatever_its_sign(
    target: float, good: float, bad: float
) -> None:
    for episode_return, wanted in ((bad, False), (good, True)):
        judge = make_judge(target_return=target, highest_return=1000.0)
        explore(judge, *3 * [episode_return])
        assert judge.wants_evaluation(1000) is wanted


def test_during_an_evaluation_none_begins() -> None:
    judge = begin(make_judge())
    explore(judge, -100.0, -100.0, -100.0)
    assert not judge.wants_evaluation(1200)


def test_a_mean_at_the_target_has_learned() -> None:
    judge = begin(make_judge())
    evaluate(judge, *5 * [-300.0], *4 * [-100.0])
    assert (judge.evaluating, judge.learned) == (True, False)
    evaluate(judge, -100.0)
    assert (judge.evaluating, judge.learned) == (False, True)
    assert judge.evaluation.mean == -200.0
    assert judge.evaluation.policy_versions == [5] * 10
    assert not judge.wants_evaluation(3000)


def test_a_mean_below_the_target_has_not() -> None:
    judge = begin(make_judge())
    evaluate(judge, *9 * [-200.0], -200.5)
    assert (judge.evaluating, judge.learned) == (False, False)


@pytest.mark.parametrize(
    ('highest', 'episodes'),
    # 1000 each; the sum must not fall below -2000 with the best that can still come
    [(0.0, 3), (-100.0, 2), (1000.0, 7)],
)
def test_a_lost_evaluation_is_cut_short(highest: float, episodes: int) -> None:
    judge = begin(make_judge(highest_return=highest))
    for number in range(1, episodes + 1):
        assert judge.evaluating
        evaluate(judge, -1000.0)
        assert judge.evaluating is (number < episodes)
    assert not judge.learned
    assert judge.evaluation.returns == [-1000.0] * episodes


def test_one_bad_episode_alone_decides_nothing() -> None:
    judge = begin(make_judge())
    evaluate(judge, -1999.0, *9 * [0.0])
    assert judge.learned


def test_after_a_lost_evaluation_exploring_must_look_good_again() -> None:
    judge = begin(make_judge())
    evaluate(judge, -2001.0)
    assert not judge.wants_evaluation(2000)
    explore(judge, *5 * [-100.0])  # and more often than before the first
    assert not judge.wants_evaluation(3000)
    explore(judge, -100.0)
    assert judge.wants_evaluation(3200)
    assert judge.evaluation.returns == []
    evaluate(judge, -2001.0)
    explore(judge, *11 * [-100.0])
    assert not judge.wants_evaluation(5000)
    explore(judge, -100.0)
    assert judge.wants_evaluation(5200)


def test_deterministic_episodes_outside_an_evaluation_do_not_count() -> None:
    """They come late from a robot that was still in an evaluation that is decided."""
    judge = make_judge()
    evaluate(judge, -100.0, -100.0, -100.0)
    assert not judge.wants_evaluation(1000)
    begin(judge)
    assert judge.evaluation.returns == []


def test_more_episodes_than_asked_for_do_not_count() -> None:
    judge = begin(make_judge(episodes=2))
    evaluate(judge, -100.0, -200.0, -5000.0)
    assert judge.learned
    assert judge.evaluation.returns == [-100.0, -200.0]


def test_exploring_during_an_evaluation_does_not_count_for_it() -> None:
    judge = begin(make_judge(episodes=2))
    explore(judge, -5000.0)
    evaluate(judge, -100.0, -100.0)
    assert judge.learned


def test_before_the_steps_run_out_there_is_one_last_chance() -> None:
    judge = make_judge()
    explore(judge, -1500.0)
    assert not judge.wants_evaluation(LAST_CHANCE_FROM)
    assert judge.wants_evaluation(LAST_CHANCE_FROM + 1)
    evaluate(judge, -5000.0)
    assert not judge.wants_evaluation(LAST_CHANCE_FROM + 2)


def test_an_evaluation_that_does_not_fit_is_not_begun() -> None:
    judge = make_judge()
    explore(judge, -100.0, -100.0, -100.0)
    assert not judge.wants_evaluation(LATEST + 1)
    assert judge.wants_evaluation(LATEST)


def test_more_robots_need_more_room() -> None:
    """Two robots: two more episodes of 200 steps are under way."""
    judge = make_judge(robots=2)
    explore(judge, -100.0, -100.0, -100.0)
    assert not judge.wants_evaluation(LATEST - 400 + 1)
    assert judge.wants_evaluation(LATEST - 400)


def test_no_episodes_have_no_mean() -> None:
    assert math.isnan(EvaluationProgress().mean)
    assert EvaluationProgress([-1.0, -4.0], [1, 1]).mean == -2.5

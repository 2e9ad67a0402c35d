# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Messages become the numbers that TensorBoard draws."""

import math

import pytest
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.monitoring.run_scalars import obtained_return, RunScalars
from rl_msgs.msg import AgentStatus, Episode, LearnerStatus, ReplayStatus, Step


@pytest.fixture
def recorder() -> RunScalars:
    return RunScalars(load_algorithm('sac', {'warmup': 10, 'replay_capacity': 1000}))


def learner(updates: int, stored: int, **fields: float) -> LearnerStatus:
    """Return a learner's status with metrics."""
    return LearnerStatus(
        learner_session='a',
        updates=updates,
        transitions_stored=stored,
        replay_size=stored,
        metric_names=list(fields),
        metric_values=list(fields.values()),
    )


def live(recorder: RunScalars, rewards: list[float], episode: int = 1, **end: bool) -> Episode:
    """Let a robot live an episode; return its end."""
    for number, reward in enumerate(rewards):
        recorder.on_step(
            Step(
                robot='r',
                episode=episode,
                step=number,
                reward=reward,
                reward_names=['task', 'cost'],
                reward_parts=[reward + 1.0, -1.0],
                action_executed=[1.0, 0.0],
                intervention=number == 0,
            )
        )
    total = math.fsum(rewards)
    return Episode(robot='r', episode=episode, steps=len(rewards), episode_return=total, **end)


def test_a_discounted_return_by_hand() -> None:
    """1 + 0.5 * (2 + 0.5 * 4) = 3; 2 + 0.5 * 4 = 4; 4: mean 11 / 3."""
    assert obtained_return([1, 2, 4], 0.5, terminated=True) == pytest.approx(11 / 3)


def test_a_cut_episode_goes_on_as_it_ended() -> None:
    """The last tenth of three steps is one: 4 for ever, worth 8; so 8, 6, 4 and mean 6."""
    assert obtained_return([1, 2, 4], 0.5, terminated=False) == pytest.approx((4 + 6 + 8) / 3)
    assert obtained_return([1.0] * 50, 0.9, terminated=False) == pytest.approx(10.0)


def test_what_comes_often_is_averaged(recorder: RunScalars) -> None:
    recorder.on_learner(learner(0, 20, critic_loss=1.0, temperature=0.5))
    recorder.on_learner(learner(10, 40, critic_loss=3.0, temperature=math.nan))
    means = recorder.take()
    assert recorder.step == 40
    assert means['critic/critic_loss'] == 2.0
    assert means['actor/temperature'] == 0.5
    assert means['replay/fill'] == pytest.approx(0.03)
    assert means['learner/updates_to_data'] == pytest.approx(10 / 20)
    assert recorder.take() == {}


def test_the_warmup_does_not_count_as_slow_training(recorder: RunScalars) -> None:
    recorder.on_learner(learner(0, 5))
    recorder.on_learner(learner(0, 12))
    recorder.on_learner(learner(8, 20))
    assert recorder.take()['learner/updates_to_data'] == pytest.approx(8 / 8)


def test_a_warmup_that_is_longer_by_parameter_does_not_count_either(recorder: RunScalars) -> None:
    for stored in (5, 20, 200):
        recorder.on_learner(learner(0, stored))
    recorder.on_learner(learner(30, 230))
    assert recorder.take()['learner/updates_to_data'] == pytest.approx(1.0)


def test_the_count_of_transitions_never_falls(recorder: RunScalars) -> None:
    recorder.on_learner(learner(0, 50))
    recorder.on_learner(learner(0, 0))
    assert recorder.step == 50
    recorder.on_bridge(ReplayStatus(transitions_journaled=70))
    assert recorder.step == 70


def test_the_numbers_of_an_episode(recorder: RunScalars) -> None:
    recorder.on_learner(learner(0, 33))
    recorder.on_episode(live(recorder, [1.0, 2.0], terminated=True))
    ((step, numbers),) = recorder.take_episodes()
    assert step == 33
    assert numbers == pytest.approx(
        {
            'r/return/exploring': 3.0,
            'r/episode_steps': 2.0,
            'r/reward_parts/task': 5.0,
            'r/reward_parts/cost': -2.0,
            'r/interventions': 0.5,
            'r/action_saturation': 0.5,
            'r/return/obtained': ((1 + 0.99 * 2) + 2) / 2,
        }
    )
    assert recorder.take_episodes() == []


def test_steps_that_come_after_the_end_are_waited_for(recorder: RunScalars) -> None:
    late = RunScalars(load_algorithm('sac'))
    message = live(recorder, [1.0, 2.0], terminated=True)
    late.on_episode(message)
    assert late.take_episodes() == []
    live(late, [1.0, 2.0])
    assert 'r/return/obtained' in late.take_episodes()[0][1]


def test_missed_steps_leave_parts_but_no_discounted_return(recorder: RunScalars) -> None:
    message = live(recorder, [1.0, 2.0])
    message.steps = 4
    recorder.on_episode(message)
    assert recorder.take_episodes() == recorder.take_episodes() == []
    ((_, numbers),) = recorder.take_episodes()
    assert numbers['r/reward_parts/cost'] == -4.0
    assert 'r/return/obtained' not in numbers


def test_an_agent_that_starts_again_mixes_no_episodes(recorder: RunScalars) -> None:
    live(recorder, [1.0, 1.0, 1.0])
    recorder.on_episode(live(recorder, [5.0], terminated=True))
    ((_, numbers),) = recorder.take_episodes()
    assert numbers['r/return/obtained'] == 5.0


def test_evaluations_are_apart(recorder: RunScalars) -> None:
    recorder.on_episode(live(recorder, [1.0], evaluation=True, terminated=True))
    ((_, numbers),) = recorder.take_episodes()
    assert numbers['r/return/evaluation'] == 1.0
    assert 'r/return/exploring' not in numbers
    assert 'r/return/obtained' not in numbers


def test_the_agents_own_numbers(recorder: RunScalars) -> None:
    for ticks, late in ((100, 5), (200, 15)):
        recorder.on_agent(
            AgentStatus(
                robot='r',
                policy_age_s=math.nan,
                latency_p99_us=250.0,
                ticks=ticks,
                ticks_late=late,
                event_names=['tilt'],
                event_counts=[3],
            )
        )
    means = recorder.take()
    assert means['r/control/latency_p99_us'] == 250.0
    assert means['r/control/late_fraction'] == pytest.approx(0.1)
    assert means['r/events/tilt'] == 3.0
    assert 'r/policy/age_s' not in means

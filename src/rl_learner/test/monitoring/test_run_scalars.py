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

"""Messages become the scalars that TensorBoard draws."""

import math

import pytest
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.monitoring.run_scalars import obtained_return, RunScalars
from rl_msgs.msg import AgentStatus, Episode, LearnerStatus, ReplayStatus, Step


@pytest.fixture
def scalars() -> RunScalars:
    return RunScalars(load_algorithm('sac', {'warmup': 10, 'replay_capacity': 1000}))


def learner_status(updates: int, stored: int, **fields: float) -> LearnerStatus:
    """Return a learner's status with metrics."""
    return LearnerStatus(
        learner_session='a',
        updates=updates,
        transitions_stored=stored,
        replay_size=stored,
        metric_names=list(fields),
        metric_values=list(fields.values()),
    )


def play(scalars: RunScalars, rewards: list[float], episode: int = 1, **end: bool) -> Episode:
    """Send the steps of an episode; return the message of its end."""
    for number, reward in enumerate(rewards):
        scalars.on_step(
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


def test_the_obtained_return_of_a_terminated_episode() -> None:
    """1 + 0.5 * (2 + 0.5 * 4) = 3; 2 + 0.5 * 4 = 4; 4: mean 11 / 3."""
    assert obtained_return([1, 2, 4], 0.5, terminated=True) == pytest.approx(11 / 3)


def test_the_last_tenth_of_a_truncated_episode_continues() -> None:
    """The last tenth of three steps is one step: 4 for ever, worth 8."""
    assert obtained_return([1, 2, 4], 0.5, terminated=False) == pytest.approx((4 + 6 + 8) / 3)
    assert obtained_return([1.0] * 50, 0.9, terminated=False) == pytest.approx(10.0)


def test_frequent_values_are_averaged(scalars: RunScalars) -> None:
    scalars.on_learner(learner_status(0, 20, critic_loss=1.0, temperature=0.5))
    scalars.on_learner(learner_status(10, 40, critic_loss=3.0, temperature=math.nan))
    means = scalars.take_means()
    assert scalars.step == 40
    assert means['critic/critic_loss'] == 2.0
    assert means['actor/temperature'] == 0.5
    assert means['replay/fill'] == pytest.approx(0.03)
    assert means['learner/updates_to_data'] == pytest.approx(10 / 20)
    assert scalars.take_means() == {}


def test_updates_to_data_counts_from_the_end_of_the_warmup(scalars: RunScalars) -> None:
    scalars.on_learner(learner_status(0, 5))
    scalars.on_learner(learner_status(0, 12))
    scalars.on_learner(learner_status(8, 20))
    assert scalars.take_means()['learner/updates_to_data'] == pytest.approx(8 / 8)


def test_a_longer_warmup_by_parameter_does_not_count_either(
    scalars: RunScalars,
) -> None:
    for stored in (5, 20, 200):
        scalars.on_learner(learner_status(0, stored))
    scalars.on_learner(learner_status(30, 230))
    assert scalars.take_means()['learner/updates_to_data'] == pytest.approx(1.0)


def test_the_step_never_decreases(scalars: RunScalars) -> None:
    scalars.on_learner(learner_status(0, 50))
    scalars.on_learner(learner_status(0, 0))
    assert scalars.step == 50
    scalars.on_bridge(ReplayStatus(transitions_journaled=70))
    assert scalars.step == 70


def test_the_scalars_of_an_episode(scalars: RunScalars) -> None:
    scalars.on_learner(learner_status(0, 33))
    scalars.on_episode(play(scalars, [1.0, 2.0], terminated=True))
    ((step, values),) = scalars.take_episodes()
    assert step == 33
    assert values == pytest.approx(
        {
            'r/return/exploring': 3.0,
            'r/episode_steps': 2.0,
            'r/person_fraction': 0.0,
            'r/reward_parts/task': 5.0,
            'r/reward_parts/cost': -2.0,
            'r/interventions': 0.5,
            'r/action_saturation': 0.5,
            'r/return/obtained': ((1 + 0.99 * 2) + 2) / 2,
        }
    )
    assert scalars.take_episodes() == []


def test_the_share_of_a_person_is_that_of_the_episode_itself(scalars: RunScalars) -> None:
    """Steps may be missing or not read at all; the episode counts them."""
    scalars.on_episode(Episode(robot='r', episode=1, steps=8, person_steps=6))
    ((_, values),) = scalars.take_episodes(wait=False)
    assert values['r/person_fraction'] == 0.75


def test_steps_may_arrive_after_the_end_of_their_episode(scalars: RunScalars) -> None:
    late = RunScalars(load_algorithm('sac'))
    message = play(scalars, [1.0, 2.0], terminated=True)
    late.on_episode(message)
    assert late.take_episodes() == []
    play(late, [1.0, 2.0])
    assert 'r/return/obtained' in late.take_episodes()[0][1]


def test_an_episode_with_missing_steps_has_no_obtained_return(scalars: RunScalars) -> None:
    message = play(scalars, [1.0, 2.0])
    message.steps = 4
    scalars.on_episode(message)
    assert scalars.take_episodes() == scalars.take_episodes() == []
    ((_, values),) = scalars.take_episodes()
    assert values['r/reward_parts/cost'] == -4.0
    assert 'r/return/obtained' not in values


def test_a_restarted_agent_does_not_mix_episodes(scalars: RunScalars) -> None:
    play(scalars, [1.0, 1.0, 1.0])
    scalars.on_episode(play(scalars, [5.0], terminated=True))
    ((_, values),) = scalars.take_episodes()
    assert values['r/return/obtained'] == 5.0


def test_evaluation_episodes_have_their_own_return(scalars: RunScalars) -> None:
    scalars.on_episode(play(scalars, [1.0], evaluation=True, terminated=True))
    ((_, values),) = scalars.take_episodes()
    assert values['r/return/evaluation'] == 1.0
    assert 'r/return/exploring' not in values
    assert 'r/return/obtained' not in values


def test_the_scalars_of_an_agent(scalars: RunScalars) -> None:
    for ticks, late in ((100, 5), (200, 15)):
        scalars.on_agent(
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
    means = scalars.take_means()
    assert means['r/control/latency_p99_us'] == 250.0
    assert means['r/control/late_fraction'] == pytest.approx(0.1)
    assert means['r/events/tilt'] == 3.0
    assert 'r/policy/age_s' not in means

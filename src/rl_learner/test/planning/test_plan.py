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

"""The plan's equations, by hand with round constants; what gives first; broken constants."""

from dataclasses import fields, replace
from pathlib import Path
import re

import pytest
from rl_agent.errors import ConfigurationError
from rl_learner.planning.fleet import Budget, Fleet, Training
from rl_learner.planning.loads import Loads
from rl_learner.planning.measured import Constant, Discovery, load_measured, Measured
from rl_learner.planning.plan import make_plan

FLEET = Fleet(
    robots=10,
    rate_hz=50.0,
    observation_size=3,
    action_size=1,
    policy_parameters=1000,
    send_period_s=0.05,
    commit_period_s=0.1,
    publish_period_s=0.5,
)
TRAINING = Training(
    updates_to_data=2.0,
    batch_size=100,
    replay_capacity=1_000_000,
    devices=1,
    updates_per_s=4000.0,
)
BUDGET = Budget(
    memory_gb=16.0, disk_gb=50.0, robot_mbit=50.0, learner_mbit=1000.0, discovery_s=60.0
)


def constant(value: float) -> Constant:
    return Constant(value, 'by hand')


def found(base_s: float, pair_s: float) -> Discovery:
    """Return discovery with round constants."""
    return Discovery(
        base_s=constant(base_s),
        robot_s=constant(0.2),
        pair_s=constant(pair_s),
        robot_pair_mb=constant(0.5),
        bridge_robot_mb=constant(2.0),
        most_robots=constant(64),
    )


ROUND = Measured(
    simple=found(1.0, 0.1),
    server=found(2.0, 0.05),
    bridge_idle_cores=constant(0.01),
    bridge_batch_s=constant(1e-3),
    bridge_transition_s=constant(1e-4),
    bridge_delivery_s=constant(1e-5),
    bridge_base_mb=constant(100.0),
    robot_delivery_s=constant(1e-4),
    policy_delivery_s=constant(1e-7),
    policy_factor=constant(1.5),
    batch_bytes=constant(200.0),
    acknowledgement_bytes=constant(100.0),
    journal_batch_bytes=constant(50.0),
    replay_factor=constant(1.25),
    reverb_insert_s=constant(1e-5),
    reverb_sample_s=constant(1e-6),
    learner_base_mb=constant(800.0),
    exchange_s=constant(5e-3),
    updates_per_s=constant(100.0),
)


def loads(fleet: Fleet = FLEET, training: Training = TRAINING) -> Loads:
    return Loads(fleet, training, ROUND)


def test_the_replay_bridge() -> None:
    """20 batches/s of each robot, 2.5 transitions in each; 10 acknowledgements/s of each to 10."""
    batches, transitions, deliveries = 10 * 20 * 1e-3, 10 * 50 * 1e-4, 10 * 10 * 10 * 1e-5
    assert loads().bridge_cores() == pytest.approx(0.01 + batches + transitions + deliveries)
    assert batches + transitions + deliveries == pytest.approx(0.26)


def test_a_slow_robot_sends_two_transitions_at_once() -> None:
    """2 batches/s of each robot, 4/3 acknowledgements/s."""
    slow = replace(FLEET, rate_hz=4.0)
    assert slow.batches_per_s == 2.0
    assert slow.acknowledgements_per_s == pytest.approx(4 / 3)
    assert loads(slow).bridge_cores() == pytest.approx(0.01 + 0.02 + 0.004 + 100 * 4 / 3 * 1e-5)


def test_reverb() -> None:
    """Each transition is stored once and drawn 2 x 100 times."""
    assert loads().reverb_cores() == pytest.approx(500 * (1e-5 + 200 * 1e-6))


def test_updates_of_one_device_and_of_several() -> None:
    """250 us of an update, divided by 4, and 5 ms for the exchange."""
    assert loads().updates_per_s() == 4000.0
    four = replace(TRAINING, devices=4)
    assert loads(training=four).updates_per_s() == pytest.approx(1 / (0.0000625 + 0.005))


def test_policies() -> None:
    """10 robots, 2 policies/s of 1000 numbers."""
    assert loads().policy_cores() == pytest.approx(10 * 2 * 1000 * 1e-7)


def test_memory() -> None:
    """A row has 3 + 1 + 1 + 3 + 1 + 1 numbers."""
    assert loads().bridge_mb() == pytest.approx(100 + 10 * 2)
    assert loads().robot_mb() == pytest.approx(10 * 0.5)
    assert loads().memory_gb() == pytest.approx(1e6 * 10 * 4 * 1.25 / 1e9 + 0.8 + 0.12)


def test_the_journal() -> None:
    """A transition has 8 float32 and 28 bytes, a batch of 2.5 of them 50 more."""
    assert loads().journal_gb(1e6) == pytest.approx((60 + 20) * 1e6 / 1e9)


def test_the_links() -> None:
    """Up: 50 transitions, 20 batches. Down: 2 policies, acknowledgements of 10 robots."""
    assert loads().robot_up_mbit() == pytest.approx((50 * 60 + 20 * 200) * 8 / 1e6)
    assert loads().robot_down_mbit() == pytest.approx((1.5 * 2 * 4000 + 100 * 100) * 8 / 1e6)
    assert loads().robot_cores() == pytest.approx(100 * 1e-4)


def test_discovery_by_either_kind() -> None:
    """10 agents and 100 pairs on 10 processors, each robot's own; or on 2."""
    assert loads().discovery_s(10) == pytest.approx(1.0 + 0.2 + 0.1 * 100 / 10)
    assert loads().discovery_s(2) == pytest.approx(1.0 + (10 * 0.2 + 100 * 0.1) / 2)
    assert loads(replace(FLEET, discovery='server')).discovery_s(10) == pytest.approx(2.7)


def test_what_gives_first() -> None:
    """The largest fleet for which there is enough of a thing, and one robot more."""
    plan = make_plan(FLEET, TRAINING, BUDGET, ROUND)
    assert plan.fits
    assert plan.beyond_measured == 0
    assert plan.journal_gb_per_hour == pytest.approx(10 * 50 * 3600 * 80 / 1e9)
    assert plan.first.name == 'replay bridge'
    # 0.01 + 0.025 n + 1e-4 n^2 = 1
    assert plan.most_robots['replay bridge'] == 34
    assert plan.most_robots['updates'] == 40
    assert plan.most_robots['journal'] == 1_000_000
    most = make_plan(replace(FLEET, robots=34), TRAINING, BUDGET, ROUND)
    more = make_plan(replace(FLEET, robots=35), TRAINING, BUDGET, ROUND)
    assert (most.fits, more.fits, more.first.name) == (True, False, 'replay bridge')


def test_a_thing_that_is_too_little_for_any_fleet() -> None:
    plan = make_plan(FLEET, TRAINING, replace(BUDGET, disk_gb=0.01), ROUND)
    assert not plan.fits
    assert (plan.first.name, plan.most_robots['journal']) == ('journal', 0)


def test_a_plan_says_that_it_is_beyond_what_was_measured() -> None:
    plan = make_plan(replace(FLEET, robots=100), TRAINING, BUDGET, ROUND)
    assert plan.beyond_measured == 36


def test_every_constant_says_where_it_was_measured() -> None:
    measured = load_measured()
    sources = measured.sources()
    assert len(sources) == len(fields(Measured)) - 2 + 2 * len(fields(Discovery))
    assert all(re.search('bench|docs', text) for text in sources.values()), sources


@pytest.mark.parametrize(
    ('line', 'broken', 'said'),
    [
        ('  value: 0.0005', '  value: many', 'value'),
        ('exchange_s:', 'exchange:', 'exchange'),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, line: str, broken: str, said: str) -> None:
    path = tmp_path / 'measured.yaml'
    path.write_text('exchange_s:\n  value: 0.0005\n  measured: bench\n'.replace(line, broken))
    with pytest.raises(ConfigurationError) as error:
        load_measured(path)
    assert str(path) in str(error.value)
    assert said in str(error.value)

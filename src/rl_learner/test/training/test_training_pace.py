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

"""Samples due in a run with restarts, by hand: 4 samples per transition, batches of 2."""

from rl_learner.training.training_pace import TrainingPace


def pace(per_insert: float = 4.0, warmup: int = 10) -> TrainingPace:
    return TrainingPace(per_insert, 2, warmup)


def test_run_without_restart() -> None:
    run = pace()
    assert run.samples_due(0, 0) == -40
    assert run.samples_due(10, 0) == 0
    assert run.samples_due(15, 0) == 20
    assert run.samples_due(15, 10) == 0
    assert [run.backlog(total, 0) for total in (0, 10, 15)] == [0, 0, 5]


def test_updates_since_the_checkpoint_are_repeated() -> None:
    run = pace()
    state = run.state(20, 17)  # 34 of 40 samples are drawn
    assert state == {'transitions': 20, 'samples_due': 6.0, 'pretraining': 0}
    resumed = pace()
    resumed.resume(state, total=25, updates=17)
    assert resumed.samples_due(25, 17) == 6 + 20
    assert resumed.samples_due(25, 30) == 0


def test_warmup_continues() -> None:
    resumed = pace()
    resumed.resume(pace().state(4, 0), total=6, updates=0)
    assert resumed.samples_due(6, 0) == -16
    assert resumed.samples_due(10, 0) == 0


def test_changed_ratio_applies_from_the_checkpoint_on() -> None:
    state = pace().state(20, 20)
    for per_insert in (1.0, 4.0, 100.0):
        resumed = pace(per_insert)
        resumed.resume(state, total=23, updates=20)
        assert resumed.samples_due(23, 20) == 3 * per_insert
        assert resumed.samples_due(24, 20) == 4 * per_insert


def test_run_that_lost_its_experience_warms_up_again() -> None:
    resumed = pace()
    resumed.resume(pace().state(1000, 1980), total=0, updates=1980)
    assert resumed.samples_due(0, 1980) == -40
    assert resumed.samples_due(12, 1980) == 8


def test_two_restarts() -> None:
    first = pace()
    first.resume(pace().state(20, 20), total=20, updates=20)
    second = pace()
    second.resume(first.state(30, 40), total=32, updates=40)
    assert second.samples_due(32, 40) == 8


def test_no_transition_pays_for_pretraining() -> None:
    """100 updates before the first transition, then as in a run without; a resume knows them."""
    run = pace()
    run.pretraining = 100
    assert run.samples_due(10, 100) == 0
    assert run.samples_due(15, 100) == 20
    assert run.backlog(15, 103) == 3  # 20 - 3 x 2 samples are 3.5 transitions
    resumed = pace()
    resumed.resume(run.state(15, 103), total=16, updates=103)
    assert resumed.pretraining == 100
    assert resumed.samples_due(16, 103) == 20 - 6 + 4


def test_a_checkpoint_of_before_pretraining_has_none() -> None:
    resumed = pace()
    resumed.resume({'transitions': 20, 'samples_due': 6.0}, total=20, updates=17)
    assert (resumed.pretraining, resumed.samples_due(20, 17)) == (0, 6)

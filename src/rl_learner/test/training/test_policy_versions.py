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

"""Policy versions are never reused, and a run keeps its identity."""

import dataclasses
from pathlib import Path

import pytest
from rl_agent.errors import ConfigurationError, TrainingError
from rl_learner.run.identity import claim_run, RunIdentity
from rl_learner.training.policy_versions import PolicyVersions


def test_versions_of_a_killed_learner_are_not_reused(tmp_path: Path) -> None:
    path = tmp_path / 'versions'
    given: list[int] = []
    for _ in range(3):
        versions = PolicyVersions(path)
        given += [versions.next() for _ in range(1500)]
    assert given[:3] == [1, 2, 3]
    assert given == sorted(set(given))


def test_versions_continue_after_an_orderly_end(tmp_path: Path) -> None:
    path = tmp_path / 'versions'
    first = PolicyVersions(path)
    assert [first.next(), first.next()] == [1, 2]
    first.release_unused()
    second = PolicyVersions(path)
    assert second.newest == 2
    second.skip_to(7)
    assert second.next() == 8


def test_damaged_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / 'versions'
    path.write_text('x')
    with pytest.raises(TrainingError, match='accepted: a whole number'):
        PolicyVersions(path)


def test_run_accepts_only_its_robot_and_n_step(tmp_path: Path) -> None:
    identity = RunIdentity('aa', 3, 1, 1)
    for _ in range(2):
        claim_run(tmp_path, identity)
    assert [path.name for path in tmp_path.iterdir()] == ['replay.json']
    for change, words in (
        ({'fingerprint': 'bb'}, 'fingerprint: given bb; accepted: aa'),
        ({'n_step': 3}, 'n_step: given 3; accepted: 1'),
    ):
        with pytest.raises(ConfigurationError, match=f'has another robot.*{words}'):
            claim_run(tmp_path, dataclasses.replace(identity, **change))

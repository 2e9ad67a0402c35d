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

"""Files of a run or a recording that somebody else wrote: one typed error, no other."""

from pathlib import Path

import pytest
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.errors import ConfigurationError
from rl_learner.actor_critic.algorithm import load_algorithm
from rl_learner.demo.demo_plan import read_options
from rl_learner.recordings.recording_reader import topics_of
from rl_learner.run.folder import BRIDGE_FILE, DEMO_FILE
from rl_learner.run.identity import claim_run, IDENTITY_FILE, RunIdentity
from rl_learner.run.manifest import read_retention, read_run, RUN_FILE

DEEP = '[' * 100_000
WRONG = ['[]', 'null', '3', '"text"', DEEP, '{"a": ' * 5000, '{"robot": 1}', '{', '9' * 5000]
RUN = '{"robot": %s, "algorithm": %s, "parameters": %s, "starts": %s}'


@pytest.mark.parametrize('content', WRONG, ids=range(len(WRONG)))
def test_json_of_a_run(tmp_path: Path, content: str) -> None:
    for name in (IDENTITY_FILE, RUN_FILE, DEMO_FILE, BRIDGE_FILE):
        (tmp_path / name).write_text(content)
    identity = RunIdentity.of(Spaces(load_robot('pendulum')), load_algorithm('sac'))
    for read in (lambda: claim_run(tmp_path, identity), lambda: read_run(tmp_path)):
        with pytest.raises(ConfigurationError) as refused:
            read()
        assert str(tmp_path) in str(refused.value)
        assert len(str(refused.value)) < 1000
    with pytest.raises(ConfigurationError, match=DEMO_FILE):
        read_options(tmp_path)
    assert read_retention(tmp_path) is None


@pytest.mark.parametrize(
    'parts',
    [('[]', '{}', '{}', '[]'), ('{}', '3', '{}', '[]'), ('{}', '{}', '3', '[]'),
     ('{}', '{}', '{}', '7'), ('{}', '{}', '{}', '[3]'), ('"x"', '{}', '{}', '[]')],
)  # fmt: skip
def test_parts_of_a_manifest(tmp_path: Path, parts: tuple[str, ...]) -> None:
    (tmp_path / RUN_FILE).write_text(RUN % parts)
    with pytest.raises(ConfigurationError, match=str(tmp_path)):
        read_run(tmp_path)


def test_metadata_of_a_bag(tmp_path: Path) -> None:
    (tmp_path / 'metadata.yaml').write_text('a: &a [*a]')
    with pytest.raises(ConfigurationError, match=r'metadata.yaml: given \*a inside of itself'):
        topics_of(tmp_path)

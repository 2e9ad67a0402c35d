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

"""Reverb servers and samplers that are stopped after each test."""

from collections.abc import Iterator

import pytest
from replay_servers import MakeSampler, MakeServer, replay_samplers, replay_servers


@pytest.fixture
def make_server() -> Iterator[MakeServer]:
    with replay_servers() as make:
        yield make


@pytest.fixture
def make_sampler(make_server: MakeServer) -> Iterator[MakeSampler]:
    del make_server  # requested so that servers are stopped after the samplers
    with replay_samplers() as make:
        yield make

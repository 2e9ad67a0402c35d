# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
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

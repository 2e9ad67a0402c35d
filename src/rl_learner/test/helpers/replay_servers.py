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

"""Small replay servers and samplers for tests, and rows for them."""

from collections.abc import Callable, Iterator
import contextlib
from typing import Any

import numpy as np
from rl_agent.array_types import Float32Array
from rl_learner.replay.sampler import ReplaySampler
from rl_learner.replay.server import ReplayServer
from rl_learner.system.ports import free_port

TIMEOUT_S = 30.0
# Waiting time for what must not happen; on a slow machine a fault may be missed, never invented.
GLANCE_S = 0.3
WIDTH = 6
MakeServer = Callable[..., ReplayServer]
MakeSampler = Callable[..., ReplaySampler]


@contextlib.contextmanager
def replay_servers() -> Iterator[MakeServer]:
    """Yield a function that starts servers; stop them at the end."""
    servers: list[ReplayServer] = []

    def make(**changes: Any) -> ReplayServer:
        settings = {
            'port': free_port(),
            'width': WIDTH,
            'capacity': 1000,
            'samples_per_insert': 1e6,
            'warmup': 0,
        }
        servers.append(ReplayServer(**{**settings, **changes}))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()


@contextlib.contextmanager
def replay_samplers() -> Iterator[MakeSampler]:
    """Yield a function that starts samplers; stop them at the end, before their servers."""
    samplers: list[ReplaySampler] = []

    def make(
        server: ReplayServer, *, batch_size: int, updates_per_block: int, **options: Any
    ) -> ReplaySampler:
        samplers.append(
            ReplaySampler(
                server,
                width=WIDTH,
                batch_size=batch_size,
                updates_per_block=updates_per_block,
                **options,
            )
        )
        return samplers[-1]

    yield make
    for sampler in samplers:
        sampler.stop()


def number_rows(first: int, count: int) -> Float32Array:
    """Return rows whose first value is their number."""
    rows = np.ones((count, WIDTH), np.float32)
    rows[:, 0] = np.arange(first, first + count)
    return rows


def take(sampler: ReplaySampler) -> Float32Array:
    """Return the next block, waiting for it."""
    block = sampler.next_block(TIMEOUT_S)
    assert block is not None
    return block

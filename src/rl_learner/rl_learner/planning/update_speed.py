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

"""Updates per second of this machine, measured with random rows."""

import statistics
import time

import numpy as np
from rl_learner.actor_critic.algorithm import Algorithm
from rl_learner.training.update import Update
import torch

_ROWS, _TURNS, _TURN_S = 10_000, 5, 1.0


def measure_updates_per_s(
    algorithm: Algorithm, observation_size: int, action_size: int, device: str
) -> float:
    """Return the median over five turns of a second each; data is in memory."""
    update = Update(algorithm, observation_size, action_size, seed=0, device=device)
    shape = (algorithm.updates_per_block, algorithm.batch_size)
    random, layout = np.random.default_rng(0), update.layout
    rows = random.uniform(-1, 1, (_ROWS, layout.width)).astype(np.float32)
    rows[:, layout.slices['terminated']] = 0.0
    rows[:, layout.slices['num_steps']] = 1.0

    def run_for(seconds: float) -> float:
        started_s, updates = time.monotonic(), 0
        while time.monotonic() < started_s + seconds:
            update.run(torch.from_numpy(rows[random.integers(_ROWS, size=shape)]))
            updates += shape[0]
        update.metrics()  # waits for the device
        return updates / (time.monotonic() - started_s)

    run_for(_TURN_S)
    return statistics.median(run_for(_TURN_S) for _ in range(_TURNS))

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

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Running statistics compared with those of all observations at once."""

import numpy as np
from rl_learner.normalisation.observation_statistics import ObservationStatistics
import torch


def test_updates_in_parts_match_the_whole():
    data = np.random.default_rng(0).normal([1000.0, -3.0, 0.0], [5.0, 0.1, 2.0], (700, 3))
    statistics = ObservationStatistics(3)
    for part in np.split(data.astype(np.float32), [1, 30, 500]):
        statistics.update(torch.from_numpy(part))
    np.testing.assert_allclose(statistics.mean, data.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(statistics.std, data.std(axis=0), rtol=1e-3)


def test_normalisation_is_the_identity_before_the_first_observation():
    observation = torch.tensor([[0.5, -20.0]])
    normal = ObservationStatistics(2).normalise(observation, clip=10.0)
    assert normal.tolist() == [[0.5, -10.0]]


def test_constant_observation_stays_finite():
    statistics = ObservationStatistics(1)
    statistics.update(torch.full((50, 1), 7.0))
    assert statistics.std.item() > 0
    assert statistics.normalise(torch.tensor([[7.0]]), clip=10.0).item() == 0.0

# Copyright 2026 The rl_agent authors
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

"""A transition of zeros, except for the fields that a test gives."""

from typing import Any

import numpy as np
from rl_agent.transport.transition import Intervention, Transition


def plain_transition(observation_size: int = 1, **fields: Any) -> Transition:
    """Return a transition of zeros with one action value and the given fields."""
    zeros: dict[str, Any] = {
        'observation': np.zeros(observation_size, np.float32),
        'action': np.zeros(1, np.float32),
        'reward': 0.0,
        'next_observation': np.zeros(observation_size, np.float32),
        'terminated': False,
        'truncated': False,
        'intervention': Intervention.NONE,
        'evaluation': False,
        'policy_version': 0,
        'episode': 1,
        'step': 0,
        'stamp_ns': 0,
    }
    return Transition(**{**zeros, **fields})

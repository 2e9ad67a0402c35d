# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A transition of zeros, except for the fields that a test gives."""

from typing import Any

import numpy as np
from rl_agent.transport.transition import Transition


def plain_transition(observation_size: int = 1, **fields: Any) -> Transition:
    """Return a transition of zeros with one action value and the given fields."""
    zeros: dict[str, Any] = {
        'observation': np.zeros(observation_size, np.float32),
        'action': np.zeros(1, np.float32),
        'reward': 0.0,
        'next_observation': np.zeros(observation_size, np.float32),
        'terminated': False,
        'truncated': False,
        'intervention': False,
        'evaluation': False,
        'policy_version': 0,
        'episode': 1,
        'step': 0,
        'stamp_ns': 0,
    }
    return Transition(**{**zeros, **fields})

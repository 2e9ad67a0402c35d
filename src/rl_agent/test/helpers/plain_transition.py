# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A transition in which nothing happens, but for what a test says."""

from typing import Any

import numpy as np
from rl_agent.transport.transition import Transition


def plain_transition(observation_size: int = 1, **fields: Any) -> Transition:
    """Return a transition of zeros with an action of one number; other fields as given."""
    still: dict[str, Any] = {
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
    return Transition(**{**still, **fields})

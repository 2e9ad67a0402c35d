# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""What all programs of a comparison of update rates have in common.

Needs only the standard library, so that it can be imported in any environment.
"""

from typing import Any

OBSERVATION_SIZE, ACTION_SIZE = 17, 6  # of HalfCheetah
BATCH_SIZE = 256
REPLAY_SIZE, IMAGE_REPLAY_SIZE = 50_000, 1_000
# keys of our algorithms; the peers have these values as their defaults
OVERRIDES: dict[str, Any] = {
    'batch_size': BATCH_SIZE,
    'critic_hidden_sizes': [256, 256],
    'actor_hidden_sizes': [256, 256],
    'num_critics': 2,
}

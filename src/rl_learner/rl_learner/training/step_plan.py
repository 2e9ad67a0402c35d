# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""What one update does, decided on the host before it, and what it records."""

from typing import NamedTuple

from torch import Tensor


class StepPlan(NamedTuple):
    """What one update does beside teaching the critics.

    Attributes:
        actor: actor and temperature learn.
        targets: the targets follow.
        critic_record: the critics' numbers are recorded.
        actor_record: the actor's and the temperature's are.
    """

    actor: bool
    targets: bool
    critic_record: bool
    actor_record: bool


class StepMetrics(NamedTuple):
    """Scalars by name, of one update; empty if not recorded."""

    critics: dict[str, Tensor]
    actor: dict[str, Tensor]

# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""What one update does, decided on the host in advance, and the metrics that it records."""

from typing import NamedTuple

from torch import Tensor


class StepPlan(NamedTuple):
    """What one update does in addition to updating the critics.

    Attributes:
        update_actor: update actor and temperature.
        update_targets: move the targets towards their networks.
        record_critics: record the critics' metrics.
        record_actor: record the actor's and the temperature's metrics.
    """

    update_actor: bool
    update_targets: bool
    record_critics: bool
    record_actor: bool


class StepMetrics(NamedTuple):
    """Scalars of one update by name; empty if not recorded."""

    critics: dict[str, Tensor]
    actor: dict[str, Tensor]

# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""What in the status of learner and replay bridge a person should look at."""

import math

from rl_agent.ros.ros_diagnostics import Concern, Recent
from rl_msgs.msg import LearnerStatus, ReplayStatus

_FAR_BEHIND = 10_000  # transitions


def learner_concerns(status: LearnerStatus, recent: Recent) -> list[Concern]:
    """Return what in a learner's status a person should look at."""
    concerns = []
    if status.state.startswith('disk:'):
        concerns.append(
            Concern(f'{status.state}; training goes on, nothing of it is kept', is_error=True)
        )
    wrong = [
        name
        for name, value in zip(status.metric_names, status.metric_values, strict=True)
        if not math.isfinite(value)
    ]
    if wrong:
        concerns.append(Concern(f'not finite: {", ".join(wrong)}', is_error=True))
    if status.backlog >= _FAR_BEHIND:
        concerns.append(
            Concern(
                f'training is {status.backlog} transitions behind the robots: a faster machine, or'
                ' a lower updates_to_data'
            )
        )
    return concerns


def replay_concerns(status: ReplayStatus, recent: Recent) -> list[Concern]:
    """Return what in a replay bridge's status a person should look at."""
    concerns = []
    if status.state.startswith('journal:'):
        concerns.append(
            Concern(f'{status.state}; nothing is acknowledged, robots keep it', is_error=True)
        )
    elif status.state.startswith('waiting'):
        concerns.append(Concern(status.state))
    if recent.grew('refused', status.batches_refused):
        concerns.append(
            Concern('batches are refused: see the log; have robot and learner one description?')
        )
    if recent.grew('lost', status.transitions_lost):
        concerns.append(Concern('robots lost transitions: their spools were full'))
    return concerns

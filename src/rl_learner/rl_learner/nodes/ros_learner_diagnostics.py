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

"""What a person should see of learner and replay bridge: concerns, and a line of progress."""

import math

from rl_agent.ros.ros_diagnostics import Concern, Recent
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
from rl_msgs.msg import LearnerStatus, ReplayStatus

_WARN_BACKLOG = 10_000  # transitions


def progress_line(status: LearnerStatus) -> str:
    """Return what a person wants to see every now and then, in one line."""
    words = [status.state or 'starting', f'{status.updates:,} updates']
    if status.updates_per_s > 0.0:
        words[1] += f' ({status.updates_per_s:.0f}/s)'
    words.append(f'{status.transitions_stored:,} transitions, {status.backlog:,} of them due')
    if status.policy_version:
        words.append(f'policy {status.policy_version}')
    return ', '.join(words)


def learner_concerns(status: LearnerStatus, recent: Recent) -> list[Concern]:
    """Return the warnings and errors in a learner's status."""
    concerns = []
    if status.state.startswith('disk:'):
        concerns.append(
            Concern(f'{status.state}; training continues, but nothing is saved', is_error=True)
        )
    not_finite = [
        name
        for name, value in zip(status.metric_names, status.metric_values, strict=True)
        if not math.isfinite(value)
    ]
    if not_finite:
        concerns.append(Concern(f'not finite: {", ".join(not_finite)}', is_error=True))
    if status.backlog >= _WARN_BACKLOG:
        concerns.append(
            Concern(
                f'training is {status.backlog} transitions behind the robots: use a faster'
                ' machine or lower updates_to_data'
            )
        )
    return concerns


def replay_concerns(status: ReplayStatus, recent: Recent) -> list[Concern]:
    """Return the warnings and errors in a replay bridge's status."""
    concerns = []
    if status.state.startswith('journal:'):
        concerns.append(
            Concern(
                f'{status.state}; nothing is acknowledged, robots keep their data', is_error=True
            )
        )
    elif status.state.startswith('waiting'):
        concerns.append(Concern(status.state))
    if recent.grew('refused', status.batches_refused):
        concerns.append(
            Concern(
                'batches are refused: see the log; do robot and learner have the same description?'
            )
        )
    if recent.grew('refused transitions', status.transitions_refused):
        concerns.append(Concern('transitions are refused: the log names robot and value'))
    if recent.grew('same name', status.same_robot_name):
        concerns.append(Concern('two robots have one name: the log names it'))
    if recent.grew('lost', status.transitions_lost):
        concerns.append(Concern('robots lost transitions: their spools were full'))
    return concerns

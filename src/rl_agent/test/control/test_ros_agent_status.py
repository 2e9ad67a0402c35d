# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The line of progress in an agent's log."""

import math

from rl_agent.control.ros_agent_status import progress_line
from rl_msgs.msg import AgentStatus


def test_a_line_says_what_a_person_wants_to_see() -> None:
    status = AgentStatus(
        state='exploring',
        steps=12_345,
        steps_per_s=19.6,
        episode=62,
        last_return=-143.25,
        policy_version=57,
        transitions_pending=1_200,
    )
    assert progress_line(status) == (
        'exploring, 12,345 steps (20/s), episode 62, last return -143.2, policy 57,'
        ' 1,200 transitions not acknowledged'
    )


def test_what_is_not_known_yet_is_left_out() -> None:
    status = AgentStatus(state='waiting for a policy', last_return=math.nan)
    assert progress_line(status) == 'waiting for a policy, 0 steps'

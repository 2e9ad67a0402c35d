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


def test_a_person_on_the_stick_is_told() -> None:
    status = AgentStatus(
        state='exploring', steps=200, person_steps=30, hand='driving', last_return=math.nan
    )
    assert progress_line(status) == (
        'exploring, 200 steps (0/s), episode 0, a person drives, 15.0% of the steps by a person'
    )


def test_what_is_not_known_yet_is_left_out() -> None:
    status = AgentStatus(state='waiting for a policy', last_return=math.nan)
    assert progress_line(status) == 'waiting for a policy, 0 steps'

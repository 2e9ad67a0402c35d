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

"""The line of progress in a learner's log."""

from rl_learner.nodes.ros_learner_diagnostics import progress_line
from rl_msgs.msg import LearnerStatus


def test_a_line_says_what_a_person_wants_to_see() -> None:
    status = LearnerStatus(
        state='training',
        updates=10_500,
        updates_per_s=41.7,
        transitions_stored=12_000,
        backlog=320,
        policy_version=57,
    )
    assert progress_line(status) == (
        'training, 10,500 updates (42/s), 12,000 transitions, 320 of them due, policy 57'
    )


def test_before_the_first_update_there_is_no_rate() -> None:
    status = LearnerStatus(state='waiting for transitions', transitions_stored=100)
    assert progress_line(status) == (
        'waiting for transitions, 0 updates, 100 transitions, 0 of them due'
    )

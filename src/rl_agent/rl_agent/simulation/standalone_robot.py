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

"""A simulated robot in the process of its agent, as a control loop needs it."""

from collections.abc import Sequence

from rl_agent.real_time.chore import Chore
from rl_agent.simulation.in_process_robot import InProcessRobot


class StandaloneRobot(InProcessRobot):
    """A robot without topics: it never has to be waited for.

    Attributes:
        chores: there are none.
        operator_request: nobody has to do anything before it moves.
    """

    chores: Sequence[Chore] = ()
    operator_request: str = ''

    def wait_until_heard(self) -> None:
        """Return at once: the robot is here."""

    def prepare(self) -> None:
        """Do nothing: nothing was given up."""

    def rest(self) -> None:
        """Do nothing: time stands still without commands."""

    def stop_waiting(self, grace_s: float) -> None:
        """Do nothing: nobody waits."""

    def close(self) -> None:
        """Do nothing: there are no topics."""

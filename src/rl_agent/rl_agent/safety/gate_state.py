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

"""The states of the command gate."""

import enum


class GateState(enum.Enum):
    """What the gate does.

    Next state by event (`-`: the state stays):

    | state    | start | send   | pause, rest | stop begins | last stop ends | retire   | close  |
    |----------|-------|--------|-------------|-------------|----------------|----------|--------|
    | CLOSED   | IDLE  | -      | -           | -           | -              | -        | -      |
    | IDLE     |       | MOVING | -           | STOPPED     | -              | RETIRING | CLOSED |
    | MOVING   |       | -      | IDLE        | STOPPED     | -              | RETIRING | CLOSED |
    | STOPPED  |       | -      | -           | STOPPED     | IDLE           | RETIRING | CLOSED |
    | RETIRING |       | -      | -           | -           | -              | -        | CLOSED |

    A stop that begins in STOPPED may replace the reaction in progress. `send` checks the
    `SafetyState` itself: during a stop it sends nothing and leaves MOVING for IDLE; after the last
    stop it may enter MOVING before the gate has left STOPPED.
    """

    CLOSED = 'nothing is sent'
    IDLE = 'no command is due'
    MOVING = 'an episode is running: the control thread must keep sending commands'
    STOPPED = 'a stop is in force: its reaction is sent'
    RETIRING = 'stopping for good: only the final stop and the reactions to other stops are sent'

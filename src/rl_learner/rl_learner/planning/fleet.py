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

"""A fleet to plan for, and what it may use."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field
from rl_agent.bringup.robot_parameters import AgentParameters
from rl_learner.bringup.parameters import LearnerParameters, ReplayBridgeParameters

Discovery = Literal['simple', 'server']
MOST_ROBOTS, LARGEST = 1_000_000, 1e9
Count = Annotated[int, Field(ge=1, le=MOST_ROBOTS)]
Positive = Annotated[float, Field(gt=0, le=LARGEST, allow_inf_nan=False)]

_CHORES, _LEAST_ROWS = 3, 2


@dataclass(frozen=True)
class Fleet:
    """Robots of one kind, and how they talk to the learner machine.

    Attributes:
        robots: number of them, each a process with a DDS participant.
        rate_hz: control rate, which is the rate of transitions.
        observation_size: numbers of an observation.
        action_size: numbers of an action.
        policy_parameters: numbers of a policy.
        send_period_s: parameter of the agents.
        commit_period_s: parameter of the replay bridge.
        publish_period_s: parameter of the learner.
        discovery: simple, or with a Fast DDS discovery server.
    """

    robots: Count
    rate_hz: Positive
    observation_size: Count
    action_size: Count
    policy_parameters: Annotated[int, Field(ge=1)]
    send_period_s: Positive = AgentParameters.send_period_s
    commit_period_s: Positive = ReplayBridgeParameters.commit_period_s
    publish_period_s: Positive = LearnerParameters.publish_period_s
    discovery: Discovery = 'simple'

    @property
    def transitions_per_s(self) -> float:
        """Transitions of all robots."""
        return self.robots * self.rate_hz

    @property
    def exchanges_per_s(self) -> float:
        """How often a robot sends and receives.

        After each command, its background thread does one of three things, of which this is one.
        """
        return min(1 / self.send_period_s, self.rate_hz / _CHORES)

    @property
    def batches_per_s(self) -> float:
        """Messages with transitions of one robot; at a low rate two transitions are in each."""
        return min(1 / self.send_period_s, self.rate_hz / _LEAST_ROWS)

    @property
    def acknowledgements_per_s(self) -> float:
        """Acknowledgements for one robot: at most one in each period of the bridge."""
        return min(self.exchanges_per_s, 1 / self.commit_period_s)


@dataclass(frozen=True)
class Training:
    """What the learner is to do with the transitions.

    Attributes:
        updates_to_data: critic updates per transition.
        batch_size: rows of an update.
        replay_capacity: transitions in replay.
        devices: that share an update.
        updates_per_s: of one device that computes the whole batch.
    """

    updates_to_data: Annotated[float, Field(gt=0, le=1000)]
    batch_size: Count
    replay_capacity: Annotated[int, Field(ge=1)]
    devices: Annotated[int, Field(ge=1, le=10_000)]
    updates_per_s: Positive


@dataclass(frozen=True)
class Budget:
    """What there is.

    Attributes:
        memory_gb: of the learner machine.
        disk_gb: for the journal.
        robot_mbit: link of one robot, either way, in Mbit/s.
        learner_mbit: link of the learner machine, either way, in Mbit/s.
        discovery_s: time in which all robots must be found.
    """

    memory_gb: Positive
    disk_gb: Positive
    robot_mbit: Positive
    learner_mbit: Positive
    discovery_s: Positive

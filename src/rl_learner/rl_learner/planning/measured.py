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

"""The measured constants of a plan, each with where it was measured."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

from pydantic import Field
from rl_agent.configuration import build, read_yaml

_FILE = Path(__file__).with_name('measured.yaml')


@dataclass(frozen=True)
class Constant:
    """A measured number.

    Attributes:
        value: in the unit that the constant's name ends with.
        measured: how and where.
    """

    value: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    measured: Annotated[str, Field(min_length=1)]


@dataclass(frozen=True)
class Discovery:
    """What it takes to find participants, by one kind of discovery.

    Attributes:
        base_s: time until a robot is found that starts alone.
        robot_s: processor time to create an agent.
        pair_s: processor time of a robot to find another one.
        robot_pair_mb: memory of a robot for each other robot.
        bridge_robot_mb: memory of the replay bridge for each robot.
        most_robots: of any fleet measured.
    """

    base_s: Constant
    robot_s: Constant
    pair_s: Constant
    robot_pair_mb: Constant
    bridge_robot_mb: Constant
    most_robots: Constant


@dataclass(frozen=True)
class Measured:
    """All constants; times are processor time.

    Attributes:
        simple: discovery.
        server: discovery with a Fast DDS discovery server.
        bridge_idle_cores: replay bridge without transitions.
        bridge_batch_s: replay bridge, for each message with transitions.
        bridge_transition_s: the same, for each transition.
        bridge_delivery_s: the same, for each robot that an acknowledgement is sent to.
        bridge_base_mb: memory of the replay bridge without robots.
        robot_delivery_s: robot, for each acknowledgement of any robot.
        policy_delivery_s: learner, for each number of a policy and each robot.
        policy_factor: bytes on the network by the bytes of a policy's numbers.
        batch_bytes: of a message with transitions, besides them.
        acknowledgement_bytes: of a message.
        journal_batch_bytes: of a message in the journal, besides its transitions.
        replay_factor: memory of a row in Reverb by the size of its numbers.
        reverb_insert_s: Reverb, for each row stored.
        reverb_sample_s: the same, for each row drawn.
        learner_base_mb: memory of the learner without transitions.
        exchange_s: what an update of several ranks takes longer, for their exchange.
        updates_per_s: of the default networks on two processor cores, batch 256.
    """

    simple: Discovery
    server: Discovery
    bridge_idle_cores: Constant
    bridge_batch_s: Constant
    bridge_transition_s: Constant
    bridge_delivery_s: Constant
    bridge_base_mb: Constant
    robot_delivery_s: Constant
    policy_delivery_s: Constant
    policy_factor: Constant
    batch_bytes: Constant
    acknowledgement_bytes: Constant
    journal_batch_bytes: Constant
    replay_factor: Constant
    reverb_insert_s: Constant
    reverb_sample_s: Constant
    learner_base_mb: Constant
    exchange_s: Constant
    updates_per_s: Constant

    def discovery(self, kind: str) -> Discovery:
        """Return the constants of a kind of discovery."""
        return {'simple': self.simple, 'server': self.server}[kind]

    def sources(self) -> dict[str, str]:
        """Return where each constant was measured, by name."""
        found: dict[str, str] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, Constant):
                found[item.name] = value.measured
            else:
                parts = {part.name: getattr(value, part.name).measured for part in fields(value)}
                found.update({f'{item.name}.{name}': text for name, text in parts.items()})
        return found


def load_measured(path: Path = _FILE) -> Measured:
    """Return the constants in a file.

    Raises:
        ConfigurationError: the file is not as expected; one line for each mistake.
    """
    return build(Measured, read_yaml(path), str(path))

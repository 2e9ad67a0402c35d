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

"""Which nodes record demonstrations: a robot, a person, an agent without a policy, a bridge."""

from dataclasses import dataclass, replace
from pathlib import Path

from rl_agent.bringup.node_specs import (
    demonstration_agent,
    demonstration_bridge,
    DEMONSTRATION_TOPICS,
    NodeSpec,
    ParameterValue,
    simulated_agent,
    simulated_robot,
    SIMULATION_STARTS_WITHIN_S,
)

SIMULATED = 'demonstrated'  # namespace of a simulated robot: nothing reaches a real one
_MAX_STEPS_AHEAD = 64


@dataclass(frozen=True)
class DemonstrationPlan:
    """What to record.

    Attributes:
        robot: name or file of the robot's description.
        folder: of the run; it exists.
        episodes: that end and are kept.
        only_successes: discard the others.
        simulated: start a simulated robot; False: the robot is running already.
        namespace: of the real robot; empty: none.
        prefix: of the names of the real robot's joints and frames.
        scripted: a scripted person drives, at the speed of the simulation; False: a person does,
            and time is real.
        seed: of a simulated robot and of a scripted person.
    """

    robot: str
    folder: Path
    episodes: int
    only_successes: bool = False
    simulated: bool = True
    namespace: str = ''
    prefix: str = ''
    scripted: bool = False
    seed: int = 0

    @property
    def robot_namespace(self) -> str:
        """Namespace of the robot, simulated or real."""
        return SIMULATED if self.simulated else self.namespace.strip('/')

    def node_specs(self) -> list[NodeSpec]:
        """Return the bridge, then the person, the simulated robot and its agent."""
        bridge = demonstration_bridge(self.robot, str(self.folder))
        return [bridge, *self._surroundings(), self._agent()]

    def _agent(self) -> NodeSpec:
        """Return the agent, which waits for a person as long as it has no policy."""
        space, robot = self.robot_namespace, self.robot
        parameters: dict[str, ParameterValue] = {
            'max_episodes': self.episodes,
            'only_successes': self.only_successes,
        }
        if self.simulated:
            parameters['robot_timeout_s'] = SIMULATION_STARTS_WITHIN_S
            parameters['spool_folder'] = ''
        if not self.scripted:
            return demonstration_agent(robot, space, prefix=self.prefix, **parameters)
        spec = simulated_agent(robot, space, max_steps_ahead=_MAX_STEPS_AHEAD, **parameters)
        return replace(spec, remappings={**spec.remappings, **DEMONSTRATION_TOPICS})

    def _surroundings(self) -> list[NodeSpec]:
        """Return the simulated robot and the scripted person, if they are wanted."""
        found = []
        if self.simulated:
            spec = simulated_robot(
                self.robot, SIMULATED, seed=self.seed, real_time=not self.scripted
            )
            found.append(spec)
        if self.scripted:
            found.append(scripted_person(self.robot, SIMULATED, self.seed, takes_over=False))
        return found


def scripted_person(robot: str, namespace: str, seed: int, *, takes_over: bool) -> NodeSpec:
    """Return the scripted person who drives whole episodes, or takes over now and then."""
    return NodeSpec(
        'rl_agent',
        'scripted_person',
        namespace,
        {
            'robot': robot,
            'seed': seed,
            'takes_over': takes_over,
        },
    )

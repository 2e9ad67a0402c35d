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

"""The nodes of a robot and their parameters, for launch files, demo, evaluation and tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
import json

from rl_agent.bringup.evaluation_topics import evaluation_remappings
from rl_agent.system.folders import default_spool_folder

ParameterValue = str | int | float | bool

# How long an agent waits for a simulation, which may start together with several others.
SIMULATION_STARTS_WITHIN_S = 60.0


# No learner hears of demonstrations, and no policy takes part in them.
DEMONSTRATION_TOPICS = {
    '/policy': '/demonstration/policy',
    '/transitions': '/demonstration/transitions',
    '/transitions_ack': '/demonstration/transitions_ack',
}


@dataclass(frozen=True)
class NodeSpec:
    """A node to start.

    Attributes:
        package: ROS package of the node.
        executable: name for `ros2 run`; the module is `<package>.nodes.<executable>_node`.
        namespace: empty for the root.
        parameters: ROS parameters.
        remappings: new names of topics.
    """

    package: str
    executable: str
    namespace: str = ''
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    remappings: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the process, for people and log files."""
        return f'{self.namespace}_{self.executable}'.lstrip('_')

    @property
    def module(self) -> str:
        """Module for `python -m`."""
        return f'{self.package}.nodes.{self.executable}_node'

    def arguments(self) -> list[str]:
        """Return the arguments of `python` that start the node without `ros2`."""
        words = ['-m', self.module, '--ros-args']
        if self.namespace:
            words += ['-r', f'__ns:=/{self.namespace}']
        for name, target in self.remappings.items():
            words += ['-r', f'{name}:={target}']
        return words + self.parameter_arguments()

    def parameter_arguments(self) -> list[str]:
        """Return the ROS arguments that set the parameters, each value as YAML of its type."""
        words = []
        for name, value in self.parameters.items():
            words += ['-p', f'{name}:={json.dumps(value)}']
        return words


def agent(robot: str, namespace: str, **parameters: ParameterValue) -> NodeSpec:
    """Return the agent of a robot."""
    return NodeSpec('rl_agent', 'agent', namespace, {'robot': robot, **parameters})


def simulated_agent(robot: str, namespace: str, **parameters: ParameterValue) -> NodeSpec:
    """Return the agent of a simulated robot, which follows the clock of that robot.

    By default it keeps unacknowledged transitions in memory only: simulated time is cheap, and
    another simulation should not find them.
    """
    return NodeSpec(
        'rl_agent',
        'agent',
        namespace,
        {'robot': robot, 'use_sim_time': True, 'spool_folder': '', **parameters},
        _clock_of(namespace),
    )


def simulated_robot(robot: str, namespace: str, **parameters: ParameterValue) -> NodeSpec:
    """Return a simulated robot."""
    return NodeSpec(
        'rl_agent',
        'simulated_robot',
        namespace,
        {'robot': robot, **parameters},
        _clock_of(namespace),
    )


def simulated_fleet(robot: str, **parameters: ParameterValue) -> NodeSpec:
    """Return simulated robots with their agents in one process."""
    return NodeSpec('rl_agent', 'simulated_fleet', parameters={'robot': robot, **parameters})


def evaluation_nodes(
    robot: str, namespace: str, *, simulated: bool, seed: int, **parameters: ParameterValue
) -> list[NodeSpec]:
    """Return the agent that evaluates a policy, after the simulated robot if there is one.

    The agent has private topics, so that no learner or recorder hears of it, and no learner sends
    it another policy. Only `agent_status` keeps its name: it shows that the robot is in use.

    Args:
        robot: name or file of the robot's description.
        namespace: of the robot; empty: none, or `simulated`.
        simulated: start a simulated robot; False: the robot is running already.
        seed: of the simulated robot's starting states and of the exploration noise.
        parameters: other ROS parameters of the agent.
    """
    parameters = {'spool_folder': '', **parameters}
    if simulated:
        namespace = namespace or 'simulated'  # commands must not reach a real robot
        nodes = [
            simulated_robot(robot, namespace, seed=seed),
            simulated_agent(robot, namespace, seed=seed, **parameters),
        ]
    else:
        nodes = [agent(robot, namespace, seed=seed, **parameters)]
    *simulation, spec = nodes
    remappings = {**spec.remappings, **evaluation_remappings(namespace)}
    return [*simulation, replace(spec, remappings=remappings)]


def demonstration_agent(robot: str, namespace: str, **parameters: ParameterValue) -> NodeSpec:
    """Return an agent without a policy, which a person drives.

    What it records goes to a bridge with `DEMONSTRATION_TOPICS`; its spool is not that of an agent
    that learns.
    """
    kept = str(default_spool_folder().with_name('demonstrations'))
    spec = agent(robot, namespace, **{'spool_folder': kept, **parameters})
    return replace(spec, remappings=DEMONSTRATION_TOPICS)


def demonstration_bridge(robot: str, run_folder: str, **parameters: ParameterValue) -> NodeSpec:
    """Return the bridge that stores demonstrations in a run's folder; no learner is needed."""
    stored: dict[str, ParameterValue] = {'run_folder': run_folder, 'demonstrations_only': True}
    return NodeSpec(
        'rl_learner',
        'replay_bridge',
        parameters={'robot': robot, **stored, **parameters},
        remappings=DEMONSTRATION_TOPICS,
    )


def gazebo_robot(robot: str, world: str, **parameters: ParameterValue) -> NodeSpec:
    """Return the node between a robot in Gazebo and the topics of its description."""
    return NodeSpec(
        'rl_agent', 'gazebo_robot', parameters={'robot': robot, 'world': world, **parameters}
    )


def _clock_of(namespace: str) -> dict[str, str]:
    """Return the remapping that gives each simulated robot of a fleet its own clock."""
    return {'/clock': f'/{namespace}/clock'} if namespace else {}

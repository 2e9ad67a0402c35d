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

"""The nodes of the learner machine and of a simulation, for launch files, demo and tests."""

from typing import Any

import numpy as np
from rl_agent.bringup.node_specs import (
    NodeSpec,
    ParameterValue,
    simulated_agent,
    simulated_fleet,
    simulated_robot,
    SIMULATION_STARTS_WITHIN_S,
)
from rl_learner.bringup.parameters import RecorderParameters, ReplayBridgeParameters, RunParameters


def learner_nodes(
    robot: str,
    algorithm: str,
    replay_port: int,
    *,
    run_folder: str = RunParameters.run_folder,
    journal_keep_gb: float = ReplayBridgeParameters.journal_keep_gb,
    fleet_key: str = '',
    **learner_parameters: ParameterValue,
) -> tuple[NodeSpec, NodeSpec]:
    """Return replay bridge and learner.

    Args:
        robot: name or file of the robot's description.
        algorithm: name or file.
        replay_port: of the Reverb server between the two.
        run_folder: both nodes write there.
        journal_keep_gb: size of the journal to keep.
        fleet_key: file of the key that the bridge shares with the robots; empty: none.
        learner_parameters: other ROS parameters of the learner.
    """
    shared: dict[str, ParameterValue] = {
        'robot': robot,
        'algorithm': algorithm,
        'replay_port': replay_port,
        'run_folder': run_folder,
    }
    journal: dict[str, ParameterValue] = {
        'journal_keep_gb': journal_keep_gb,
        'fleet_key': fleet_key,
    }
    return (
        NodeSpec('rl_learner', 'replay_bridge', parameters={**shared, **journal}),
        NodeSpec('rl_learner', 'learner', parameters={**shared, **learner_parameters}),
    )


def recorder(robot: str, algorithm: str, **parameters: ParameterValue) -> NodeSpec:
    """Return the node that writes a run's TensorBoard files and episodes.

    Args:
        robot: name or file of the robot's description.
        algorithm: name or file.
        parameters: other ROS parameters of the recorder; its `run_folder` is that of the learner.
    """
    return NodeSpec(
        'rl_learner', 'recorder', parameters={'robot': robot, 'algorithm': algorithm, **parameters}
    )


def simulation_nodes(
    robot: str,
    algorithm: str,
    replay_port: int,
    *,
    robots: int,
    seed: int,
    max_steps: int,
    max_steps_ahead: int,
    record_period_s: float = RecorderParameters.period_s,
    trusted_keys: str = '',
    fleet_key: str = '',
    end_after_max_steps: bool = False,
    vectorised: bool = False,
    **learner_parameters: Any,
) -> list[NodeSpec]:
    """Return learner, bridge and recorder, then each simulated robot and its agent.

    Args:
        robot: name or file of the robot's description.
        algorithm: name or file.
        replay_port: of the Reverb server.
        robots: number of robots, each in its own namespace.
        seed: of everything random.
        max_steps: of all robots together; 0: no limit.
        max_steps_ahead: transitions that simulated time may run ahead of training; 0: no limit.
        record_period_s: time between two points of TensorBoard's curves.
        trusted_keys: file of the public keys whose policies the agents obey; empty: all.
        fleet_key: file of the key that agents and bridge share; empty: none.
        end_after_max_steps: let each agent end after its steps.
        vectorised: all robots and agents in one process, without topics between them; without
            keys and `end_after_max_steps`.
        learner_parameters: other arguments of `learner_nodes`.
    """
    seeds = [int(word) for word in np.random.SeedSequence(seed).generate_state(2 * robots + 1)]
    bridge, learner = learner_nodes(
        robot,
        algorithm,
        replay_port,
        seed=seeds[-1],
        fleet_key=fleet_key,
        **learner_parameters,
    )
    folder = learner.parameters['run_folder']
    recording = recorder(robot, algorithm, period_s=record_period_s, run_folder=folder)
    specs = [learner, bridge, recording]
    if vectorised:
        fleet = simulated_fleet(
            robot,
            robots=robots,
            seed=seeds[0],
            max_steps=max_steps,
            max_steps_ahead=max_steps_ahead,
        )
        return [*specs, fleet]
    for number, namespace in enumerate(simulation_namespaces(robots)):
        robot_seed, agent_seed = seeds[2 * number : 2 * number + 2]
        specs += [
            simulated_robot(robot, namespace, seed=robot_seed),
            simulated_agent(
                robot,
                namespace,
                seed=agent_seed,
                # the shares add up to max_steps, but none is 0, which would mean no limit
                max_steps=max_steps and max(1, (max_steps + number) // robots),
                end_after_max_steps=end_after_max_steps,
                max_steps_ahead=max_steps_ahead,
                robot_timeout_s=SIMULATION_STARTS_WITHIN_S,
                trusted_keys=trusted_keys,
                fleet_key=fleet_key,
            ),
        ]
    return specs


def simulation_namespaces(robots: int) -> list[str]:
    """Return the namespace of each simulated robot."""
    return [f'robot_{number + 1}' for number in range(robots)]

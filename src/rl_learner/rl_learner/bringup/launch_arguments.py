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

"""The arguments of the learner's launch files, see `rl_agent.bringup.launch_arguments`."""

import dataclasses

from rl_agent.bringup.launch_arguments import (
    ENDS,
    LaunchArgument,
    parameter_arguments,
    PARAMS_FILE,
    PYTHON,
    ROBOT,
)
from rl_agent.bringup.node_specs import ParameterValue
from rl_agent.bringup.robot_parameters import AgentParameters
from rl_learner.bringup.parameters import LearnerParameters, ReplayBridgeParameters

_AGENT, _LEARNER, _BRIDGE = (
    {item.name: item for item in parameter_arguments(schema)}
    for schema in (AgentParameters, LearnerParameters, ReplayBridgeParameters)
)

ALGORITHM = _LEARNER['algorithm']
REPLAY_PORT = _LEARNER['replay_port']
SEED = _LEARNER['seed']
RUN_FOLDER = _LEARNER['run_folder']

# Parameters of the replay bridge in addition to robot, algorithm, replay_port and run_folder.
BRIDGE = (_BRIDGE['journal_keep_gb'], _BRIDGE['fleet_key'])

# Parameters of the learner in addition to robot, algorithm, replay_port and seed.
LEARNER = (
    RUN_FOLDER,
    *(
        _LEARNER[name]
        for name in (
            'device',
            'devices',
            'threads',
            'warmup',
            'updates_to_data',
            'signing_key',
        )
    ),
)

RESUME = LaunchArgument(
    'resume', 'continue a run that has checkpoints; false: that is an error', True
)

LEARNER_PYTHON = LaunchArgument(
    'python', "interpreter that has Reverb and torch; empty: the workspace's .venv", ''
)

LEARNER_LAUNCH = (
    ROBOT,
    ALGORITHM,
    *LEARNER,
    *BRIDGE,
    RESUME,
    SEED,
    REPLAY_PORT,
    PARAMS_FILE,
    LEARNER_PYTHON,
    *ENDS,
)


# Defaults of the simulation; a test compares robot and lead with config/demos/pendulum.yaml.
_DEMO: dict[str, ParameterValue] = {'robot': 'pendulum', 'warmup': 500, 'max_steps_ahead': 64}


def _as_in_the_demo(item: LaunchArgument) -> LaunchArgument:
    """Return an argument with the demo's default, if the demo has its own."""
    return dataclasses.replace(item, default=_DEMO.get(item.name, item.default))


SIMULATION_LAUNCH = (
    _as_in_the_demo(ROBOT),
    LaunchArgument('robots', 'number of simulated robots, in namespaces robot_1, robot_2, ...', 1),
    ALGORITHM,
    *map(_as_in_the_demo, LEARNER),
    *BRIDGE,
    RESUME,
    LaunchArgument('seed', 'seed of everything random', 0),
    LaunchArgument('max_steps', 'end after this many control steps of all robots; 0: no limit', 0),
    _as_in_the_demo(_AGENT['max_steps_ahead']),
    _AGENT['trusted_keys'],
    REPLAY_PORT,
    LEARNER_PYTHON,
    dataclasses.replace(PYTHON, name='robot_python'),
    *ENDS,
)

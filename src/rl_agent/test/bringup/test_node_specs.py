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

"""Nodes start with arguments that ROS understands."""

from importlib.metadata import entry_points
from importlib.util import find_spec

import pytest
from rl_agent.bringup.evaluation_topics import is_evaluation_topic
from rl_agent.bringup.node_specs import (
    agent,
    evaluation_nodes,
    NodeSpec,
    simulated_agent,
    simulated_robot,
)
import yaml


def test_arguments_of_a_node() -> None:
    spec = NodeSpec(
        'rl_agent',
        'agent',
        'robot_1',
        {'robot': 'pendulum', 'seed': 3, 'explore': False, 'robot_timeout_s': 60.0},
        {'/clock': '/robot_1/clock'},
    )
    expected = (
        '-m rl_agent.nodes.agent_node --ros-args -r __ns:=/robot_1 -r /clock:=/robot_1/clock'
        ' -p robot:="pendulum" -p seed:=3 -p explore:=false -p robot_timeout_s:=60.0'
    )
    assert spec.arguments() == expected.split()


def test_a_node_without_parameters_has_no_arguments() -> None:
    spec = NodeSpec('rl_learner', 'learner')
    assert spec.arguments() == ['-m', 'rl_learner.nodes.learner_node', '--ros-args']
    assert spec.name == 'learner'


@pytest.mark.parametrize(
    'value', ['text', '', 'true', '3', 'a: b', '/tmp/a b/"c"', 'Zürich', 3, -1, 1.0, 0.25, True]
)
def test_values_keep_their_type_and_content(value: str | int | float | bool) -> None:
    """ROS parses parameters as YAML: the text 3 must not become a number, nor 1.0 an integer."""
    word = NodeSpec('a', 'b', parameters={'key': value}).arguments()[-1]
    given = yaml.safe_load(word.removeprefix('key:='))
    assert given == value
    assert type(given) is type(value)


def test_a_name_has_namespace_and_executable() -> None:
    assert agent('pendulum', 'robot_1').name == 'robot_1_agent'
    assert agent('pendulum', '').name == 'agent'


def test_a_real_agent_follows_the_clock_of_its_machine() -> None:
    spec = agent('pendulum', 'robot_1', seed=4)
    assert spec.parameters == {'robot': 'pendulum', 'seed': 4}
    assert spec.remappings == {}


def test_simulated_robot_and_its_agent_share_a_clock() -> None:
    robot = simulated_robot('pendulum', 'robot_1', seed=4)
    agent = simulated_agent('pendulum', 'robot_1', seed=5)
    assert robot.remappings == agent.remappings == {'/clock': '/robot_1/clock'}
    assert robot.parameters == {'robot': 'pendulum', 'seed': 4}
    assert agent.parameters == {
        'robot': 'pendulum',
        'use_sim_time': True,
        'spool_folder': '',
        'seed': 5,
    }


def test_a_single_simulated_robot_has_the_usual_clock() -> None:
    assert simulated_robot('pendulum', '').remappings == {}
    assert simulated_agent('pendulum', '').remappings == {}


@pytest.mark.parametrize('spec', [agent('a', ''), simulated_robot('a', '')], ids=lambda s: s.name)
def test_modules_and_executables_exist(spec: NodeSpec) -> None:
    assert find_spec(spec.module) is not None
    (script,) = entry_points(group='console_scripts', name=spec.executable)
    assert script.load().module == spec.module


def test_an_evaluation_has_private_topics() -> None:
    robot, agent = evaluation_nodes('pendulum', '', simulated=True, seed=3, policy='x.npz')
    assert (robot.namespace, agent.namespace) == ('simulated', 'simulated')
    assert agent.remappings == {
        '/clock': '/simulated/clock',
        '/policy': '/simulated/evaluation/policy',
        '/transitions': '/simulated/evaluation/transitions',
        '/transitions_ack': '/simulated/evaluation/transitions_ack',
        'step': '/simulated/evaluation/step',
        'episode': '/simulated/evaluation/episode',
    }
    (real,) = evaluation_nodes('pendulum', '', simulated=False, seed=3)
    assert 'use_sim_time' not in real.parameters
    assert real.remappings['/policy'] == '/evaluation/policy'
    assert real.remappings['episode'] == '/evaluation/episode'


def test_private_topics_have_the_names_that_agents_use() -> None:
    from rl_agent.ros.ros_topics import EPISODE, POLICY, STEP, TRANSITIONS, TRANSITIONS_ACK

    (real,) = evaluation_nodes('pendulum', '', simulated=False, seed=3)
    assert set(real.remappings) == {POLICY, TRANSITIONS, TRANSITIONS_ACK, STEP, EPISODE}
    assert all(is_evaluation_topic(name) for name in real.remappings.values())
    assert not any(is_evaluation_topic(f'/robot_1/{name}') for name in real.remappings)

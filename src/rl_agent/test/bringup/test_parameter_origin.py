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

"""Unknown parameters: mistakes, and those of other nodes."""

from pathlib import Path

import pytest
from rl_agent.bringup.parameter_origin import given_by_name, meant

KNOWN = ('robot', 'robot_id', 'seed', 'max_steps', 'action_scale', 'robot_timeout_s', 'explore')


@pytest.mark.parametrize(
    ('name', 'known'),
    [
        ('robott', 'robot'),
        ('action_scal', 'action_scale'),
        ('robot_timeout', 'robot_timeout_s'),
        ('exploer', 'explore'),
        ('max_step', 'max_steps'),
        ('robot_description', ''),
        ('robot_ip', ''),
        ('robot_name', ''),
        ('publish_frequency', ''),
        ('max_speed', ''),
        ('speed', ''),
        ('x', ''),
    ],
)
def test_a_misspelt_name_is_recognised_and_another_word_is_not(name: str, known: str) -> None:
    assert meant(name, KNOWN) == known


FILE = """
/**:
  ros__parameters: {everywhere: 1, gains: {p: 1.0}}
agent:
  ros__parameters: {speed: 1, task: {goal: 2.0}}
/robot_1/agent:
  ros__parameters: {first: 1}
robot_1:
  agent:
    ros__parameters: {nested: 1}
  camera:
    ros__parameters: {exposure: 1}
/robot_2/agent:
  ros__parameters: {second: 1}
/*/agent:
  ros__parameters: {any: 1}
"""


def test_parameters_given_for_a_node_by_name(tmp_path: Path) -> None:
    file = tmp_path / 'shared.yaml'
    file.write_text(FILE)
    words = ['agent', '--ros-args', '-p', 'loose:=1', '-p', 'agent:colour:=red', '-p']
    words += ['camera:rate:=3', '-p', '/robot_1/agent:shape:=a:b', '--params-file', str(file)]
    found = given_by_name(words, '/robot_1/agent')
    assert found == {'colour', 'shape', 'speed', 'task.goal', 'first', 'nested'}


@pytest.mark.parametrize(
    'content', ['', '[1, 2]', 'agent: 3', '{agent: {ros__parameters: }}', '{']
)
def test_a_file_of_another_shape_gives_nothing(tmp_path: Path, content: str) -> None:
    file = tmp_path / 'odd.yaml'
    file.write_text(content)
    assert given_by_name(['--params-file', str(file)], '/agent') == set()


def test_a_file_that_is_gone_gives_nothing(tmp_path: Path) -> None:
    """A launch file may delete its temporary file."""
    assert given_by_name(['--params-file', str(tmp_path / 'no.yaml')], '/agent') == set()

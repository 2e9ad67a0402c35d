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


"""A draft that begins with a shipped description keeps all but task, box and reset."""

from pathlib import Path
from typing import Any

import pytest
from rl_agent.configuration import config_folder
from rl_agent.description.robot import load_robot
from rl_agent.errors import ConfigurationError
from rl_agent.robot_draft.draft_file import make_draft
from rl_agent.robot_draft.draft_top import Draft
from rl_agent.robot_draft.shipped_draft import shipped_draft
from rl_agent.robot_draft.shipped_fit import Fit
from rl_agent.robot_draft.shipped_robots import shipped_names
from rl_agent.robot_survey.survey import Survey, Topic
import yaml

TO_FILL_IN = (
    'action.low: the lowest commands',
    'action.high: the highest commands',
    'task: what is rewarded',
    'reset: how an episode begins',
)


def draft_of(name: str, **more: Any) -> Draft:
    """Return the draft of a robot whose commands are heard."""
    topics = [Topic(item.topic, item.type, (), ('/a',)) for item in load_robot(name).sent]
    given: dict[str, Any] = {
        'name': name,
        'namespace': '',
        'prefix': '',
        'agreeing': 1,
        'is_marked': True,
        'is_of_maker': True,
        'missing': (),
        'awaited': (),
        'differences': (),
        'size': 1,
        'interpolates': False,
    }
    fit = Fit(**(given | more))
    return shipped_draft(Survey(topics, seconds=5.0), [fit], fit)


@pytest.mark.parametrize('name', shipped_names())
def test_only_task_box_and_reset_are_missing(name: str, tmp_path: Path) -> None:
    draft = draft_of(name)
    assert draft.to_fill_in == TO_FILL_IN
    path = tmp_path / 'robot.yaml'
    path.write_text(draft.text)
    with pytest.raises(ConfigurationError) as caught:
        load_robot(str(path))
    refused = [line.split(': ')[1] for line in str(caught.value).splitlines()]
    assert refused == ['action.low', 'action.high', 'task.name', 'reset']
    content = yaml.safe_load(draft.text)
    shipped = yaml.safe_load((config_folder() / 'robots' / f'{name}.yaml').read_text())
    content['action'] |= {key: shipped['action'][key] for key in ('low', 'high')}
    content |= {key: shipped[key] for key in ('task', 'reset')}
    assert content == shipped
    path.write_text(yaml.safe_dump(content))
    assert load_robot(str(path)) == load_robot(name)


@pytest.mark.parametrize('name', shipped_names())
def test_each_line_says_where_it_is_from(name: str) -> None:
    body = draft_of(name).text.partition('\nname: ')[2].splitlines()
    lines = [line for line in body if line.strip() and not line.strip().startswith('#')]
    plain = [line for line in lines if f'   # {name}.yaml' not in line]
    assert [line.split(':')[0].strip() for line in plain] == [
        'low',
        'high',
        'task',
        'name',
        'reset',
    ]


def test_the_comments_stay() -> None:
    text = draft_of('go2').text
    assert "# go2.yaml: the robot's order (unitree_ros2, motor_crc.h); names of its urdf" in text
    assert "  # a person decides: the maker's examples have 60 and 5 for standing" in text
    assert '#  docs/robots/go2.md says what to start, what is missing' in text
    assert '  #     parameters: {target_velocity: 0.3}\n' in text
    assert "'motor_cmd[12:20].q': 2.146e+9   # go2.yaml: PosStopF, no position" in text


def test_a_topic_that_is_missing_is_marked_where_it_stands() -> None:
    draft = draft_of('go2', missing=('odometry (nav_msgs/msg/Odometry)',))
    assert '    topic: odometry   # go2.yaml: no publisher was heard\n' in draft.text
    assert draft.notes[1] == (
        'odometry (nav_msgs/msg/Odometry): no publisher was heard: start it, or delete its fields'
    )


def test_what_to_type_next_has_namespace_and_prefix() -> None:
    topics = [Topic(f'cell/{item.topic}', item.type) for item in load_robot('ur5e').sent]
    fit = Fit('ur5e', 'cell', 'ur2_', 1, True, False, (), (), (), 1, False)
    draft = shipped_draft(Survey(topics, seconds=5.0, namespace='hall'), [fit], fit)
    assert draft.options == ('--namespace', 'hall/cell', '--prefix', 'ur2_')
    assert 'its joints begin with ur2_: give that as prefix to every program' in draft.notes


def test_another_model_of_the_maker_is_told_by_its_urdf() -> None:
    """A UR10e has the topics and the joints of a UR5e."""
    topics = [Topic(item.topic, item.type) for item in load_robot('ur5e').sent]
    fit = Fit('ur5e', '', '', 1, True, False, (), (), (), 1, False)
    survey = Survey(topics, urdf='<robot name="ur10e"/>', seconds=5.0)
    assert shipped_draft(survey, [fit], fit).notes[0] == (
        'taken for a ur5e, which its URDF calls ur10e; other models of its maker may have the same'
        ' topics and joints: check that it is one'
    )


def test_other_nodes_that_command_are_named() -> None:
    topics = [Topic('lowcmd', 'unitree_go/msg/LowCmd', ('/sport',), ('/motors',))]
    fit = Fit('go2', '', '', 1, True, True, (), (), (), 1, False)
    draft = shipped_draft(Survey(topics, seconds=5.0), [fit], fit)
    assert 'lowcmd: also sent by /sport: end it' in draft.notes


def test_none_leaves_the_shipped_descriptions_out() -> None:
    topics = [
        Topic('lowcmd', 'unitree_go/msg/LowCmd', (), ('/motors',)),
        Topic('lowstate', 'unitree_go/msg/LowState', ('/motors',), note='not installed'),
    ]
    survey = Survey(topics, seconds=5.0)
    assert make_draft(survey).to_fill_in == TO_FILL_IN
    words = ' '.join(make_draft(survey, 'none').to_fill_in)
    assert 'action.constants: a mapping: modes and gains' in words

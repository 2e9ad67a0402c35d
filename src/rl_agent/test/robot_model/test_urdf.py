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

"""URDFs of other people: joints and limits as they are, and no trust in the file."""

import pytest
from rl_agent.errors import ConfigurationError
from rl_agent.robot_model.urdf import MOST_BYTES, read_urdf, UrdfJoint

ARM = """<?xml version="1.0" encoding="utf-16"?>
<robot name="arm">
  <link name="base"/>
  <joint name="mount" type="fixed"><parent link="world"/><child link="base"/></joint>
  <joint name="shoulder" type="revolute">
    <parent link="base"/><axis xyz="0 0 1"/>
    <limit lower="-1.5" upper="2" velocity="3.25" effort="50"/>
  </joint>
  <joint name="wrist" type="continuous"><limit velocity="4" effort="0"/></joint>
  <joint name="finger" type="prismatic"><limit lower="0" upper="0.04"/></joint>
  <joint name="thumb" type="prismatic">
    <mimic joint="finger" multiplier="-1"/><limit lower="0" upper="0.04"/>
  </joint>
  <ros2_control name="arm" type="system">
    <joint name="shoulder">
      <command_interface name="position"/><command_interface name="velocity"/>
      <state_interface name="position"/>
    </joint>
  </ros2_control>
  <transmission><joint name="shoulder"/></transmission>
</robot>
"""


def joints(text: str) -> list[UrdfJoint]:
    """Return the joints of a robot with these elements."""
    return list(read_urdf(f'<robot name="r">{text}</robot>').joints)


def test_joints_that_move() -> None:
    urdf = read_urdf(ARM)
    assert urdf.name == 'arm'
    assert urdf.joints == (
        UrdfJoint('shoulder', 'revolute', (-1.5, 2.0), 3.25, 50.0),
        UrdfJoint('wrist', 'continuous', None, 4.0, None),
        UrdfJoint('finger', 'prismatic', (0.0, 0.04)),
        UrdfJoint('thumb', 'prismatic', (0.0, 0.04), mimics='finger'),
    )
    assert urdf.commands == {'shoulder': ('position', 'velocity')}
    assert urdf.notes == ()


def test_limits_are_never_invented() -> None:
    """A continuous joint without limits is valid (ros2_controllers#2480)."""
    assert joints('<joint name="a" type="continuous"/>') == [UrdfJoint('a', 'continuous')]
    assert joints('<joint name="a" type="revolute"/>') == [UrdfJoint('a', 'revolute')]
    nonsense = '<limit lower="a" upper="nan" velocity="-1" effort="inf"/>'
    assert joints(f'<joint name="a" type="revolute">{nonsense}</joint>') == [
        UrdfJoint('a', 'revolute')
    ]


def test_limits_of_a_continuous_joint_do_not_count() -> None:
    """Some URDFs have them (kinova-ros#289)."""
    urdf = read_urdf(
        '<robot>'
        '<joint name="a" type="continuous"><limit lower="-1" upper="1" velocity="2"/></joint>'
        '<joint name="b" type="revolute"><limit lower="1" upper="1"/></joint></robot>'
    )
    assert urdf.joints == (UrdfJoint('a', 'continuous', None, 2.0), UrdfJoint('b', 'revolute'))
    assert urdf.notes == (
        "joint 'a' is continuous: its lower and upper do not count",
        "joint 'b' has no range: lower 1.0, upper 1.0",
    )


def test_a_mimic_joint_of_another_kind_than_the_joint_that_it_follows() -> None:
    """A gripper of continuous joints that follow one that turns (pinocchio#2753)."""
    (joint,) = joints('<joint name="a" type="continuous"><mimic joint="b"/></joint>')
    assert joint.mimics == 'b'


def test_names_that_are_there_twice() -> None:
    one = '<joint name="a" type="revolute"><limit lower="{}" upper="1"/></joint>'
    urdf = read_urdf(f'<robot>{one.format(-1)}{one.format(-9)}</robot>')
    assert urdf.joints == (UrdfJoint('a', 'revolute', (-1.0, 1.0)),)
    assert urdf.notes == ("joint 'a' is there twice: the first one counts",)


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('', 'not well-formed XML: no element found'),
        ('<robot><joint name="a"', 'not well-formed XML: unclosed token'),
        ('<robot>\x00</robot>', 'not well-formed XML'),
        ('<sdf/>', "given XML of 'sdf'; accepted: a URDF"),
        ('<robot>' + '<a>' * 100_000, 'given elements 64 deep'),
        ('<robot/>' + ' ' * MOST_BYTES, f'given {MOST_BYTES + 8} characters; accepted: up to'),
    ],
)
def test_texts_that_are_no_urdf(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_urdf(text)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 200


def test_entities_are_refused_before_they_grow() -> None:
    """Ten entities of ten each, ten levels: 10 GB if they were expanded."""
    levels = ''.join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 11))
    bomb = f'<!DOCTYPE robot [<!ENTITY e0 "lol">{levels}]><robot name="&e10;"/>'
    with pytest.raises(ConfigurationError, match='given a document type declaration'):
        read_urdf(bomb)
    outside = '<!DOCTYPE robot SYSTEM "file:///etc/passwd"><robot/>'
    with pytest.raises(ConfigurationError, match='given a document type declaration'):
        read_urdf(outside)

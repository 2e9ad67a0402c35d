# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The layouts for Foxglove, PlotJuggler and RViz name existing topics and fields."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any
import xml.etree.ElementTree as ElementTree

import pytest
from rl_agent.display.action_panel import ActionPanel
from rl_agent.display.goal import Goal
from rl_agent.display.ros_markers import MarkerMaker
from rl_agent.ros.ros_topics import AGENT_STATUS, EPISODE, LEARNER_STATUS, MARKERS, STEP
from rl_msgs.msg import AgentStatus, Episode, LearnerStatus, Step
import yaml

Marker = pytest.importorskip(
    'visualization_msgs.msg', reason='visualization_msgs is not installed: make setup'
).Marker
TOPICS: dict[str, Any] = {
    f'/robot_1/{STEP}': Step,
    f'/robot_1/{EPISODE}': Episode,
    f'/robot_1/{AGENT_STATUS}': AgentStatus,
    LEARNER_STATUS: LearnerStatus,
}
FIELD = re.compile(r'([a-z][a-z0-9_]*)(\[\d+\])?')
NUMBERS = ('float', 'double', 'int', 'uint', 'boolean')


def foxglove(folder: Path) -> dict[str, Any]:
    """Return the Foxglove layout."""
    content: dict[str, Any] = json.loads((folder / 'foxglove.json').read_text(encoding='utf-8'))
    return content


def foxglove_curves(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield topic and field of each curve."""
    for name, panel in foxglove(folder)['configById'].items():
        if name.startswith('Plot!'):
            for path in panel['paths']:
                topic, _, field = path['value'].partition('.')
                yield topic, field


def plotjuggler_curves(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield topic and field of each curve."""
    for curve in ElementTree.parse(folder / 'plotjuggler.xml').iter('curve'):
        topic, _, field = curve.attrib['name'].rpartition('/')
        yield topic, field


@pytest.fixture
def folder(workspace: Path) -> Path:
    return workspace / 'config' / 'layouts'


@pytest.mark.parametrize('curves', [foxglove_curves, plotjuggler_curves])
def test_topics_and_fields_exist(folder: Path, curves: Any) -> None:
    seen = list(curves(folder))
    assert {topic for topic, _ in seen} == set(TOPICS)
    for topic, field in seen:
        match = FIELD.fullmatch(field)
        assert match, field
        types = TOPICS[topic].get_fields_and_field_types()
        assert match[1] in types, f'{topic}: {field}'
        kind = types[match[1]]
        assert kind.startswith('sequence<') == bool(match[2]), f'{topic}: {field}: {kind}'
        assert kind.removeprefix('sequence<').startswith(NUMBERS), f'{topic}: {field}: {kind}'


def test_foxglove_shows_each_panel_once(folder: Path) -> None:
    layout = foxglove(folder)

    def leaves(item: Any) -> Iterator[str]:
        if isinstance(item, str):
            yield item
        else:
            yield from leaves(item['first'])
            yield from leaves(item['second'])

    assert sorted(leaves(layout['layout'])) == sorted(layout['configById'])
    for name, panel in layout['configById'].items():
        if name.startswith('RawMessages!'):
            assert panel['topicPath'] in TOPICS


def test_plotjuggler_subscribes_to_the_topics_it_draws(folder: Path) -> None:
    tree = ElementTree.parse(folder / 'plotjuggler.xml')
    assert {topic.attrib['name'] for topic in tree.iter('topic')} == set(TOPICS)


def test_rviz_shows_what_the_markers_node_publishes(folder: Path) -> None:
    content = yaml.safe_load((folder / 'rl_agent.rviz').read_text(encoding='utf-8'))
    manager = content['Visualization Manager']
    displays = {
        item['Class'].removeprefix('rviz_default_plugins/'): item for item in manager['Displays']
    }
    topic = displays['MarkerArray']['Topic']
    assert topic['Value'] == f'/robot_1/{MARKERS}'
    assert (topic['Durability Policy'], topic['Reliability Policy']) == ('Volatile', 'Reliable')
    panel = ActionPanel(['joint'], ['rad'], [-1.0], [1.0], 0.6, 0.5)
    step = Step(action_wanted=[0.0], action_executed=[0.0], command=[0.0])
    array = MarkerMaker(panel, 'base_link', 'odom').markers(step, Goal((1.0, 2.0, 0.0), 0.2))
    shown = displays['MarkerArray']['Namespaces']
    assert set(shown) == {marker.ns for marker in array.markers}
    assert all(shown.values())
    # the robot's own nodes publish these
    assert displays['RobotModel']['Description Topic']['Value'] == '/robot_1/robot_description'
    assert displays['RobotModel']['Description Topic']['Durability Policy'] == 'Transient Local'


def test_rviz_draws_every_marker(folder: Path) -> None:
    """What RViz refuses or never shows: no size, no orientation, points without a pair."""
    panel = ActionPanel(['a', 'b'], ['rad', 'm'], [-1.0, 0.0], [1.0, 2.0], 0.6, 0.5)
    step = Step(action_wanted=[0.5, 0.0], action_executed=[0.2, 0.0], command=[0.2, 1.0])
    markers = MarkerMaker(panel, 'base_link', 'odom').markers(step, Goal((1.0, 2.0, 0.0), 0.2))
    keys = [(marker.ns, marker.id) for marker in markers.markers]
    assert len(keys) == len(set(keys))
    for marker in markers.markers:
        assert marker.header.frame_id
        assert marker.color.a > 0.0
        assert marker.pose.orientation.w == 1.0
        scale = marker.scale
        used = {
            Marker.LINE_LIST: [scale.x],
            Marker.SPHERE_LIST: [scale.x, scale.y, scale.z],
            Marker.TEXT_VIEW_FACING: [scale.z],
            Marker.CYLINDER: [scale.x, scale.y, scale.z],
        }[marker.type]
        assert all(size > 0.0 for size in used), marker.ns
        assert bool(marker.text) == (marker.type == Marker.TEXT_VIEW_FACING)
        if marker.type == Marker.LINE_LIST:
            assert len(marker.points) % 2 == 0
            assert len(marker.colors) in (0, len(marker.points))


def test_a_task_without_a_goal_removes_the_one_before() -> None:
    panel = ActionPanel(['joint'], ['rad'], [-1.0], [1.0], 0.6, 0.5)
    step = Step(action_wanted=[0.0], action_executed=[0.0], command=[0.0])
    array = MarkerMaker(panel, 'base_link', 'odom').markers(step, None)
    (goal,) = (marker for marker in array.markers if marker.ns == 'goal')
    assert goal.action == Marker.DELETE

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The layouts for Foxglove and PlotJuggler name existing topics and fields."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any
import xml.etree.ElementTree as ElementTree

import pytest
from rl_agent.ros.ros_topics import AGENT_STATUS, EPISODE, LEARNER_STATUS, STEP
from rl_msgs.msg import AgentStatus, Episode, LearnerStatus, Step

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

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Other publishers that command a robot, over real DDS."""

from collections.abc import Iterator

from fleet import Listener
import pytest
from rl_agent.event_log import EventLog
from rl_agent.ros.ros_other_publishers import EVENT, FORGOTTEN_S, other_publishers, OtherPublishers
from std_msgs.msg import Float64

WITHIN_S = 20.0
TOPIC = 'shared_command'


@pytest.fixture
def agent(ros_environment: dict[str, str]) -> Iterator[Listener]:
    """Return the node that watches; it also publishes on the topic."""
    listener = Listener({})
    listener.node.create_publisher(Float64, TOPIC, 1)
    yield listener
    listener.close()


@pytest.fixture
def teleop(ros_environment: dict[str, str]) -> Iterator[Listener]:
    """Return another node of the same name: a second agent in the same namespace."""
    listener = Listener({})
    yield listener
    listener.close()


def wait_until_seen(agent: Listener, wanted: list[str]) -> None:
    """Wait until these other publishers are seen."""
    agent.until(
        lambda: other_publishers(agent.node, TOPIC, own=1) == wanted, WITHIN_S, str(wanted)
    )


def test_only_other_publishers_are_named(agent: Listener, teleop: Listener) -> None:
    wait_until_seen(agent, [])
    publisher = teleop.node.create_publisher(Float64, TOPIC, 1)
    wait_until_seen(agent, ['/listener'])
    assert other_publishers(agent.node, TOPIC) == ['/listener', '/listener']
    teleop.node.destroy_publisher(publisher)
    wait_until_seen(agent, [])


def test_others_are_reported_when_they_stay_and_when_they_end(
    agent: Listener, teleop: Listener
) -> None:
    events, now_s = EventLog(), [0.0]
    watch = OtherPublishers(agent.node, [TOPIC], events, clock=lambda: now_s[0])
    watch.check()
    publisher = teleop.node.create_publisher(Float64, TOPIC, 1)
    wait_until_seen(agent, ['/listener'])
    now_s[0] = FORGOTTEN_S - 1.0
    watch.check()
    assert events.counts() == {}
    now_s[0] = FORGOTTEN_S + 1.0
    watch.check()
    watch.check()
    assert events.counts() == {EVENT: 1}
    [report] = events.take_reports()
    assert report.level == 'error'
    assert f'/{TOPIC} is also published by /listener,' in report.text
    teleop.node.destroy_publisher(publisher)
    wait_until_seen(agent, [])
    watch.check()
    assert [item.level for item in events.take_reports()] == ['info']

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""/diagnostics: numbers once a second, and a level that asks for attention."""

from pathlib import Path
import re

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from fleet import Listener, running
import pytest
from rl_agent.control.ros_agent_status import agent_concerns
from rl_agent.ros.ros_diagnostics import Recent
from rl_learner.nodes.ros_learner_diagnostics import learner_concerns, replay_concerns
from rl_msgs.msg import AgentStatus, LearnerStatus, ReplayStatus
from small_learner import pendulum_simulation
import yaml

GOOD = {'state': 'exploring', 'safety_state': 'ok', 'steps_per_s': 50.0}


class Time:
    """A clock that a test sets."""

    def __init__(self) -> None:
        """Begin at 0."""
        self.now_s = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s


def test_growth_of_a_counter_is_remembered_for_10_s() -> None:
    time = Time()
    recent = Recent(time)
    assert not recent.grew('lost', 0)
    time.now_s = 1.0
    assert recent.grew('lost', 3)
    time.now_s = 11.0
    assert recent.grew('lost', 3)
    time.now_s = 11.1
    assert not recent.grew('lost', 3)


@pytest.mark.parametrize(
    ('fields', 'text', 'is_error'),
    [
        ({'safety_state': 'tilt: 0.9 rad'}, 'tilt: 0.9 rad', False),
        ({'safety_state': 'stop', 'safety_latched': True}, '~/rearm', True),
        ({'state': 'waiting for the robot'}, 'waiting for the robot', False),
        ({'transitions_dropped': 1}, 'spool is full', False),
        ({'transitions_pending': 501}, '501 transitions wait', False),
        ({'hand': 'refused: /joy: two'}, 'the hand is refused: /joy: two', False),
        ({'policies_rejected': 1}, 'policies are refused', False),
        ({'ticks': 100, 'ticks_missed': 2}, '2 of 100 control periods', False),
    ],
)
def test_a_concern_of_an_agent_is_named(
    fields: dict[str, object], text: str, is_error: bool
) -> None:
    (concern,) = agent_concerns(AgentStatus(**{**GOOD, **fields}), Recent())
    assert text in concern.text
    assert concern.is_error == is_error


def test_a_healthy_agent_has_no_concerns() -> None:
    status = AgentStatus(**GOOD, ticks=1000, ticks_missed=1, transitions_pending=500)
    assert agent_concerns(status, Recent()) == []


def test_events_of_the_link_are_concerns() -> None:
    for name in ('acknowledgement_refused', 'same_robot_name'):
        status = AgentStatus(**GOOD, event_names=['other', name], event_counts=[3, 1])
        (concern,) = agent_concerns(status, Recent())
        assert not concern.is_error


def test_a_concern_of_the_learner_machine_is_named() -> None:
    assert learner_concerns(LearnerStatus(backlog=9_999), Recent()) == []
    (behind,) = learner_concerns(LearnerStatus(backlog=10_000), Recent())
    assert '10000 transitions behind' in behind.text
    names = {'metric_names': ['critic_loss'], 'metric_values': [float('nan')]}
    (wrong,) = learner_concerns(LearnerStatus(**names), Recent())
    assert (wrong.text, wrong.is_error) == ('not finite: critic_loss', True)
    assert replay_concerns(ReplayStatus(state='feeding'), Recent()) == []
    (disk,) = replay_concerns(ReplayStatus(state='journal: disk full'), Recent())
    assert disk.is_error
    counted = ('batches_refused', 'transitions_lost', 'transitions_refused', 'same_robot_name')
    status = ReplayStatus(**dict.fromkeys(counted, 1))
    assert len(replay_concerns(status, Recent())) == len(counted)


def groups_of(name: str, workspace: Path) -> list[str]:
    """Return the groups in which rqt_robot_monitor shows a node, as diagnostic_aggregator does.

    Its GenericAnalyzer compares a regular expression with the whole name.
    """
    file = workspace / 'config' / 'diagnostics' / 'aggregator.yaml'
    content = yaml.safe_load(file.read_text(encoding='utf-8'))
    analyzers = content['analyzers']['ros__parameters']
    return [
        item['path']
        for item in analyzers.values()
        if isinstance(item, dict) and any(re.fullmatch(text, name) for text in item['regex'])
    ]


@pytest.mark.parametrize(
    ('name', 'groups'),
    [
        ('/learner', ['Learner machine']),
        ('/fleet_2/replay_bridge', ['Learner machine']),
        ('/agent', ['Robots']),
        ('/robot_1/agent', ['Robots']),
        ('/site/robot_1/simulated_robot', ['Simulations']),
        ('/gazebo_robot', ['Simulations']),
        ('/robot_1/agent_camera', []),
        ('/my_learner', []),
        ('joint_state_broadcaster: Controller', []),
    ],
)
def test_the_aggregator_groups_nodes_by_their_names(
    workspace: Path, name: str, groups: list[str]
) -> None:
    assert groups_of(name, workspace) == groups


@pytest.mark.timeout(180)
def test_each_node_publishes_its_numbers(
    ros_environment: dict[str, str], tmp_path: Path, workspace: Path
) -> None:
    specs = pendulum_simulation(tmp_path, max_steps=1000, warmup=100)
    listener = Listener({'/diagnostics': (DiagnosticArray, 10)})
    wanted = {
        '/robot_1/agent': {
            'steps_per_s',
            'policy_version',
            'policy_age_s',
            'transitions_pending',
            'transitions_dropped',
        },
        '/learner': {'updates_per_s', 'replay_size', 'backlog'},
        '/replay_bridge': {'transitions_journaled', 'transitions_lost', 'robots'},
    }

    def healthy() -> set[str]:
        """Return the nodes that have reported OK."""
        reported = [
            status for message in listener.heard['/diagnostics'] for status in message.status
        ]
        for status in reported:
            assert wanted.get(status.name, set()) <= {item.key for item in status.values}
        return {status.name for status in reported if status.level == DiagnosticStatus.OK}

    try:
        with running(specs, ros_environment, tmp_path):
            listener.until(lambda: wanted.keys() <= healthy(), 120, 'diagnostics of all three')
        names = {
            status.name for message in listener.heard['/diagnostics'] for status in message.status
        }
        assert '/robot_1/simulated_robot' in names
        assert all(len(groups_of(name, workspace)) == 1 for name in names), names
    finally:
        listener.close()

# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""What judges or watches simulated robots keeps to them, whatever the caller's network is."""

from collections.abc import Iterator
import contextlib
import os
from pathlib import Path
from typing import Any

from batches import make_batch, SPACES
import numpy as np
import psutil
import pytest
from rl_agent.description.robot import load_robot
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.ros.ros_topics import EPISODE, STEP
from rl_agent.transport.transition import Sender
from rl_learner.demo.ros_monitor import RosMonitor
from rl_learner.evaluation.ros_robot_evaluation import _EvaluationNode, RobotEvaluation
from rl_learner.journal.batch_codec import encode
from rl_learner.system.domain import claim_domain, local_environment


def make_trial(*, real: bool = False) -> RobotEvaluation:
    """Return a trial of a policy on the pendulum."""
    shape = PolicyArchitecture(3, 1, (4,), distribution='deterministic')
    numbers = np.zeros(shape.num_parameters, np.float32)
    parameters = PolicyParameters(shape, numbers, fingerprint=SPACES.fingerprint)
    return RobotEvaluation(load_robot('pendulum'), parameters, episodes=1, seed=0, real=real)


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Yield variables of a domain on this machine; this process has those of a lab's network."""
    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path / 'ros_log'))
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SUBNET')
    monkeypatch.setenv('ROS_DOMAIN_ID', '101')
    with claim_domain() as domain:
        yield local_environment(domain)


def udp_ports() -> set[int]:
    """Return the ports on which this process hears datagrams."""
    return {item.laddr.port for item in psutil.Process().net_connections('udp')}


def assert_local(environment: dict[str, str]) -> None:
    """Look at the ports of DDS (RTPS 9.6.2): 7400 + 250 domain is for a whole network's members.

    A participant that is to be found on this machine alone hears those that are sent to it, at
    7410 + 250 domain + 2 participant.
    """
    base = 7400 + 250 * int(environment['ROS_DOMAIN_ID'])
    ports = udp_ports()
    assert ports & set(range(base + 10, base + 250)), f'it is not in the domain: {ports}'
    assert base not in ports
    assert os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'SUBNET'
    assert os.environ['ROS_DOMAIN_ID'] == '101'


def test_a_judge_of_a_simulated_robot_is_found_on_this_machine_alone(
    environment: dict[str, str],
) -> None:
    with contextlib.closing(_EvaluationNode(make_trial(), environment)):
        assert_local(environment)


def test_a_monitor_is_found_on_this_machine_alone(environment: dict[str, str]) -> None:
    monitor = RosMonitor(['robot_1'], lambda message: None)
    with contextlib.closing(monitor):
        monitor.start(environment)
        assert_local(environment)


def test_transitions_of_another_kind_of_robot_are_left_to_its_learner(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is acknowledged is gone from its spool."""
    acknowledged: list[Any] = []
    with contextlib.closing(_EvaluationNode(make_trial(), environment)) as judge:
        monkeypatch.setattr(judge._acks, 'publish', acknowledged.append)
        judge._on_batch(encode(make_batch(1, 3, sender=Sender('arm', 'session', 'another'))))
        assert (acknowledged, judge._rows) == ([], [])
        judge._on_batch(encode(make_batch(1, 3)))
    assert [(item.robot, item.sequence) for item in acknowledged] == [('robot_1', 3)]
    assert [len(rows.reward) for rows in judge._rows] == [3]


def test_a_real_robot_is_judged_on_topics_of_its_own() -> None:
    (agent,) = make_trial(real=True).node_specs('pendulum.yaml')
    assert agent.remappings == {
        '/policy': '/evaluation/policy',
        '/transitions': '/evaluation/transitions',
        '/transitions_ack': '/evaluation/transitions_ack',
        STEP: '/evaluation/step',
        EPISODE: '/evaluation/episode',
    }

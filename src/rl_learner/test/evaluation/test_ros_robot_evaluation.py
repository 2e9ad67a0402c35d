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

"""Nodes that evaluate or watch simulated robots stay on this machine and take only their data."""

from collections.abc import Iterator
import contextlib
import math
import os
from pathlib import Path
import threading
import time
from typing import Any

from batches import make_batch, SPACES
import numpy as np
import psutil
import pytest
from rl_agent.description.robot import load_robot
from rl_agent.policy.parameters import PolicyArchitecture, PolicyParameters
from rl_agent.ros.ros_topics import EPISODE, EPISODE_QOS, STATUS_QOS, STEP, STEP_QOS
from rl_agent.transport.transition import Sender
from rl_learner.demo.ros_monitor import FinishedEpisode, RosMonitor
from rl_learner.evaluation.ros_robot_evaluation import EvaluationNode, RobotEvaluation
from rl_learner.journal.batch_codec import encode
from rl_learner.system.domain import claim_domain, local_environment
from rl_msgs.msg import AgentStatus, Episode, LearnerStatus, Step


def make_evaluation(*, real: bool = False) -> RobotEvaluation:
    """Return the evaluation of a policy on the pendulum."""
    shape = PolicyArchitecture(3, 1, (4,), distribution='deterministic')
    numbers = np.zeros(shape.num_parameters, np.float32)
    parameters = PolicyParameters(shape, numbers, fingerprint=SPACES.fingerprint)
    return RobotEvaluation(load_robot('pendulum'), parameters, episodes=1, seed=0, real=real)


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Yield variables of a local ROS domain while this process has those of a lab's network."""
    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path / 'ros_log'))
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SUBNET')
    monkeypatch.setenv('ROS_DOMAIN_ID', '101')
    with claim_domain() as domain:
        yield local_environment(domain)


def udp_ports() -> set[int]:
    """Return the UDP ports on which this process listens."""
    return {item.laddr.port for item in psutil.Process().net_connections('udp')}


def assert_local(environment: dict[str, str]) -> None:
    """Check the ports of DDS (RTPS 9.6.2): 7400 + 250 domain is for discovery by multicast.

    A participant that is discovered only on this machine listens on its unicast port alone,
    7410 + 250 domain + 2 participant.
    """
    base = 7400 + 250 * int(environment['ROS_DOMAIN_ID'])
    ports = udp_ports()
    assert ports & set(range(base + 10, base + 250)), f'not in the domain: {ports}'
    assert base not in ports
    assert os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'SUBNET'
    assert os.environ['ROS_DOMAIN_ID'] == '101'


def test_evaluating_a_simulated_robot_stays_on_this_machine(
    environment: dict[str, str],
) -> None:
    with contextlib.closing(EvaluationNode(make_evaluation(), environment)):
        assert_local(environment)


def test_monitoring_stays_on_this_machine(environment: dict[str, str]) -> None:
    monitor = RosMonitor(['robot_1'], lambda message: None)
    with contextlib.closing(monitor):
        monitor.start(environment)
        assert_local(environment)


def test_malformed_messages_do_not_end_the_monitor(environment: dict[str, str]) -> None:
    """Arrays of different lengths, an infinite return, 4 billion steps; then a good episode."""
    heard: list[FinishedEpisode] = []
    monitor = RosMonitor(['robot_1'], heard.append)
    with contextlib.closing(monitor):
        monitor.start(environment)
        node, own = monitor._node, threading.Event()
        bad: tuple[tuple[str, Any], ...] = (
            ('/learner_status', LearnerStatus(metric_names=['a'], metric_values=[])),
            ('/robot_1/agent_status', AgentStatus(event_names=['a'], event_counts=[1, 2])),
            ('/robot_1/step', Step(reward_names=['a'], reward_parts=[])),
            ('/robot_1/episode', Episode(episode_return=math.inf)),
            ('/robot_1/episode', Episode(steps=4_000_000_000)),
        )
        qualities = {'step': STEP_QOS, 'episode': EPISODE_QOS}
        publishers = {
            topic: node.create_publisher(
                type(message), topic, qualities.get(topic.rpartition('/')[2], STATUS_QOS)
            )
            for topic, message in bad
        }
        deadline_s = time.monotonic() + 30.0
        while not all(item.get_subscription_count() for item in publishers.values()):
            assert time.monotonic() < deadline_s
            own.wait(0.02)
        for topic, message in bad:
            publishers[topic].publish(message)
        publishers['/robot_1/episode'].publish(Episode(robot='r', steps=7, episode_return=-1.0))
        while not heard or sum(monitor.guard.refused.values()) < len(bad):
            assert time.monotonic() < deadline_s, (heard, monitor.guard.refused)
            own.wait(0.02)
        assert [(item.robot, item.steps) for item in heard] == [('r', 7)]
        assert monitor.observed.agents == {}


def test_transitions_of_another_kind_of_robot_are_ignored(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Acknowledging them would remove them from the spool before its learner has them."""
    acknowledged: list[Any] = []
    with contextlib.closing(EvaluationNode(make_evaluation(), environment)) as node:
        monkeypatch.setattr(node._acks, 'publish', acknowledged.append)
        node._on_batch(encode(make_batch(1, 3, sender=Sender('arm', 'session', 'another'))))
        assert (acknowledged, node._rows) == ([], [])
        node._on_batch(encode(make_batch(1, 3)))
    assert [(item.robot, item.sequence) for item in acknowledged] == [('robot_1', 3)]
    assert [len(rows.reward) for rows in node._rows] == [3]


def test_a_real_robot_is_evaluated_on_private_topics() -> None:
    (agent,) = make_evaluation(real=True).node_specs('pendulum.yaml')
    assert agent.remappings == {
        '/policy': '/evaluation/policy',
        '/transitions': '/evaluation/transitions',
        '/transitions_ack': '/evaluation/transitions_ack',
        STEP: '/evaluation/step',
        EPISODE: '/evaluation/episode',
    }


def test_a_real_robot_may_have_a_prefix() -> None:
    """The description in a run has none any more, so the agent reads the robot's file."""
    parameters = make_evaluation(real=True).parameters
    evaluation = RobotEvaluation(
        load_robot('pendulum'),
        parameters,
        episodes=1,
        seed=0,
        real=True,
        prefix='left_',
        robot_file='/robots/arm.yaml',
    )
    (agent,) = evaluation.node_specs('/tmp/of_the_run.yaml')
    assert agent.parameters['prefix'] == 'left_'
    assert agent.parameters['robot'] == '/robots/arm.yaml'
    (agent,) = make_evaluation(real=True).node_specs('/tmp/of_the_run.yaml')
    assert agent.parameters['robot'] == '/tmp/of_the_run.yaml'

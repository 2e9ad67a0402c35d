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

"""The recorder records its own run, not everything in the domain."""

from collections.abc import Iterator
import math
from pathlib import Path

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.utilities import try_shutdown
from rl_agent.ros.ros_spinning import serve
from rl_agent.ros.ros_topics import EPISODE_QOS, STATUS_QOS, STEP_QOS
from rl_learner.nodes.recorder_node import RecorderNode
from rl_learner.run.episode_log import read_episodes
from rl_learner.system.domain import claim_domain, local_environment
from rl_msgs.msg import AgentStatus, Episode, LearnerStatus, ReplayStatus, Step

TIMEOUT_S = 30.0
TOPICS_OF_THE_RUN = {
    '/robot_1/episode': (Episode, EPISODE_QOS),
    '/robot_1/step': (Step, STEP_QOS),
    '/robot_1/agent_status': (AgentStatus, STATUS_QOS),
    '/replay_status': (ReplayStatus, STATUS_QOS),
}
OTHER_TOPICS = {
    '/robot_1/evaluation/episode': (Episode, EPISODE_QOS),
    '/evaluation/step': (Step, STEP_QOS),
    '/another_group/replay_status': (ReplayStatus, STATUS_QOS),
}


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecorderNode]:
    """Yield a running recorder of the pendulum; ROS shuts down after the test."""
    with claim_domain() as domain:
        for name, value in local_environment(domain).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path / 'ros_log'))
        parameters = ['-p', 'robot:=pendulum', '-p', f'run_folder:={tmp_path / "run"}']
        rclpy.init(args=['--ros-args', *parameters, '-p', 'step_robots:=1'])
        node = RecorderNode()
        node.start()
        yield node
        node.close()
        node.destroy_node()
        try_shutdown()


def test_evaluations_and_other_groups_are_not_recorded(
    recorder: RecorderNode, tmp_path: Path
) -> None:
    others = Node('others')
    publishers = {
        topic: others.create_publisher(message_type, topic, qos)
        for topic, (message_type, qos) in (OTHER_TOPICS | TOPICS_OF_THE_RUN).items()
    }
    executor = SingleThreadedExecutor()
    for node in (recorder, others):
        executor.add_node(node)

    def all_discovered() -> bool:
        return publishers.keys() <= dict(recorder.get_topic_names_and_types()).keys()

    assert serve(executor, TIMEOUT_S, all_discovered)
    recorder._discover_robots()
    assert recorder._subscriptions_by_topic.keys() == {'/learner_status', *TOPICS_OF_THE_RUN}

    episode = Episode(robot='robot_1', episode=1, steps=200, episode_return=-1.0)
    publisher, table = publishers['/robot_1/episode'], tmp_path / 'run' / 'episodes.csv'
    assert serve(executor, TIMEOUT_S, lambda: publisher.get_subscription_count() > 0)
    publisher.publish(episode)
    assert serve(executor, TIMEOUT_S, table.exists)
    (row,) = read_episodes(table)
    assert (row.robot, row.steps, row.episode_return) == ('robot_1', 200, -1.0)
    executor.shutdown()
    others.destroy_node()


BAD_MESSAGES = (
    ('/robot_1/episode', Episode(robot='r', episode=1, steps=200, episode_return=math.inf)),
    ('/robot_1/episode', Episode(robot='r', episode=1, steps=4_000_000_000)),
    ('/robot_1/episode', Episode(robot='r\nq', episode=1, steps=1)),
    ('/robot_1/agent_status', AgentStatus(robot='r', event_names=['a', 'b'], event_counts=[1])),
    ('/robot_1/agent_status', AgentStatus(robot='r', steps=2**64 - 1)),
    ('/robot_1/step', Step(robot='r', reward_names=['a'], reward_parts=[1.0, 2.0])),
    ('/robot_1/step', Step(robot='r', observation_names=['a'], observation=[math.nan])),
    ('/learner_status', LearnerStatus(metric_names=['a', 'b'], metric_values=[1.0])),
    ('/learner_status', LearnerStatus(transitions_stored=2**64 - 1)),
    ('/replay_status', ReplayStatus(transitions_journaled=2**63)),
)


def test_malformed_messages_are_refused_and_nothing_of_them_is_stored(
    recorder: RecorderNode, tmp_path: Path
) -> None:
    others = Node('others')
    topics = {**TOPICS_OF_THE_RUN, '/learner_status': (LearnerStatus, STATUS_QOS)}
    publishers = {
        topic: others.create_publisher(message_type, topic, qos)
        for topic, (message_type, qos) in topics.items()
    }
    executor = SingleThreadedExecutor()
    for node in (recorder, others):
        executor.add_node(node)

    def all_heard() -> bool:
        return all(item.get_subscription_count() > 0 for item in publishers.values())

    assert serve(executor, TIMEOUT_S, all_heard)
    for _ in range(2):  # named once, counted twice
        for topic, message in BAD_MESSAGES:
            publishers[topic].publish(message)
    count = 2 * len(BAD_MESSAGES)
    assert serve(executor, TIMEOUT_S, lambda: sum(recorder.guard.refused.values()) == count)
    good = Episode(robot='r', episode=1, steps=200, episode_return=-1.0)
    publishers['/robot_1/episode'].publish(good)
    table = tmp_path / 'run' / 'episodes.csv'
    assert serve(executor, TIMEOUT_S, table.exists)
    assert [(row.steps, row.episode_return) for row in read_episodes(table)] == [(200, -1.0)]
    assert recorder._recorder is not None
    assert (recorder._recorder.step, recorder._recorder.take_means()) == (0, {})
    executor.shutdown()
    others.destroy_node()


def test_after_a_full_disk_the_curves_go_on(
    recorder: RecorderNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another file: readers stop at half a record."""
    folder = tmp_path / 'run' / 'tensorboard'

    def write() -> None:
        assert recorder._recorder is not None
        recorder._recorder.on_learner(LearnerStatus(metric_names=['x'], metric_values=[1.0]))
        recorder._write()

    write()
    with monkeypatch.context() as broken:
        broken.setattr('rl_learner.monitoring.tensorboard_file.RecordWriter.write', _cut_off)
        write()
        write()
    write()
    assert len(list(folder.iterdir())) > 1
    recorder.deactivate()
    recorder.clean_up()
    recorder.deactivate()  # as `shutdown` does after `cleanup`
    recorder._configured = False


def _cut_off(*_: object) -> None:
    """Refuse to write."""
    raise OSError(28, 'No space left on device')

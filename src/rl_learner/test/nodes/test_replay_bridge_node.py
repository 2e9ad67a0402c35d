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

"""The bridge as a node: the server it feeds, the folder of its run, and full disks."""

from collections.abc import Callable, Iterator
import dataclasses
import errno
from pathlib import Path
from typing import Any

from batches import LAYOUT, make_batch
import pytest
import rclpy
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.utilities import try_shutdown
from rl_agent.errors import ConfigurationError, DiskFullError
from rl_agent.ros.ros_managed_node import ManagedNode
from rl_learner.journal.batch_codec import encode
from rl_learner.journal.journal import Journal, JournalSettings
from rl_learner.journal.journal_reader import read_journal
from rl_learner.nodes.learner_node import LearnerNode
from rl_learner.nodes.replay_bridge_node import ReplayBridgeNode
from rl_learner.replay.server import ReplayServer, ReplayStart
from rl_learner.run.folder import DEMONSTRATIONS, EXPERIENCE, run_key
from rl_learner.run.manifest import read_retention
from rl_learner.system.domain import claim_domain, local_environment
from rl_learner.system.ports import free_port

MakeBridge = Callable[..., ReplayBridgeNode]


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ManagedNode]]:
    """Yield a list for nodes; the nodes in it and ROS are closed after the test."""
    nodes: list[ManagedNode] = []

    with claim_domain() as domain:
        for name, value in local_environment(domain).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path / 'ros_log'))
        yield nodes
        for node in nodes:
            node.close()
            node.destroy_node()
        try_shutdown()


@pytest.fixture
def make_bridge(nodes: list[ManagedNode]) -> MakeBridge:
    """Return a function that starts a bridge; later nodes get its parameters, too."""

    def make(**parameters: Any) -> ReplayBridgeNode:
        words = [f'{name}:={value}' for name, value in {'robot': 'pendulum', **parameters}.items()]
        rclpy.init(args=['--ros-args', *(word for pair in words for word in ('-p', pair))])
        bridge = ReplayBridgeNode()
        nodes.append(bridge)
        bridge.start()
        return bridge

    return make


def wait_until(node: ReplayBridgeNode, condition: Callable[[], bool]) -> None:
    """Wait until the threads of a bridge have reached a condition."""
    for _ in range(600):
        if condition():
            return
        node._stop.wait(0.05)
    raise AssertionError(f'condition not reached: {node._state()}')


def serve(port: int, run: Path, **options: Any) -> ReplayServer:
    """Start the Reverb server of a run's learner."""
    return ReplayServer(
        port,
        width=LAYOUT.width,
        capacity=1000,
        samples_per_insert=1.0,
        warmup=0,
        run=run_key(run),
        **options,
    )


def test_a_bridge_waits_while_the_learner_of_another_run_has_the_port(
    make_bridge: MakeBridge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Transitions are stored and acknowledged, and fed to the run's learner once it starts.

    The bridge gets the folder as a link, the learner by its own name.
    """
    port, run, other, link = free_port(), tmp_path / 'run', tmp_path / 'other', tmp_path / 'link'
    run.mkdir()
    other.mkdir()
    link.symlink_to(run)
    server = serve(port, other)
    bridge = make_bridge(run_folder=link, replay_port=port)
    acknowledged: list[Any] = []
    statuses: list[Any] = []
    monkeypatch.setattr(bridge, '_acknowledge', acknowledged.append)
    monkeypatch.setattr(bridge._status, 'publish', statuses.append)
    bridge._on_batch(encode(make_batch(1, 10)))
    wait_until(
        bridge, lambda: bool(acknowledged) and 'another run' in bridge._feeds[0].feeder.state
    )
    assert [item.sequence for item in acknowledged] == [10]
    bridge._publish_status()
    assert (statuses[-1].transitions_journaled, statuses[-1].transitions_inserted) == (10, 0)
    for words in (f'replay_port: given {port}', 'accepted', 'its own replay_port'):
        assert words in statuses[-1].state
    assert server.counts() == (0, 0)
    server.stop()
    server = serve(port, run)
    wait_until(bridge, lambda: server.counts() == (10, 10))
    server.stop()


def test_a_bridge_feeds_the_learner_of_its_run(
    make_bridge: MakeBridge,
    nodes: list[ManagedNode],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They find each other by the run's folder, here a relative path."""
    monkeypatch.chdir(tmp_path)
    bridge = make_bridge(run_folder='run', replay_port=free_port())
    learner = LearnerNode()
    nodes.append(learner)
    assert learner.trigger_configure() == TransitionCallbackReturn.SUCCESS, learner.failure
    bridge._on_batch(encode(make_batch(1, 10)))
    wait_until(bridge, lambda: learner._session.server.counts() == (10, 10))


def test_the_retention_is_written_into_the_run(make_bridge: MakeBridge, tmp_path: Path) -> None:
    make_bridge(run_folder=tmp_path / 'run', replay_port=free_port(), journal_keep_gb='0.0')
    assert read_retention(tmp_path / 'run') == 0.0


def test_a_bridge_waits_for_room_on_a_full_disk(
    make_bridge: MakeBridge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Robots keep their data in the meantime; a signal ends the wait."""
    make_bridge(run_folder=tmp_path / 'run', replay_port=free_port())
    monkeypatch.setattr('rl_learner.nodes.replay_bridge_node._DISK_POLL_PERIOD_S', 0.05)
    answers: list[bool] = []

    def has_space(folder: Path) -> bool:
        answers.append(len(answers) == 2)
        if answers[-1]:
            monkeypatch.undo()
        return answers[-1]

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device')

    other = tmp_path / 'other'
    (other / 'experience').mkdir(parents=True)
    (other / 'replay.json').write_bytes((tmp_path / 'run' / 'replay.json').read_bytes())
    monkeypatch.setattr('rl_learner.nodes.replay_bridge_node.has_space', has_space)
    monkeypatch.setattr('os.fsync', refuse)
    bridge, late = ReplayBridgeNode(), ReplayBridgeNode()
    for node in (bridge, late):
        node._settings = dataclasses.replace(node._settings, run_folder=str(other))
    bridge.start()
    assert answers == [False, False, True]
    bridge.close()
    monkeypatch.setattr('os.fsync', refuse)
    late.ended.set()
    with pytest.raises(DiskFullError):
        late.start()
    for node in (bridge, late):
        node.destroy_node()


def test_what_a_person_did_is_fed_into_both_tables(
    make_bridge: MakeBridge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, port, acknowledged = tmp_path / 'run', free_port(), list[Any]()
    run.mkdir()
    bridge = make_bridge(run_folder=run, replay_port=port, algorithm='hil')
    monkeypatch.setattr(bridge, '_acknowledge', acknowledged.append)
    server = serve(port, run, demonstrations=ReplayStart())
    bridge._on_batch(encode(make_batch(1, 10, people=[4, 5, 9])))
    wait_until(bridge, lambda: bool(acknowledged))
    wait_until(bridge, lambda: (server.counts(), server.demonstrated) == ((10, 10), 3))
    wait_until(bridge, lambda: bridge._state() == 'feeding')
    bridge.close()
    assert taught(run) == [4, 5, 9]
    server.stop()


def test_a_person_is_stored_whatever_the_algorithm_uses(
    make_bridge: MakeBridge, tmp_path: Path
) -> None:
    """The folder comes with the first row; a later run can learn from it."""
    run = tmp_path / 'run'
    bridge = make_bridge(run_folder=run, replay_port=free_port())
    assert not (run / DEMONSTRATIONS).exists()
    bridge._on_batch(encode(make_batch(1, 10, people=[4, 5, 9])))
    bridge.close()
    assert taught(run) == [4, 5, 9]


def test_a_bridge_for_demonstrations_only_stores_everything_there(
    make_bridge: MakeBridge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before any algorithm is chosen: it claims nothing that a learner must agree with."""
    run, statuses = tmp_path / 'run', list[Any]()
    bridge = make_bridge(run_folder=run, replay_port=free_port(), demonstrations_only=True)
    monkeypatch.setattr(bridge._status, 'publish', statuses.append)
    bridge._on_batch(encode(make_batch(1, 10, people=[4, 5, 9])))
    bridge._commit()
    bridge._publish_status()
    assert statuses[-1].state == 'storing demonstrations'
    assert (statuses[-1].transitions_journaled, statuses[-1].transitions_inserted) == (10, 0)
    bridge.close()
    assert taught(run) == list(range(1, 11))
    assert not (run / EXPERIENCE).exists()
    assert not (run / 'replay.json').exists()


def test_demonstrations_of_another_robot_stop_the_bridge(
    make_bridge: MakeBridge, tmp_path: Path
) -> None:
    run = tmp_path / 'run'
    journal = Journal(run / DEMONSTRATIONS, 'other', JournalSettings())
    journal.append([encode(make_batch(1, 3))], 3, {})
    journal.close()
    with pytest.raises(ConfigurationError, match=r"demonstrations: fingerprint: given .*'other'"):
        make_bridge(run_folder=run, replay_port=free_port())


def taught(run: Path) -> list[int]:
    """Return the numbers of a run's demonstrations."""
    return [
        number
        for batch in read_journal(run / DEMONSTRATIONS)
        for number in range(batch.first_sequence, batch.last_sequence + 1)
    ]


def test_the_retention_of_experience_leaves_demonstrations(
    make_bridge: MakeBridge, tmp_path: Path
) -> None:
    """The oldest files of experience go, as replay holds 100 transitions; a person's stay."""
    run, algorithm = tmp_path / 'run', tmp_path / 'small.yaml'
    algorithm.write_text('replay_capacity: 100\nwarmup: 10\n')
    bridge = make_bridge(
        run_folder=run,
        replay_port=free_port(),
        algorithm=algorithm,
        journal_file_mb=0.01,
        journal_keep_gb=0.00001,
    )
    for first in range(1, 1000, 50):
        bridge._on_batch(encode(make_batch(first, 50, people=range(first, first + 50))))
        bridge._commit()
    bridge.close()
    assert taught(run) == list(range(1, 1001))
    kept = sum(map(len, read_journal(run / EXPERIENCE)))
    assert 100 <= kept < 1000

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Bad batches and old bad journals, with bridge and learner as processes: the run trains on."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
import math
from pathlib import Path
from typing import Any

from fleet import Listener, running
import numpy as np
import pytest
from rl_agent.description.robot import load_robot
from rl_agent.environment.spaces import Spaces
from rl_agent.ros.ros_topics import (
    ACK_QOS,
    LEARNER_STATUS,
    POLICY,
    POLICY_QOS,
    REPLAY_STATUS,
    STATUS_QOS,
    TRANSITIONS,
    TRANSITIONS_ACK,
    TRANSITIONS_OFFERED_QOS,
)
from rl_agent.transport.transition import Sender
from rl_agent.transport.transition_columns import COLUMNS
from rl_learner.bringup.node_specs import learner_nodes
from rl_learner.journal.batch_codec import encode
from rl_learner.journal.batch_codec import TransitionBatch as Decoded
from rl_learner.journal.journal import Journal, JournalSettings
from rl_learner.journal.journal_reader import journal_files, read_journal
from rl_learner.run.folder import EXPERIENCE
from rl_learner.system.ports import free_port
from rl_msgs.msg import LearnerStatus, Policy, ReplayStatus, TransitionAck, TransitionBatch

SPACES = Spaces(load_robot('pendulum'))
OLD = Sender('robot_1', 'of an older bridge', SPACES.fingerprint)
NEW = Sender('robot_1', 'of this bridge', SPACES.fingerprint)
SMALL = 'batch_size: 32\nactor_hidden_sizes: [32, 32]\ncritic_hidden_sizes: [32, 32]\n'
STORED, WARMUP = 300, 200
POISON = {17: ('reward', math.nan), 60: ('action', 1e30), 90: ('reward', 3e38)}
START_TIMEOUT_S = 120.0
FAR = 1 << 62


def make_columns(count: int, spoiled: dict[int, tuple[str, float]]) -> dict[str, Any]:
    """Return random columns; `spoiled` maps a row to a column and its value."""
    random, sizes = np.random.default_rng(3), {'observation_size': 3, 'action_size': 1}
    columns = {}
    for column in COLUMNS:
        shape = (count, sizes[column.size_field]) if column.size_field else (count,)
        drawn = random.uniform(-1, 1, shape) if column.type == 'float32' else np.zeros(shape)
        columns[column.name] = drawn.astype(column.dtype)
    for row, (name, value) in spoiled.items():
        columns[name][row] = value
    return columns


def make_message(
    first: int,
    count: int,
    *,
    oldest: int = 1,
    spoiled: dict[int, tuple[str, float]] | None = None,
    sender: Sender = NEW,
) -> TransitionBatch:
    """Return a message as a robot sends it, or as somebody else might."""
    columns = make_columns(count, spoiled or {})
    return TransitionBatch(
        robot=sender.robot,
        session=sender.session,
        fingerprint=sender.fingerprint,
        first_sequence=first,
        oldest_sequence=oldest,
        count=count,
        observation_size=3,
        action_size=1,
        **{item.name: array(item.code, columns[item.name].tobytes()) for item in COLUMNS},
    )


def write_old_journal(folder: Path) -> None:
    """Write a journal as bridges of before did: with whatever they received."""
    batch = Decoded(
        (0, 0), '', OLD, 1, 1, 3, 1, STORED, make_columns(STORED, POISON),
    )  # fmt: skip
    journal = Journal(folder, SPACES.fingerprint, JournalSettings())
    journal.append([encode(batch)], STORED, {(OLD.robot, OLD.session): STORED})
    journal.close()


@dataclass
class Bench:
    """Bridge and learner of a run of before, a listener, and a publisher of batches."""

    folder: Path
    listener: Listener
    publisher: Any

    def send(self, *messages: TransitionBatch) -> None:
        """Publish batches."""
        for message in messages:
            self.publisher.publish(message)

    def newest(self, topic: str) -> Any:
        """Return the newest message of a topic; None before the first."""
        heard = self.listener.heard[topic]
        return heard[-1] if heard else None

    def acknowledged(self) -> list[int]:
        """Return the acknowledged numbers of the new session, in order."""
        heard = self.listener.heard[TRANSITIONS_ACK]
        return [ack.sequence for ack in heard if ack.session == NEW.session]

    def log(self) -> str:
        """Return what the bridge logged."""
        return (self.folder / 'replay_bridge.log').read_text()


@pytest.fixture(scope='module')
def bench(
    ros_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp('bad_batches')
    write_old_journal(folder / 'run' / EXPERIENCE)
    (folder / 'small.yaml').write_text(SMALL)
    bridge, learner = learner_nodes(
        'pendulum',
        str(folder / 'small.yaml'),
        free_port(),
        run_folder=str(folder / 'run'),
        warmup=WARMUP,
        threads=1,
        status_rate_hz=10.0,
    )
    listener = Listener(
        {
            REPLAY_STATUS: (ReplayStatus, STATUS_QOS),
            LEARNER_STATUS: (LearnerStatus, STATUS_QOS),
            POLICY: (Policy, POLICY_QOS),
            TRANSITIONS_ACK: (TransitionAck, ACK_QOS),
        }
    )
    publisher = listener.node.create_publisher(
        TransitionBatch, TRANSITIONS, TRANSITIONS_OFFERED_QOS
    )
    with running([learner, bridge], ros_environment, folder):
        listener.until(lambda: publisher.get_subscription_count() > 0, START_TIMEOUT_S, 'a bridge')
        yield Bench(folder, listener, publisher)
    listener.close()


def test_a_poisoned_run_of_before_trains_again(bench: Bench) -> None:
    """File and place of what is left out are named once."""
    bench.listener.until(
        lambda: (
            bench.newest(POLICY) is not None
            and bench.newest(LEARNER_STATUS) is not None
            and bench.newest(LEARNER_STATUS).updates >= STORED - WARMUP
        ),
        START_TIMEOUT_S,
        'updates of the whole journal',
    )
    assert np.isfinite(np.array(bench.newest(POLICY).parameters)).all()
    lines = [line for line in bench.log().splitlines() if 'left out of training' in line]
    assert len(lines) == 1
    assert str(journal_files(bench.folder / 'run' / EXPERIENCE)[0]) in lines[0]
    assert "transition 18 of robot 'robot_1'" in lines[0]


def test_bad_batches_end_nothing_and_are_acknowledged_where_they_are_the_robots_own(
    bench: Bench,
) -> None:
    bench.send(make_message(1, 10))
    bench.listener.until(lambda: 10 in bench.acknowledged(), 30.0, 'the first batch')
    bench.send(
        make_message(5, 2, oldest=0),  # would be acknowledged with -1
        make_message(0, 2),
        make_message(FAR, 0, oldest=FAR),  # would make all that follows a repetition
        make_message((1 << 63) - 1, 2),
        make_message(11, 3, oldest=12),
        make_message(5, 2, oldest=0, sender=Sender('robot_9', 'x', SPACES.fingerprint)),
    )
    bench.send(
        make_message(
            11,
            10,
            spoiled={
                0: ('reward', math.inf),
                3: ('observation', math.nan),
                4: ('next_observation', -3e38),
                6: ('terminated', 7),
                9: ('action', 1.5),
            },
        ),
        make_message(21, 5),
    )
    bench.listener.until(lambda: 25 in bench.acknowledged(), 30.0, 'all of the robot')
    assert max(bench.acknowledged()) == 25
    stored = [
        number
        for batch in read_journal(bench.folder / 'run' / EXPERIENCE)
        if batch.sender == NEW
        for number in range(batch.first_sequence, batch.last_sequence + 1)
    ]
    bad = {11, 14, 15, 17, 20}
    assert stored == [number for number in range(1, 26) if number not in bad]
    bench.listener.until(
        lambda: bench.newest(REPLAY_STATUS).transitions_inserted == STORED + 20, 30.0, 'all fed'
    )
    status = bench.newest(REPLAY_STATUS)
    assert (status.batches_refused, status.transitions_lost) == (6, 0)
    assert (status.transitions_refused, status.transitions_left_out) == (5, len(POISON))
    log = bench.log()
    for name in ('robot_1', 'robot_9'):
        assert log.count(f"batch_refused: robot '{name}': count, oldest_sequence") == 1
    for name in ('observation[0]: given nan', 'terminated: given 7', 'reward: given inf'):
        assert log.count(f"transition_refused: robot 'robot_1': {name}") == 1


def test_training_goes_on_with_what_is_good(bench: Bench) -> None:
    """The processes of the tests before still run, and have ended nowhere."""
    bench.listener.until(lambda: bench.newest(LEARNER_STATUS) is not None, 60.0, 'a status')
    before = bench.newest(LEARNER_STATUS).updates
    last = bench.acknowledged()[-1]
    bench.send(make_message(last + 1, 50))
    bench.listener.until(
        lambda: bench.newest(LEARNER_STATUS).updates >= before + 40, 60.0, 'more updates'
    )
    values = bench.newest(LEARNER_STATUS)
    assert all(map(math.isfinite, values.metric_values))
    assert 'Traceback' not in bench.log()

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The end of a soak with real messages and a real replay server, without robots."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
import threading
import time

from fleet import Listener
import pytest
from rl_agent.ros.ros_topics import LEARNER_STATUS, REPLAY_STATUS, STATUS_QOS
from rl_agent.system.signal_safe_event import SignalSafeEvent
from rl_learner.replay.server import ReplayServer, ReplayStart
from rl_learner.system.ports import free_port
from rl_msgs.msg import LearnerStatus, ReplayStatus
from soak_end import Drain
from soak_fleet import Fleet
from soak_hearing import Hearing

STORED = 160
PERIOD_S = 0.2


@pytest.fixture
def hearing(ros_environment: dict[str, str]) -> Iterator[Hearing]:
    """Yield the ears of a soak without robots."""
    hearing = Hearing([], time.monotonic())
    yield hearing
    hearing.close()


@contextmanager
def learner_machine() -> Iterator[int]:
    """Publish what bridge and learner say when all has arrived; yield the port of replay."""
    port = free_port()
    start = ReplayStart(first=STORED, total=STORED)
    server = ReplayServer(
        port, width=4, capacity=1000, samples_per_insert=1.0, warmup=1, start=start
    )
    node = Listener({})
    publishers: list[Callable[[], None]] = []
    for kind, topic, message in (
        (ReplayStatus, REPLAY_STATUS, ReplayStatus(transitions_journaled=STORED)),
        (LearnerStatus, LEARNER_STATUS, LearnerStatus(transitions_stored=STORED, backlog=3)),
    ):
        publisher = node.node.create_publisher(kind, topic, STATUS_QOS)
        publishers.append(lambda publisher=publisher, message=message: publisher.publish(message))  # type: ignore[misc]
    done = threading.Event()

    def publish() -> None:
        while not done.wait(PERIOD_S):
            for each in publishers:
                each()

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield port
    finally:
        done.set()
        thread.join()
        node.close()
        server.stop()


@pytest.mark.timeout(300)
def test_all_that_has_arrived_is_counted(
    hearing: Hearing, ros_environment: dict[str, str], tmp_path: Path
) -> None:
    reported: list[str] = []
    fleet = Fleet([], tmp_path, ros_environment, reported.append)
    with learner_machine() as port:
        drain = Drain(fleet, hearing, reported.append, SignalSafeEvent())
        assert drain.run(port) == STORED
    assert reported == []
    assert hearing.backlog == 3


def test_a_second_signal_ends_it_at_once(
    hearing: Hearing, ros_environment: dict[str, str], tmp_path: Path
) -> None:
    reported: list[str] = []
    give_up = SignalSafeEvent()
    give_up.set()
    fleet = Fleet([], tmp_path, ros_environment, reported.append)
    assert Drain(fleet, hearing, reported.append, give_up).run(port=1) == 0
    assert reported == ['at the end: given up; not everything had time to arrive']

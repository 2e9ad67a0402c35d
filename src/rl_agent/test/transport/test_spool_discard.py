# Copyright 2026 The rl_agent authors
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

"""A discarded episode leaves no trace: in memory, in the file, after a crash, in the numbers."""

from pathlib import Path
import signal
import subprocess
import sys

import numpy as np
from plain_transition import plain_transition
import pytest
from rl_agent.transport.spool import Spool
from rl_agent.transport.spool_folder import SpoolFolder
from rl_agent.transport.transition import Sender
from rl_agent.transport.transition_record import RecordLayout

LAYOUT = RecordLayout(3, 1)
SENT = Sender('robot', 'session', 'f' * 16)

# Keeps two transitions, discards an episode, holds another one, and is killed.
KILLED = """
import os, sys
from pathlib import Path
from test_spool_discard import append, open_folder
spool = open_folder(Path(sys.argv[1]), Path(sys.argv[2]), 'killed').spool
append(spool, 1, 2)
spool.hold()
append(spool, 3, 4, 5)
spool.discard()
spool.hold()
append(spool, 6, 7)
os.kill(os.getpid(), 9)
"""


def append(spool: Spool, *rewards: float) -> None:
    for reward in rewards:
        spool.append(plain_transition(3, reward=float(reward)))


def sent(spool: Spool, most: int = 100) -> list[tuple[int, float]]:
    """Send and acknowledge everything; return number and reward of each transition."""
    found = []
    while (batch := spool.next_batch(most)) is not None:
        for offset, transition in enumerate(batch.transitions):
            found.append((batch.first_sequence + offset, transition.reward))
        spool.acknowledge(batch.first_sequence + len(batch.records) - 1, batch.session)
    return found


def open_folder(folder: Path, shared: Path, session: str, *, in_memory: int = 100) -> SpoolFolder:
    return SpoolFolder(
        folder,
        Sender('robot', session, 'f' * 16),
        LAYOUT,
        capacity=1000,
        in_memory=in_memory,
        report=pytest.fail,
        shared_memory=shared,
    )


def test_a_held_episode_is_not_sent_until_it_is_released() -> None:
    spool = Spool(100)
    append(spool, 1)
    spool.hold()
    append(spool, 2, 3)
    assert (spool.pending, spool.sendable) == (3, 1)
    assert sent(spool) == [(1, 1.0)]
    assert (spool.pending, spool.sendable) == (2, 0)
    spool.release()
    assert sent(spool) == [(2, 2.0), (3, 3.0)]


def test_the_numbers_of_a_discarded_episode_are_used_again() -> None:
    spool = Spool(100)
    append(spool, 1)
    spool.hold()
    append(spool, 2, 3)
    assert spool.discard() == 2
    assert spool.discard() == 0
    append(spool, 4)
    assert sent(spool) == [(1, 1.0)]  # still held
    spool.release()
    append(spool, 5)
    assert sent(spool) == [(2, 4.0), (3, 5.0)]
    assert (spool.dropped, spool.newest_sequence) == (0, 3)


def test_what_is_in_flight_stays_acknowledgeable() -> None:
    spool = Spool(100)
    append(spool, 1, 2)
    batch = spool.next_batch(10)
    assert batch is not None
    spool.hold()
    append(spool, 3)
    spool.discard()
    spool.rewind()  # the link was silent
    append(spool, 4)
    spool.release()
    assert sent(spool) == [(1, 1.0), (2, 2.0), (3, 4.0)]


@pytest.mark.parametrize('in_memory', [4, 100])
def test_nothing_is_left_of_it_in_memory_or_on_the_disk(tmp_path: Path, in_memory: int) -> None:
    """With a memory of four, most of the episode has moved to the disk before."""
    folder = open_folder(tmp_path / 'spool', tmp_path, 'first', in_memory=in_memory)
    append(folder.spool, 1)
    folder.spool.hold()
    for number in range(8):
        append(folder.spool, 2 + number)
        folder.spool.move_to_file()
    assert folder.spool.discard() == 8
    append(folder.spool, 10)
    assert folder.close() == 2
    again = open_folder(tmp_path / 'spool', tmp_path, 'second')
    assert sent(again.spool) == [(1, 1.0), (2, 10.0)]
    assert again.close() == 0


def test_a_killed_agent_leaves_the_open_episode_and_not_the_discarded_one(tmp_path: Path) -> None:
    arguments = [str(tmp_path / 'spool'), str(tmp_path)]
    path = ':'.join([str(Path(__file__).parent), *filter(None, sys.path)])
    killed = subprocess.run(
        [sys.executable, '-c', KILLED, *arguments], env={'PYTHONPATH': path}, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    folder = open_folder(tmp_path / 'spool', tmp_path, 'next')
    assert folder.leftover == 4
    assert sent(folder.spool) == [(1, 1.0), (2, 2.0), (3, 6.0), (4, 7.0)]
    folder.close()


def test_any_order_of_holding_keeps_the_rest() -> None:
    """Random episodes, kept or discarded, sent in parts meanwhile: the kept ones, once each."""
    random = np.random.default_rng(3)
    for _ in range(50):
        spool, kept, found = Spool(1000), [], []
        reward = 0
        for _ in range(20):
            spool.release()
            spool.hold()
            episode = list(range(reward, reward + int(random.integers(1, 6))))
            for value in episode:
                append(spool, value)
                found += sent(spool, 2)
            reward = episode[-1] + 1
            if random.random() < 0.4:
                assert spool.discard() == len(episode)
            else:
                kept += episode
        spool.release()
        found += sent(spool, 3)
        assert found == [(number + 1, float(value)) for number, value in enumerate(kept)]

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

"""Each transition is stored once and in order, however batches arrive."""

from collections.abc import Sequence
import dataclasses

from batches import make_batch, ONE, SPACES
import numpy as np
import pytest
from rl_agent.errors import ConfigurationError, JournalError
from rl_agent.security.fleet_key import ACKNOWLEDGEMENT, FleetKeys, TRANSITIONS
from rl_agent.transport.transition import Sender
from rl_learner.journal.batch_codec import decode, encode, TransitionBatch
from rl_learner.journal.replay_bridge import ReplayBridge

AGAIN = dataclasses.replace(ONE, session='session_b')
TWO = dataclasses.replace(ONE, robot='robot_2')


class ListLog:
    """Collects batches.

    Attributes:
        stored: all messages, in order.
        refusing: whether to fail as a full disk would.
        sequences: those given with the last group.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.stored: list[bytes] = []
        self.refusing = False
        self.sequences: dict[tuple[str, str], int] = {}

    def append(
        self, messages: Sequence[bytes], transitions: int, sequences: dict[tuple[str, str], int]
    ) -> None:
        """Store a group."""
        if self.refusing:
            raise JournalError('disk full')
        assert transitions == sum(len(decode(message)) for message in messages)
        self.stored += messages
        self.sequences = dict(sequences)

    def rewards(self, robot: str = '') -> list[float]:
        """Return the rewards of all transitions."""
        batches = [decode(message) for message in self.stored]
        return [
            float(value)
            for batch in batches
            if robot in ('', batch.sender.robot)
            for value in batch.columns['reward']
        ]


@pytest.fixture
def log() -> ListLog:
    return ListLog()


@pytest.fixture
def bridge(log: ListLog) -> ReplayBridge:
    return ReplayBridge(SPACES, log, {})


def send(
    bridge: ReplayBridge, first: int, count: int, *, oldest: int = 1, sender: Sender = ONE
) -> int:
    """Send a batch and return the number that is then acknowledged."""
    data = encode(make_batch(first, count, oldest=oldest, sender=sender))
    acknowledgement = bridge.receive(data)
    if acknowledgement is None:
        (acknowledgement,), _ = bridge.commit()
    assert (acknowledgement.robot, acknowledgement.session) == (sender.robot, sender.session)
    return acknowledgement.sequence


def test_batches_in_order_are_stored_unchanged(bridge: ReplayBridge, log: ListLog) -> None:
    acknowledged = [send(bridge, first, count) for first, count in ((1, 4), (5, 1), (6, 3))]
    assert acknowledged == [4, 5, 8]
    assert log.stored == [encode(make_batch(*batch)) for batch in ((1, 4), (5, 1), (6, 3))]


def test_nothing_is_acknowledged_before_it_is_stored(bridge: ReplayBridge, log: ListLog) -> None:
    assert bridge.receive(encode(make_batch(1, 4))) is None
    assert bridge.waiting.is_set()
    # a repetition before the commit is neither stored nor acknowledged
    acknowledgement = bridge.receive(encode(make_batch(1, 4)))
    assert acknowledgement is not None
    assert acknowledgement.sequence == 0
    assert bridge.receive(encode(make_batch(5, 2))) is None
    acknowledgements, received_s = bridge.commit()
    assert [item.sequence for item in acknowledgements] == [6]
    assert len(received_s) == 2
    assert not bridge.waiting.is_set()
    assert log.rewards() == [1, 2, 3, 4, 5, 6]
    assert bridge.commit() == ([], [])


def test_a_repeated_batch_is_stored_once(bridge: ReplayBridge, log: ListLog) -> None:
    """The acknowledgement was lost, so it is repeated."""
    for _ in range(3):
        assert send(bridge, 1, 4) == 4
    assert log.rewards() == [1, 2, 3, 4]
    assert bridge.counts.duplicate == 8


def test_only_the_new_part_of_an_overlapping_batch_is_stored(
    bridge: ReplayBridge, log: ListLog
) -> None:
    send(bridge, 1, 4)
    assert send(bridge, 3, 5) == 7
    assert send(bridge, 2, 3) == 7
    assert log.rewards() == [1, 2, 3, 4, 5, 6, 7]
    assert log.stored[1] == encode(make_batch(3, 5).part(2, 5))
    assert bridge.counts.duplicate == 5


def test_nothing_is_stored_after_a_gap(bridge: ReplayBridge, log: ListLog) -> None:
    """The robot still holds the missing transitions and sends them again."""
    send(bridge, 1, 2)
    assert send(bridge, 5, 3) == 2
    assert log.rewards() == [1, 2]
    assert send(bridge, 3, 5, oldest=3) == 7
    assert log.rewards() == [1, 2, 3, 4, 5, 6, 7]
    assert (bridge.counts.gaps, bridge.counts.lost) == (1, 0)


def test_a_first_batch_after_a_gap_is_not_stored(bridge: ReplayBridge, log: ListLog) -> None:
    assert send(bridge, 4, 2) == 0
    assert log.rewards() == []
    assert send(bridge, 1, 5) == 5
    assert log.rewards() == [1, 2, 3, 4, 5]


def test_transitions_that_the_robot_dropped_are_counted_and_skipped(
    bridge: ReplayBridge, log: ListLog
) -> None:
    send(bridge, 1, 2)
    assert send(bridge, 10, 3, oldest=10) == 12
    assert log.rewards() == [1, 2, 10, 11, 12]
    assert bridge.counts.lost == 7


@pytest.mark.parametrize(
    ('first', 'oldest', 'count'),
    [
        (5, 0, 2),
        (0, 0, 2),
        (3, 10, 4),
        (3, 1 << 62, 0),
        (3, 3, 0),
        ((1 << 63) - 1, 3, 2),
        ((1 << 64) - 1, 3, 2),
    ],
)
def test_a_batch_with_impossible_numbers_changes_nothing(
    bridge: ReplayBridge, log: ListLog, first: int, oldest: int, count: int
) -> None:
    """A robot's number moves only by what it sends, and no acknowledgement is below 0."""
    send(bridge, 1, 2)
    for sender in (ONE, TWO):
        wrong = dataclasses.replace(
            make_batch(3, count, oldest=oldest, sender=sender), first_sequence=first
        )
        with pytest.raises(ConfigurationError, match=f'{sender.robot!r}.*given {count}, {oldest}'):
            bridge.receive(encode(wrong))
    assert (bridge.counts.refused, bridge.counts.lost) == (2, 0)
    assert bridge.events.counts() == {'batch_refused': 2}
    assert send(bridge, 3, 2) == 4
    assert send(bridge, 1, 2, sender=TWO) == 2
    assert log.rewards('robot_1') == [1, 2, 3, 4]


def test_a_new_bridge_continues_at_the_end_of_the_journal(log: ListLog) -> None:
    bridge = ReplayBridge(SPACES, log, {('robot_1', 'session_a'): 500})
    assert send(bridge, 490, 8) == 500
    assert send(bridge, 495, 9) == 503
    assert log.rewards() == [501, 502, 503]
    assert (bridge.counts.duplicate, bridge.counts.lost) == (14, 0)


def test_a_robot_from_another_run_continues_at_its_number(
    bridge: ReplayBridge, log: ListLog
) -> None:
    """Transitions acknowledged in the previous run are not requested or counted as lost."""
    assert send(bridge, 501, 3, oldest=501) == 503
    assert log.rewards() == [501, 502, 503]
    assert bridge.counts.lost == 0


def test_two_robots_have_separate_numbers(bridge: ReplayBridge, log: ListLog) -> None:
    assert send(bridge, 1, 3) == 3
    assert send(bridge, 1, 2, sender=TWO) == 2
    assert send(bridge, 3, 1, sender=TWO) == 3
    assert send(bridge, 4, 1) == 4
    assert log.rewards() == [1, 2, 3, 1, 2, 3, 4]
    assert log.sequences == {('robot_1', 'session_a'): 4, ('robot_2', 'session_a'): 3}
    assert list(log.sequences) == [('robot_2', 'session_a'), ('robot_1', 'session_a')]
    assert bridge.heard_within(1e9) == 2  # longer than any uptime


def test_a_session_only_in_the_journal_was_not_heard(log: ListLog) -> None:
    bridge = ReplayBridge(SPACES, log, {('robot_1', 'session_a'): 3})
    assert bridge.heard_within(1e9) == 0
    assert send(bridge, 4, 1) == 4
    assert bridge.heard_within(1e9) == 1


def test_a_new_session_starts_from_1(bridge: ReplayBridge, log: ListLog) -> None:
    """The agent was restarted; a late batch of the previous session is still recognised."""
    send(bridge, 1, 3)
    assert send(bridge, 1, 2, sender=AGAIN) == 2
    assert send(bridge, 2, 2) == 3
    assert log.rewards() == [1, 2, 3, 1, 2]


@pytest.mark.parametrize(
    ('batch', 'word'),
    [
        (make_batch(1, 2, sender=dataclasses.replace(ONE, fingerprint='0123')), '0123'),
        (make_batch(1, 2, observation_size=7), '7'),
    ],
)
def test_another_kind_of_robot_is_refused(
    bridge: ReplayBridge, log: ListLog, batch: 'object', word: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"robot 'robot_1': fingerprint.*accepted") as it:
        bridge.receive(encode(batch))  # type: ignore[arg-type]
    assert word in str(it.value)
    assert SPACES.fingerprint in str(it.value)
    assert (log.stored, bridge.counts.refused) == ([], 1)
    assert send(bridge, 1, 2) == 2


@pytest.mark.parametrize('field', ['robot', 'session', 'fingerprint'])
def test_a_long_name_is_refused_and_not_repeated(bridge: ReplayBridge, field: str) -> None:
    sender = dataclasses.replace(ONE, **{field: 'x' * 1_000_000})
    with pytest.raises(ConfigurationError, match='a name of 1000000 characters; accepted: at'):
        bridge.receive(encode(make_batch(1, 1, sender=sender)))
    (report,) = bridge.events.take_reports()
    assert len(report.text) < 500


def test_bytes_that_are_not_a_batch_are_refused(bridge: ReplayBridge) -> None:
    complete = encode(make_batch(1, 2))
    for wrong in (
        b'',
        b'\x00\x01',
        complete[:-1],
        complete[:60],
        b'\x00\x00' + complete[2:],
        b'\xff' * 300,
    ):
        with pytest.raises(ConfigurationError, match='accepted: one in little-endian CDR'):
            bridge.receive(wrong)
    assert bridge.counts.refused == 6
    assert bridge.receive(complete) is None


def test_a_failed_write_is_not_acknowledged(bridge: ReplayBridge, log: ListLog) -> None:
    """All waiting batches are sent again and stored as usual."""
    send(bridge, 1, 4)
    log.refusing = True
    for _ in range(2):
        assert bridge.receive(encode(make_batch(5, 4))) is None
        assert bridge.receive(encode(make_batch(9, 1))) is None
        with pytest.raises(JournalError, match='disk full'):
            bridge.commit()
    acknowledgement = bridge.receive(encode(make_batch(9, 1)))
    assert acknowledgement is not None
    assert acknowledgement.sequence == 4
    log.refusing = False
    assert send(bridge, 5, 4) == 8
    assert send(bridge, 9, 1) == 9
    assert log.rewards() == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_a_batch_of_an_unknown_sender_changes_nothing(log: ListLog) -> None:
    """A forged one would otherwise move the numbers of the robot that it names."""
    keys, foreign = FleetKeys([bytes(32)]), FleetKeys([bytes(range(32))])
    bridge = ReplayBridge(SPACES, log, {}, lambda data: keys.check(data, TRANSITIONS))
    good, far = encode(make_batch(1, 3)), encode(make_batch(1000, 1, oldest=1000))
    assert bridge.receive(keys.seal(good, TRANSITIONS)) is None
    for data in (far, foreign.seal(far, TRANSITIONS), keys.seal(far, ACKNOWLEDGEMENT), b''):
        with pytest.raises(ConfigurationError, match='mac: given'):
            bridge.receive(data)
    assert bridge.counts.refused == 4
    assert bridge.receive(keys.seal(encode(make_batch(4, 2)), TRANSITIONS)) is None
    bridge.commit()
    assert log.stored == [good, encode(make_batch(4, 2))]
    assert (bridge.counts.lost, bridge.counts.duplicate) == (0, 0)
    again = bridge.receive(keys.seal(good, TRANSITIONS))  # recorded and sent again by anybody
    assert again is not None
    assert (again.sequence, bridge.counts.duplicate) == (5, 3)


def spoiled(first: int, count: int, *numbers: int, sender: Sender = ONE) -> TransitionBatch:
    """Return a batch in which the rewards of some numbers are not finite."""
    batch = make_batch(first, count, sender=sender)
    rewards = batch.columns['reward'].copy()
    rewards[[number - first for number in numbers]] = np.nan
    return dataclasses.replace(batch, columns={**batch.columns, 'reward': rewards})


@pytest.mark.parametrize(
    ('bad', 'parts'),
    [
        ((3,), [(1, 2), (4, 8)]),
        ((1,), [(2, 8)]),
        ((8,), [(1, 7)]),
        ((2, 3, 7), [(1, 1), (4, 6), (8, 8)]),
        ((1, 2, 3, 4, 5, 6, 7, 8), []),
    ],
)
def test_bad_rows_are_left_out_and_acknowledged(
    bridge: ReplayBridge, log: ListLog, bad: tuple[int, ...], parts: list[tuple[int, int]]
) -> None:
    """The others keep their numbers, and the robot does not send the batch for ever."""
    assert bridge.receive(encode(spoiled(1, 8, *bad))) is None
    (acknowledgement,), _ = bridge.commit()
    assert acknowledgement.sequence == 8
    stored = [decode(message) for message in log.stored]
    assert [(batch.first_sequence, batch.last_sequence) for batch in stored] == parts
    assert log.rewards() == [number for number in range(1, 9) if number not in bad]
    assert bridge.counts.refused_transitions == len(bad)
    assert send(bridge, 9, 2) == 10
    assert log.rewards()[-2:] == [9, 10]
    assert (bridge.counts.refused, bridge.counts.duplicate, bridge.counts.lost) == (0, 0, 0)
    # sent again, because the acknowledgement was lost: not counted again
    acknowledgement = bridge.receive(encode(spoiled(1, 8, *bad)))  # type: ignore[assignment]
    assert acknowledgement is not None
    assert acknowledgement.sequence == 10
    assert bridge.counts.refused_transitions == len(bad)


def test_bad_rows_are_named_once_for_each_robot_and_column(bridge: ReplayBridge) -> None:
    for first in range(1, 100, 2):
        for sender in (ONE, TWO):
            bridge.receive(encode(spoiled(first, 2, first, sender=sender)))
    texts = [report.text for report in bridge.events.take_reports()]
    assert texts == [
        f'transition_refused: robot {robot!r}: reward: given nan; accepted: finite, at most 1e+06'
        ' in size'
        for robot in ('robot_1', 'robot_2')
    ]
    assert bridge.counts.refused_transitions == 100


def test_bad_rows_of_an_overlapping_batch(bridge: ReplayBridge, log: ListLog) -> None:
    """Only what is new of it counts."""
    send(bridge, 1, 4)
    assert bridge.receive(encode(spoiled(3, 6, 3, 7))) is None
    (acknowledgement,), _ = bridge.commit()
    assert acknowledgement.sequence == 8
    assert log.rewards() == [1, 2, 3, 4, 5, 6, 8]
    assert bridge.counts.refused_transitions == 1


def test_a_failed_write_beside_bad_rows(bridge: ReplayBridge, log: ListLog) -> None:
    log.refusing = True
    bridge.receive(encode(spoiled(1, 4, 2)))
    with pytest.raises(JournalError):
        bridge.commit()
    log.refusing = False
    assert bridge.receive(encode(spoiled(1, 4, 2))) is None
    (acknowledgement,), _ = bridge.commit()
    assert (acknowledgement.sequence, log.rewards()) == (4, [1, 3, 4])


def test_two_robots_with_one_name_lose_nothing_and_are_named(
    bridge: ReplayBridge, log: ListLog
) -> None:
    for number in range(1, 101):
        for sender in (ONE, AGAIN, TWO):
            assert send(bridge, number, 1, sender=sender) == number
    assert len(log.stored) == 300
    assert bridge.counts.same_name > 0
    (report,) = bridge.events.take_reports()
    assert "'robot_1'" in report.text
    assert "'session_a'" in report.text
    assert "'session_b'" in report.text

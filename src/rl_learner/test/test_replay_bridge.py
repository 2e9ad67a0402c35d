# Copyright 2026 The rl_learner authors. Licensed under the Apache License, Version 2.0.
"""Each transition is stored once and in order, whatever the network does to the batches."""

import dataclasses

import numpy as np
from numpy.typing import NDArray
import pytest
from rl_agent.errors import ConfigurationError, ReplayError
from rl_agent.robot_description import load_robot
from rl_agent.spaces import Spaces
from rl_agent.transition_batch import Sender, TransitionArrays
from rl_learner.replay_bridge import ReplayBridge
from rl_learner.replay_layout import ReplayLayout

SPACES = Spaces(load_robot('pendulum'))
LAYOUT = ReplayLayout(3, 1)
ONE = Sender('robot_1', 'session_a', SPACES.fingerprint)
Rows = NDArray[np.float32]


class ListWriter:
    """Collects rows.

    Attributes:
        rows: all that were stored, in order.
        refusing: as if the server were gone.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self.rows: list[Rows] = []
        self.refusing = False

    def insert(self, rows: Rows) -> None:
        """Store rows."""
        if self.refusing:
            raise ReplayError('gone')
        self.rows += list(rows.copy())

    @property
    def rewards(self) -> list[float]:
        """The reward of each row: transitions are told by it."""
        return [float(LAYOUT.unpack(row).reward) for row in self.rows]


def make_batch(first: int, count: int, *, truncated_at: int = -1) -> TransitionArrays:
    """Return transitions of one episode whose rewards are their numbers.

    Number k leads from observation [k, k, k] to [k + 1, k + 1, k + 1] with action [k / 1000].
    """
    number = np.arange(first, first + count, dtype=np.float32)
    observation = np.repeat(number[:, None], 3, axis=1)
    return TransitionArrays(
        observation=observation,
        action=number[:, None] / 1000,
        reward=number,
        next_observation=observation + np.float32(1),
        terminated=np.zeros(count, np.bool_),
        truncated=number == truncated_at,
        episode=np.ones(count, np.uint32),
    )


@pytest.fixture
def writer() -> ListWriter:
    return ListWriter()


@pytest.fixture
def bridge(writer: ListWriter) -> ReplayBridge:
    return ReplayBridge(SPACES, LAYOUT, writer, n_step=1, gamma=0.5)


def test_batches_in_order_are_stored_in_order(bridge: ReplayBridge, writer: ListWriter) -> None:
    acknowledged = [
        bridge.receive(ONE, first, 1, make_batch(first, count))
        for first, count in ((1, 4), (5, 1), (6, 3))
    ]
    assert acknowledged == [4, 5, 8]
    assert writer.rewards == list(range(1, 9))
    assert (bridge.stored, bridge.lost) == (8, 0)


def test_a_row_holds_the_transition(bridge: ReplayBridge, writer: ListWriter) -> None:
    bridge.receive(ONE, 1, 1, make_batch(1, 1))
    # observation, action, reward, next_observation, terminated, num_steps
    expected = np.array([1, 1, 1, 0.001, 1, 2, 2, 2, 0, 1], np.float32)
    assert writer.rows[0].tobytes() == expected.tobytes()


def test_a_repeated_batch_is_stored_once(bridge: ReplayBridge, writer: ListWriter) -> None:
    """The acknowledgement was lost: it is given again."""
    for _ in range(3):
        assert bridge.receive(ONE, 1, 1, make_batch(1, 4)) == 4
    assert writer.rewards == [1, 2, 3, 4]
    assert bridge.stored == 4


def test_of_an_overlapping_batch_only_the_new_part_is_stored(
    bridge: ReplayBridge, writer: ListWriter
) -> None:
    bridge.receive(ONE, 1, 1, make_batch(1, 4))
    assert bridge.receive(ONE, 3, 1, make_batch(3, 5)) == 7
    assert bridge.receive(ONE, 2, 1, make_batch(2, 3)) == 7
    assert writer.rewards == [1, 2, 3, 4, 5, 6, 7]


def test_behind_a_gap_nothing_is_stored(bridge: ReplayBridge, writer: ListWriter) -> None:
    """The robot still holds what is missing, and sends it again."""
    bridge.receive(ONE, 1, 1, make_batch(1, 2))
    assert bridge.receive(ONE, 5, 1, make_batch(5, 3)) == 2
    assert writer.rewards == [1, 2]
    assert bridge.receive(ONE, 3, 3, make_batch(3, 5)) == 7
    assert writer.rewards == [1, 2, 3, 4, 5, 6, 7]
    assert bridge.lost == 0


def test_a_first_batch_behind_a_gap_is_not_stored(
    bridge: ReplayBridge, writer: ListWriter
) -> None:
    assert bridge.receive(ONE, 4, 1, make_batch(4, 2)) == 0
    assert writer.rewards == []
    assert bridge.receive(ONE, 1, 1, make_batch(1, 5)) == 5
    assert writer.rewards == [1, 2, 3, 4, 5]


def test_what_the_robot_had_to_drop_is_counted_and_skipped(
    bridge: ReplayBridge, writer: ListWriter
) -> None:
    bridge.receive(ONE, 1, 1, make_batch(1, 2))
    assert bridge.receive(ONE, 10, 10, make_batch(10, 3)) == 12
    assert writer.rewards == [1, 2, 10, 11, 12]
    assert (bridge.stored, bridge.lost) == (5, 7)


def test_a_robot_that_dropped_more_than_it_sends_yet(
    bridge: ReplayBridge, writer: ListWriter
) -> None:
    """The batch itself is old, but says that the spool begins at 10."""
    bridge.receive(ONE, 1, 1, make_batch(1, 2))
    assert bridge.receive(ONE, 3, 10, make_batch(3, 4)) == 9
    assert bridge.receive(ONE, 10, 10, make_batch(10, 1)) == 10
    assert writer.rewards == [1, 2, 10]
    assert (bridge.stored, bridge.lost) == (3, 7)


def test_a_new_bridge_goes_on_where_the_robot_is(writer: ListWriter) -> None:
    """What was acknowledged by the bridge before it is neither asked for, lost, nor counted."""
    bridge = ReplayBridge(SPACES, LAYOUT, writer, n_step=1, gamma=0.5)
    assert bridge.receive(ONE, 501, 501, make_batch(501, 3)) == 503
    assert writer.rewards == [501, 502, 503]
    assert (bridge.stored, bridge.lost) == (3, 0)


def test_two_robots_have_numbers_of_their_own(bridge: ReplayBridge, writer: ListWriter) -> None:
    two = dataclasses.replace(ONE, robot='robot_2')
    assert bridge.receive(ONE, 1, 1, make_batch(1, 3)) == 3
    assert bridge.receive(two, 1, 1, make_batch(1, 2)) == 2
    assert bridge.receive(two, 3, 1, make_batch(3, 1)) == 3
    assert bridge.receive(ONE, 4, 1, make_batch(4, 1)) == 4
    assert writer.rewards == [1, 2, 3, 1, 2, 3, 4]
    assert bridge.stored == 7


def test_a_new_session_begins_anew(bridge: ReplayBridge, writer: ListWriter) -> None:
    """The agent was started again; a late batch of the session before is still known."""
    again = dataclasses.replace(ONE, session='session_b')
    bridge.receive(ONE, 1, 1, make_batch(1, 3))
    assert bridge.receive(again, 1, 1, make_batch(1, 2)) == 2
    assert bridge.receive(ONE, 2, 1, make_batch(2, 2)) == 3
    assert writer.rewards == [1, 2, 3, 1, 2]


def test_an_empty_batch_is_answered(bridge: ReplayBridge, writer: ListWriter) -> None:
    bridge.receive(ONE, 1, 1, make_batch(1, 2))
    assert bridge.receive(ONE, 3, 3, make_batch(3, 0)) == 2
    assert writer.rewards == [1, 2]


def test_another_kind_of_robot_is_refused(bridge: ReplayBridge, writer: ListWriter) -> None:
    other = dataclasses.replace(ONE, fingerprint='0123456789abcdef')
    with pytest.raises(
        ConfigurationError, match=r"robot 'robot_1': fingerprint.*accepted: "
    ) as it:
        bridge.receive(other, 1, 1, make_batch(1, 2))
    assert '0123456789abcdef' in str(it.value)
    assert SPACES.fingerprint in str(it.value)
    assert (writer.rows, bridge.stored) == ([], 0)


def test_vectors_of_a_wrong_size_are_refused(bridge: ReplayBridge, writer: ListWriter) -> None:
    batch = make_batch(1, 2)
    wide = np.zeros((2, 7), np.float32)
    for wrong in (
        dataclasses.replace(batch, observation=wide),
        dataclasses.replace(batch, action=wide),
    ):
        with pytest.raises(ConfigurationError, match=r'observation and action size: given .*7'):
            bridge.receive(ONE, 1, 1, wrong)
    assert writer.rows == []
    assert bridge.receive(ONE, 1, 1, batch) == 2


@pytest.mark.parametrize('n_step', [1, 3])
def test_what_replay_refuses_is_not_acknowledged(writer: ListWriter, n_step: int) -> None:
    """The same batch comes again and is stored as if nothing had been."""
    bridge = ReplayBridge(SPACES, LAYOUT, writer, n_step=n_step, gamma=0.5)
    bridge.receive(ONE, 1, 1, make_batch(1, 4))
    before, writer.refusing = len(writer.rows), True
    for _ in range(2):
        with pytest.raises(ReplayError):
            bridge.receive(ONE, 5, 1, make_batch(5, 4))
    assert bridge.stored == 4
    writer.refusing = False
    assert bridge.receive(ONE, 5, 1, make_batch(5, 4)) == 8
    calm = ListWriter()
    ReplayBridge(SPACES, LAYOUT, calm, n_step=n_step, gamma=0.5).receive(
        ONE, 1, 1, make_batch(1, 8)
    )
    assert len(writer.rows) > before
    assert [row.tolist() for row in writer.rows] == [row.tolist() for row in calm.rows]


def test_rewards_are_summed_across_batches(writer: ListWriter) -> None:
    """Three steps, gamma 1/2, cut at number 4: by hand."""
    bridge = ReplayBridge(SPACES, LAYOUT, writer, n_step=3, gamma=0.5)
    for first, count in ((1, 2), (3, 1), (4, 1)):
        bridge.receive(ONE, first, 1, make_batch(first, count, truncated_at=4))
    rows = [LAYOUT.unpack(row) for row in writer.rows]
    given = [[float(row.reward), *row.observation[:1], *row.next_observation[:1]] for row in rows]
    assert given == [[2.75, 1, 4], [4.5, 2, 5], [5.0, 3, 5], [4.0, 4, 5]]
    assert [float(row.num_steps) for row in rows] == [3, 3, 2, 1]
    assert [float(row.terminated) for row in rows] == [0, 0, 0, 0]


def test_sums_do_not_mix_robots(writer: ListWriter) -> None:
    bridge = ReplayBridge(SPACES, LAYOUT, writer, n_step=2, gamma=1.0)
    two = dataclasses.replace(ONE, robot='robot_2')
    bridge.receive(ONE, 1, 1, make_batch(1, 1))
    bridge.receive(two, 1, 1, make_batch(1, 1))
    bridge.receive(ONE, 2, 1, make_batch(2, 1))
    assert writer.rewards == [3.0]


def test_a_sum_never_spans_what_was_lost(writer: ListWriter) -> None:
    bridge = ReplayBridge(SPACES, LAYOUT, writer, n_step=2, gamma=1.0)
    bridge.receive(ONE, 1, 1, make_batch(1, 2))
    bridge.receive(ONE, 10, 10, make_batch(10, 2))
    assert writer.rewards == [3.0, 2.0, 21.0]

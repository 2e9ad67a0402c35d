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

"""The codec against the one of ROS, with batches that robots send."""

from array import array
import dataclasses

from batches import make_batch
import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from rl_agent.errors import ConfigurationError
from rl_agent.transport.transition_columns import COLUMNS
from rl_learner.journal.batch_codec import (
    decode,
    encode,
    MESSAGE_DEFINITION,
    stored,
    TYPE_NAME,
)
from rl_learner.journal.batch_codec import (
    TransitionBatch as Batch,
)
from rl_msgs.msg import TransitionBatch


@pytest.mark.parametrize('robot', ['r', 'robot', 'robot_1', 'a_longer_name'])
@pytest.mark.parametrize('count', [0, 1, 2, 5])
def test_ros_reads_what_was_encoded(robot: str, count: int) -> None:
    """Names of several lengths shift all later fields to other alignments."""
    batch = make_batch(3, count)
    message = deserialize_message(encode(batch), TransitionBatch)
    message.robot = robot
    again = decode(bytes(serialize_message(message)))
    message = deserialize_message(encode(again), TransitionBatch)
    assert (message.robot, message.session) == (robot, 'session_a')
    assert message.fingerprint == batch.sender.fingerprint
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (7, 8)
    assert (message.first_sequence, message.oldest_sequence, message.count) == (3, 1, count)
    assert (message.observation_size, message.action_size) == (3, 1)
    for name, values in batch.columns.items():
        assert list(getattr(message, name)) == values.ravel().tolist()
        assert again.columns[name].tobytes() == values.tobytes()
        assert again.columns[name].shape == values.shape


def test_columns_match_the_message() -> None:
    fields = TransitionBatch.get_fields_and_field_types()
    arrays = {
        name: kind.removeprefix('sequence<').removesuffix('>')
        for name, kind in fields.items()
        if kind.startswith('sequence')
    }
    assert arrays.pop('mac') == 'uint8'  # of the whole message, no column
    arrays = {name: {'float': 'float32'}.get(kind, kind) for name, kind in arrays.items()}
    assert list(arrays.items()) == [(column.name, column.type) for column in COLUMNS]


def test_the_definition_matches_the_message() -> None:
    assert TYPE_NAME == 'rl_msgs/msg/TransitionBatch'
    own = MESSAGE_DEFINITION.split('=' * 80)[0].split()
    names = own[1::2]
    assert names == list(TransitionBatch.get_fields_and_field_types())


def test_first_rows_can_be_removed() -> None:
    rest = make_batch(1, 5).part(2, 5)
    assert (rest.first_sequence, rest.last_sequence, len(rest)) == (3, 5, 3)
    assert rest.transitions.reward.tolist() == [3.0, 4.0, 5.0]
    assert decode(encode(rest)).columns['observation'].tolist() == [
        [3.0] * 3,
        [4.0] * 3,
        [5.0] * 3,
    ]


def test_arrays_of_a_wrong_length_are_refused() -> None:
    message = deserialize_message(encode(make_batch(1, 2)), TransitionBatch)
    message.reward = array('f', [1.0])
    with pytest.raises(Exception, match='reward: given 1 values for 2'):
        decode(bytes(serialize_message(message)))


@pytest.mark.parametrize('count', [1, 5])
@pytest.mark.parametrize('mac', [None, 0, 40], ids=['of before', 'empty', 'with code'])
def test_a_code_is_neither_needed_nor_stored(mac: int | None, count: int) -> None:
    """A robot of before sends no such field; ROS reads what is stored all the same."""
    expected = encode(make_batch(1, count))
    data = expected[:-4] if mac is None else expected[:-4] + mac.to_bytes(4, 'little') + bytes(mac)
    if mac is not None:
        assert list(deserialize_message(data, TransitionBatch).mac) == [0] * mac
    batch = decode(data)
    assert stored(data, batch) == expected
    assert list(deserialize_message(expected, TransitionBatch).mac) == []


def two_episodes() -> Batch:
    """Return 8 transitions: an end after 3, another episode, and a lost transition after 6."""
    batch = make_batch(1, 8, truncated_at=3, observation_size=100)
    columns = {name: np.array(values) for name, values in batch.columns.items()}
    columns['episode'][3:] = 2
    columns['step'][:] = [0, 1, 2, 0, 1, 2, 4, 5]
    columns['next_observation'][[2, 5]] += 50.0  # where the next row shows something else
    return dataclasses.replace(batch, columns=columns)


def test_observations_are_stored_once_and_all_come_back() -> None:
    """rail-berkeley/softlearning#65: storing each image twice took 56 GB instead of 28."""
    batch = two_episodes()
    data = encode(batch, short=True)
    again = decode(data)
    for name, values in batch.columns.items():
        assert again.columns[name].tobytes() == values.tobytes(), name
        assert again.columns[name].shape == values.shape
    # of 8 next observations, those of 3 (an end), 6 (before a lost one) and 8 (the last) are there
    assert len(encode(batch)) - len(data) == (8 - 3) * 100 * 4
    assert again.part(2, 6).columns['next_observation'][0, 0] == 4.0 + 50.0
    assert decode(stored(data, again)).columns['next_observation'][6, 0] == 8.0
    message = deserialize_message(data, TransitionBatch)
    assert len(message.next_observation) == 3 * 100  # still a message of ROS


def test_observations_that_do_not_follow_are_all_stored() -> None:
    batch = two_episodes()
    batch.columns['next_observation'][0, 7] += 1.0
    assert encode(batch, short=True) == encode(batch)


@pytest.mark.parametrize(('rows', 'given'), [(2, 'given 2 rows; accepted: all, or 3'), (9, '900')])
def test_next_observations_of_a_wrong_number_are_refused(rows: int, given: str) -> None:
    message = deserialize_message(encode(two_episodes(), short=True), TransitionBatch)
    message.next_observation = array('f', [0.0] * (100 * rows))
    with pytest.raises(ConfigurationError, match=f'next_observation: .*{given}'):
        decode(bytes(serialize_message(message)))

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

"""The window worked by hand: rows of 100 bytes, 10 to a packet and at most 256 to a batch."""

from rl_agent.transport.send_window import SendWindow


def test_first_batches_fill_one_packet() -> None:
    window = SendWindow(row_bytes=100)
    assert (window.batch, window.rows, window.timeout_s) == (10, 160, 1.0)


def test_a_row_larger_than_a_packet_goes_alone() -> None:
    window = SendWindow(row_bytes=100_000)
    assert window.batch == 1


def test_bytes_in_flight_are_bounded_however_large_a_row_is() -> None:
    window = SendWindow(row_bytes=400_000)
    for sequence in range(100):
        window.on_acknowledged(sequence, window.rows, 0.1)
    assert (window.batch, window.rows) == (1, 64 * 60_000 // 400_000)
    huge = SendWindow(row_bytes=10_000_000)
    assert (huge.batch, huge.rows) == (1, 1)


def test_what_a_message_has_beside_its_rows_counts() -> None:
    """Rows of 16 kB that share one more image of 16 kB: two fit, with three images."""
    window = SendWindow(row_bytes=16_400, batch_bytes=16_400)
    for sequence in range(100):
        window.on_acknowledged(sequence, window.rows, 0.1)
    assert window.batch == 2


def test_batches_double_with_each_acknowledged_window_up_to_the_maximum() -> None:
    window = SendWindow(row_bytes=100)
    batches, sequence = [], 0
    for _ in range(7):
        sequence += window.rows
        window.on_acknowledged(sequence, window.rows, 0.1)
        batches.append(window.batch)
    assert batches == [20, 40, 80, 160, 256, 256, 256]
    assert window.rows == 256 * 64


def test_part_of_a_window_changes_nothing() -> None:
    window = SendWindow(row_bytes=100)
    window.on_acknowledged(159, 159, 0.1)
    assert window.batch == 10
    window.on_acknowledged(160, 1, 0.2)
    assert window.batch == 20


def test_two_repeated_acknowledgements_count_as_a_loss_once_a_round_trip() -> None:
    window = SendWindow(row_bytes=100)
    window.on_acknowledged(160, 160, 1.0)
    assert [window.on_repeated_acknowledgement(1.1), window.on_repeated_acknowledgement(1.1)] == [
        False,
        True,
    ]
    assert window.batch == 10
    # these answer batches sent before the loss was noticed
    assert not any(window.on_repeated_acknowledgement(1.1 + 0.01 * count) for count in range(100))
    window.on_acknowledged(170, 10, 2.5)
    assert [window.on_repeated_acknowledgement(2.6), window.on_repeated_acknowledgement(2.6)] == [
        False,
        True,
    ]


def test_silence_leaves_one_small_batch_and_waits_longer_each_time() -> None:
    window = SendWindow(row_bytes=100)
    window.on_idle(0.0)
    assert not window.is_silent(1.0)
    assert window.is_silent(1.01)
    assert (window.batch, window.rows, window.timeout_s) == (10, 10, 2.0)
    assert not window.is_silent(3.0)
    assert window.is_silent(3.02)
    assert window.is_silent(8.0)
    assert window.timeout_s == 5.0
    window.on_acknowledged(10, 10, 8.5)
    assert window.rows == 10 * 16
    assert window.timeout_s < 5.0


def test_the_timeout_follows_the_round_trip_time() -> None:
    """RFC 6298: mean plus four deviations; the first deviation is half of the first time."""
    window = SendWindow(row_bytes=100)
    window.on_sent(10, 0.0)
    window.on_sent(20, 5.0)  # one is timed at a time
    window.on_acknowledged(10, 10, 0.4)
    assert abs(window.timeout_s - (0.4 + 4 * 0.2)) < 1e-9
    window.on_sent(30, 1.0)
    window.on_acknowledged(30, 20, 1.4)
    assert abs(window.timeout_s - (0.4 + 4 * 0.15)) < 1e-9


def test_the_timeout_has_bounds() -> None:
    quick, slow = SendWindow(row_bytes=100), SendWindow(row_bytes=100)
    quick.on_sent(1, 0.0)
    quick.on_acknowledged(1, 1, 0.01)
    slow.on_sent(1, 0.0)
    slow.on_acknowledged(1, 1, 9.0)
    assert (quick.timeout_s, slow.timeout_s) == (0.5, 2.0)

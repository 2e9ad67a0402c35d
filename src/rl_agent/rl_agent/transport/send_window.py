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

"""How many rows may be in flight to the learner machine, the batch size, and the timeout."""

# Room for rows in a network packet of 1500 bytes, after the other fields of the message: a message
# in one packet is not lost with another packet and has no fragments to wait for.
_PACKET_BYTES = 1400 - 400
_MESSAGE_BYTES = 60_000  # less than fits in one UDP datagram
_MAX_ROWS = 256
_MIN_MESSAGES, _MAX_MESSAGES = 16, 64  # per robot; many robots share the bridge's queue
_IN_FLIGHT_BYTES = _MAX_MESSAGES * _MESSAGE_BYTES  # also where one row fills several messages
_INITIAL_TIMEOUT_S = 1.0
_MIN_TIMEOUT_S, _MAX_MEASURED_TIMEOUT_S, _MAX_TIMEOUT_S = 0.5, 2.0, 5.0
_REPEATED_ACKS_FOR_LOSS = 2
_INITIAL_ROUND_TRIP_S, _MIN_ROUND_TRIP_S = 0.3, 0.1
_ROUND_TRIP_GROWTH = 1.1  # per measurement, so that the shortest one is forgotten in time


class SendWindow:
    """Grows batches while they arrive and shrinks them after a loss.

    A batch in one packet is lost as rarely as a packet. With 5 % packet loss, a batch of 40
    packets is nearly always lost. So batches start at one packet, double with each window that is
    fully acknowledged, and shrink to one packet after a loss.

    The learner machine answers a batch after a gap by repeating its last acknowledgement. Two
    repeats mean that a batch was lost, as in TCP's fast retransmit (RFC 5681). Silence until the
    timeout means that the link is cut or the learner machine is gone: single batches probe it
    until one is acknowledged. The timeout follows the time acknowledgements take (RFC 6298).

    Attributes:
        batch: maximum number of rows in the next message.
        timeout_s: after this much silence, all rows in flight count as lost.
    """

    def __init__(self, row_bytes: int, batch_bytes: int = 0) -> None:
        """Begin with small batches.

        Args:
            row_bytes: size of one transition in a message.
            batch_bytes: what a message has beside its transitions.
        """
        self._smallest = max(1, (_PACKET_BYTES - batch_bytes) // row_bytes)
        most = (_MESSAGE_BYTES - batch_bytes) // row_bytes
        self._largest = max(self._smallest, min(_MAX_ROWS, most))
        self._most_in_flight = _IN_FLIGHT_BYTES // (row_bytes + batch_bytes)
        self._mean_s, self._deviation_s = 0.0, 0.0
        self._round_trip_s = _INITIAL_ROUND_TRIP_S
        self._timed: tuple[int, float] | None = None  # a sequence number, and when it was sent
        self._progress_s = 0.0
        self._repeats, self._back_s = 0, 0.0
        self._recovering = False  # sending again after a loss, gap not filled yet
        self.timeout_s = _INITIAL_TIMEOUT_S
        self._messages, self._acknowledged = _MIN_MESSAGES, 0
        self._probing = False
        self.batch = self._smallest

    @property
    def rows(self) -> int:
        """Maximum number of rows in flight."""
        if self._probing:
            return self.batch
        return max(self.batch, min(self.batch * self._messages, self._most_in_flight))

    def on_sent(self, sequence: int, now_s: float) -> None:
        """Note that a batch that ends with `sequence` was sent for the first time."""
        if self._timed is None:
            self._timed = (sequence, now_s)

    def on_idle(self, now_s: float) -> None:
        """Restart the timeout, because nothing is in flight or there is no subscriber."""
        self._progress_s = now_s

    def on_acknowledged(self, sequence: int, count: int, now_s: float) -> None:
        """Note that `count` more rows, up to `sequence`, have arrived."""
        if self._recovering:
            self._measure(now_s - self._back_s)
            self._recovering = False
        self._progress_s, self._repeats = now_s, 0
        if self._timed is not None and sequence >= self._timed[0]:
            self._measure(now_s - self._timed[1])
            self._timed = None
        self.timeout_s = self._measured_timeout_s()
        self._probing = False
        self._acknowledged += count
        if self._acknowledged >= self.rows:
            self._acknowledged = 0
            self._messages = min(2 * self._messages, _MAX_MESSAGES)
            self.batch = min(2 * self.batch, self._largest)

    def on_repeated_acknowledgement(self, now_s: float) -> bool:
        """Note a repeated acknowledgement; return whether a batch now counts as lost."""
        if self._recovering or now_s - self._back_s < self._round_trip_s:
            return False  # it answers a batch sent before the loss was noticed
        self._repeats += 1
        if self._repeats < _REPEATED_ACKS_FOR_LOSS:
            return False
        self._go_back(now_s)
        self._messages = max(self._messages // 2, _MIN_MESSAGES)
        return True

    def is_silent(self, now_s: float) -> bool:
        """Return whether the timeout has passed; if so, all rows in flight count as lost."""
        if now_s - self._progress_s <= self.timeout_s:
            return False
        self._go_back(now_s)
        self._messages, self._probing = _MIN_MESSAGES, True
        self.timeout_s = min(2 * self.timeout_s, _MAX_TIMEOUT_S)
        return True

    def _go_back(self, now_s: float) -> None:
        """Prepare to send again."""
        self._progress_s = self._back_s = now_s
        self._recovering = True
        self._repeats, self._timed = 0, None  # a repeated batch gives no round-trip time (Karn)
        self._acknowledged = 0
        self.batch = self._smallest

    def _measure(self, taken_s: float) -> None:
        """Update the round-trip estimates with one acknowledgement."""
        shortest_s = min(taken_s, self._round_trip_s * _ROUND_TRIP_GROWTH)
        self._round_trip_s = max(shortest_s, _MIN_ROUND_TRIP_S)
        if self._mean_s == 0.0:
            self._mean_s, self._deviation_s = taken_s, taken_s / 2
        else:
            self._deviation_s += 0.25 * (abs(taken_s - self._mean_s) - self._deviation_s)
            self._mean_s += 0.125 * (taken_s - self._mean_s)

    def _measured_timeout_s(self) -> float:
        """Return the timeout from the measured round-trip times."""
        if self._mean_s == 0.0:
            return _INITIAL_TIMEOUT_S
        timeout_s = self._mean_s + 4 * self._deviation_s
        return min(max(timeout_s, _MIN_TIMEOUT_S), _MAX_MEASURED_TIMEOUT_S)

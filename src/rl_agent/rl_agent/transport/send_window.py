# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""How much may be on its way to the learner machine, in pieces of which size, and for how long."""

# What a message has beside its rows, within one network packet of 1500 bytes: nothing of it is
# lost with another packet, and no fragment has to wait for others.
_PACKET_BYTES = 1400 - 400
_MESSAGE_BYTES = 60_000  # below what one UDP datagram takes
_MOST_ROWS = 256
_FEWEST_MESSAGES, _MOST_MESSAGES = 16, 64  # of one robot; many robots share the bridge's queue
_FIRST_TIMEOUT_S = 1.0
_SHORTEST_TIMEOUT_S, _LONGEST_USUAL_TIMEOUT_S, _LONGEST_TIMEOUT_S = 0.5, 2.0, 5.0
_ANSWERS_THAT_SAY_LOST = 2
_FIRST_ROUND_TRIP_S, _SHORTEST_ROUND_TRIP_S = 0.3, 0.1
_ROUND_TRIP_GROWS_BY = 1.1  # with each measurement: the shortest one is forgotten in time


class SendWindow:
    """Sends large batches where they arrive, and small ones where they do not.

    A batch that fills one packet is lost as seldom as a packet; one of 40 packets nearly always,
    where every twentieth is lost. So batches begin as small, double with each window that comes
    through whole, and are small again after a loss.

    The learner machine answers what follows a gap with the number that it has already. Two such
    answers say that a batch was lost, as in TCP's fast retransmit (RFC 5681). Silence until the
    time-out says that the way is cut or the learner machine gone: one batch at a time probes it,
    until it is answered. The time-out follows the time that acknowledgements take (RFC 6298).

    Attributes:
        batch: rows in the next message at most.
        timeout_s: silence of so long says that what is on its way is lost.
    """

    def __init__(self, row_bytes: int) -> None:
        """Begin with small batches.

        Args:
            row_bytes: of one transition in a message.
        """
        self._smallest = max(1, _PACKET_BYTES // row_bytes)
        self._largest = max(self._smallest, min(_MOST_ROWS, _MESSAGE_BYTES // row_bytes))
        self._mean_s, self._deviation_s = 0.0, 0.0
        self._round_trip_s = _FIRST_ROUND_TRIP_S
        self._timed: tuple[int, float] | None = None  # a number that was sent, and when
        self._progress_s = 0.0
        self._repeats, self._back_s = 0, 0.0
        self._recovering = False  # went back, and the gap is not filled yet
        self.timeout_s = _FIRST_TIMEOUT_S
        self._messages, self._acknowledged = _FEWEST_MESSAGES, 0
        self._probing = False
        self.batch = self._smallest

    @property
    def rows(self) -> int:
        """Rows that may be on their way at a time."""
        return self.batch if self._probing else self.batch * self._messages

    def on_sent(self, sequence: int, now_s: float) -> None:
        """Note that a batch up to a number was sent for the first time."""
        if self._timed is None:
            self._timed = (sequence, now_s)

    def on_idle(self, now_s: float) -> None:
        """Note that nothing is on its way, or nobody listens: the time-out begins anew."""
        self._progress_s = now_s

    def on_acknowledged(self, sequence: int, count: int, now_s: float) -> None:
        """Note that `count` more rows, up to a number, have arrived."""
        if self._recovering:
            self._measure(now_s - self._back_s)
            self._recovering = False
        self._progress_s, self._repeats = now_s, 0
        if self._timed is not None and sequence >= self._timed[0]:
            self._measure(now_s - self._timed[1])
            self._timed = None
        self.timeout_s = self._usual_timeout_s()
        self._probing = False
        self._acknowledged += count
        if self._acknowledged >= self.rows:
            self._acknowledged = 0
            self._messages = min(2 * self._messages, _MOST_MESSAGES)
            self.batch = min(2 * self.batch, self._largest)

    def says_lost(self, now_s: float) -> bool:
        """Note an answer without progress; return whether a batch counts as lost by it."""
        if self._recovering or now_s - self._back_s < self._round_trip_s:
            return False  # it answers what was sent before we went back
        self._repeats += 1
        if self._repeats < _ANSWERS_THAT_SAY_LOST:
            return False
        self._go_back(now_s)
        self._messages = max(self._messages // 2, _FEWEST_MESSAGES)
        return True

    def is_silent(self, now_s: float) -> bool:
        """Return whether the time-out has passed; if so, all that is on its way is lost."""
        if now_s - self._progress_s <= self.timeout_s:
            return False
        self._go_back(now_s)
        self._messages, self._probing = _FEWEST_MESSAGES, True
        self.timeout_s = min(2 * self.timeout_s, _LONGEST_TIMEOUT_S)
        return True

    def _go_back(self, now_s: float) -> None:
        """Prepare to send again."""
        self._progress_s = self._back_s = now_s
        self._recovering = True
        self._repeats, self._timed = 0, None  # a repetition's answer tells no time (Karn)
        self._acknowledged = 0
        self.batch = self._smallest

    def _measure(self, taken_s: float) -> None:
        """Note how long an acknowledgement took."""
        shortest_s = min(taken_s, self._round_trip_s * _ROUND_TRIP_GROWS_BY)
        self._round_trip_s = max(shortest_s, _SHORTEST_ROUND_TRIP_S)
        if self._mean_s == 0.0:
            self._mean_s, self._deviation_s = taken_s, taken_s / 2
        else:
            self._deviation_s += 0.25 * (abs(taken_s - self._mean_s) - self._deviation_s)
            self._mean_s += 0.125 * (taken_s - self._mean_s)

    def _usual_timeout_s(self) -> float:
        """Return the time-out for acknowledgements that take as long as they did lately."""
        if self._mean_s == 0.0:
            return _FIRST_TIMEOUT_S
        timeout_s = self._mean_s + 4 * self._deviation_s
        return min(max(timeout_s, _SHORTEST_TIMEOUT_S), _LONGEST_USUAL_TIMEOUT_S)

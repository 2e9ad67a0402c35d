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

"""The link to the learner machine: batches out, acknowledgements in."""

from collections.abc import Callable
import math
import threading
import time

from rclpy.node import Node
from rclpy.serialization import deserialize_message, serialize_message
from rl_agent.errors import ConfigurationError, RlError
from rl_agent.event_log import EventLog
from rl_agent.ros.ros_polling import PolledGroup, take_all
import rl_agent.ros.ros_require_rl_msgs  # noqa: F401  (explains a missing rl_msgs)
from rl_agent.ros.ros_topics import (
    ACK_WANTED_QOS,
    steady_clock,
    TRANSITIONS,
    TRANSITIONS_ACK,
    TRANSITIONS_OFFERED_QOS,
)
from rl_agent.security.fleet_key import ACKNOWLEDGEMENT, FleetKeys
from rl_agent.security.fleet_key import TRANSITIONS as TRANSITIONS_MESSAGE
from rl_agent.transport.ros_batch_message import batch_to_message
from rl_agent.transport.same_name import OtherSessions
from rl_agent.transport.send_window import SendWindow
from rl_agent.transport.spool import Spool, SpooledBatch
from rl_agent.transport.transition import Sender
from rl_agent.transport.transition_record import Records
from rl_msgs.msg import TransitionAck, TransitionBatch

ACKNOWLEDGEMENT_REFUSED = 'acknowledgement_refused'  # event

OnAck = Callable[[str, int], None]  # session, sequence

_GATHERING_S = 0.25
_MISSING_FIELD = bytes(8)  # an acknowledgement of before has no `mac`


class Connection:
    """The two topics to and from the learner machine; several robots in a process may share it."""

    def __init__(
        self,
        node: Node,
        *,
        keys: FleetKeys | None = None,
        events: EventLog | None = None,
        polled: bool = False,
    ) -> None:
        """Connect.

        Args:
            node: its executor handles acknowledgements.
            keys: authenticate batches, and the acknowledgements that count; None: all count.
            events: where refused acknowledgements are reported.
            polled: only `poll` takes acknowledgements.
        """
        self._node, self._keys, self._events = node, keys, events or EventLog()
        self._listeners: dict[str, OnAck] = {}
        self._publisher = node.create_publisher(
            TransitionBatch, TRANSITIONS, TRANSITIONS_OFFERED_QOS
        )
        self._acks = node.create_subscription(
            TransitionAck,
            TRANSITIONS_ACK,
            self._on_ack,
            ACK_WANTED_QOS,
            raw=True,  # a code covers the bytes
            callback_group=PolledGroup() if polled else None,
        )

    def listen(self, robot: str, on_ack: OnAck) -> None:
        """Call a function with each acknowledgement of a robot's transitions."""
        self._listeners[robot] = on_ack

    def has_subscriber(self) -> bool:
        """Return whether there is a subscriber; one that died still counts for 20 s."""
        return self._publisher.get_subscription_count() > 0

    def publish(self, batch: SpooledBatch, sender: Sender, *, short: bool = False) -> None:
        """Send a batch without waiting, see `batch_to_message`."""
        message = batch_to_message(batch, sender, short=short)
        message.header.stamp = self._node.get_clock().now().to_msg()
        if self._keys is None:
            self._publisher.publish(message)
        else:
            data = serialize_message(message)
            self._publisher.publish(self._keys.seal(data, TRANSITIONS_MESSAGE))

    def poll(self) -> None:
        """Take the acknowledgements that have arrived."""
        for data, _ in take_all(self._acks):
            self._on_ack(data)

    def close(self) -> None:
        """Disconnect."""
        self._node.destroy_subscription(self._acks)
        self._node.destroy_publisher(self._publisher)

    def _on_ack(self, data: bytes) -> None:
        """Pass an acknowledgement to the listener of its robot, once its sender is known."""
        if not any(robot.encode() in data for robot in self._listeners):
            return  # another robot's
        try:
            if self._keys is not None:
                self._keys.check(data, ACKNOWLEDGEMENT)
            message = _deserialized(data)
        except ConfigurationError as error:
            self._events.note(ACKNOWLEDGEMENT_REFUSED, str(error))
            return
        listener = self._listeners.get(message.robot)
        if listener is not None:
            listener(message.session, message.sequence)


def _deserialized(data: bytes) -> TransitionAck:
    """Return the message in serialised bytes.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        return deserialize_message(data + _MISSING_FIELD, TransitionAck)
    except Exception as error:  # of a middleware's own kind
        raise ConfigurationError(
            f'acknowledgement of {len(data)} bytes: cannot be read: {error}; accepted:'
            ' rl_msgs/msg/TransitionAck'
        ) from error


class Uplink:
    """Sends the spool in order, and again whatever is not acknowledged in time.

    Attributes:
        acknowledged: highest sequence number of this session that the learner machine has.
        resent: times that batches counted as lost and were sent again.
    """

    def __init__(
        self,
        node: Node,
        spool: Spool,
        sender: Sender,
        period_s: float,
        connection: Connection | None = None,
        *,
        keys: FleetKeys | None = None,
        events: EventLog | None = None,
        polled: bool = False,
        gathers: bool = False,
    ) -> None:
        """Start sending.

        Args:
            node: its executor serves the timer and handles acknowledgements.
            spool: transitions to send.
            sender: names the robot and its session.
            period_s: time between two checks of the spool.
            connection: shared with other robots; None: a new one, with `keys` and `events`.
            keys: see `Connection`.
            events: count and report acknowledgements that cannot be right.
            polled: no timer; call `exchange` once every period.
            gathers: wait a little for a full batch, and send each observation once in it, as is
                good for images.
        """
        self._spool, self._sender, self._node = spool, sender, node
        self._own_connection = connection is None
        self._connection = connection or Connection(node, keys=keys, events=events, polled=polled)
        self._connection.listen(sender.robot, self._on_ack)
        self._window: SendWindow | None = None
        self._gathers, self._filled_s = gathers, -math.inf
        self._highest: dict[str, int] = {}  # session to the highest number sent
        self._events = events or EventLog()
        self._others = OtherSessions(sender.robot, self._events)
        self._lock = threading.Lock()  # at its end the agent sends from another thread
        self._timer = None
        if not polled:
            self._timer = node.create_timer(period_s, self.send, clock=steady_clock())
        self.acknowledged = 0
        self.resent = 0

    def send(self) -> None:
        """Send what is due without waiting."""
        with self._lock:
            now_s = time.monotonic()
            in_flight, connected = self._in_flight(), self._connection.has_subscriber()
            if self._window is not None:
                if in_flight == 0 or not connected:
                    self._window.on_idle(now_s)
                elif self._window.is_silent(now_s):
                    self._go_back()
            if connected and self._is_worthwhile(now_s):
                self._fill(now_s)

    def exchange(self) -> None:
        """Take the acknowledgements that have arrived and send what is due, without waiting."""
        self._connection.poll()
        self.send()

    def log_unacknowledged(self, *, kept: bool) -> None:
        """Log how many transitions end unacknowledged, and whether they are kept."""
        count, log = self._spool.pending, self._node.get_logger()
        if kept:
            log.warning(
                f'{count} transitions were not acknowledged and are kept for the next start'
            )
        elif self.acknowledged or self._connection.has_subscriber():
            log.warning(f'{count} transitions were not acknowledged and are lost')
        else:
            log.info(f'no learner machine received the {count} transitions; none was kept')

    def close(self) -> None:
        """Stop sending."""
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
        if self._own_connection:
            self._connection.close()

    def _is_worthwhile(self, now_s: float) -> bool:
        """Return whether to send now, and not to wait for more transitions."""
        if not self._gathers or self._window is None:
            return True
        is_full = self._spool.unsent >= self._window.batch
        return is_full or now_s - self._filled_s >= _GATHERING_S

    def _in_flight(self) -> int:
        """Return the number of transitions in flight."""
        return self._spool.pending - self._spool.unsent

    def _go_back(self) -> None:
        """Prepare to send all unacknowledged transitions again."""
        self._spool.rewind()
        self.resent += 1

    def _fill(self, now_s: float) -> None:
        """Send until the window is full or the spool has no more."""
        in_flight, self._filled_s = self._in_flight(), now_s
        while self._window is None or in_flight < self._window.rows:
            batch = self._spool.next_batch(self._window.batch if self._window else 1)
            if batch is None:
                return
            if self._window is None:
                self._window = self._new_window(batch.records)
                self._window.on_idle(now_s)
            self._connection.publish(batch, self._sender, short=self._gathers)
            count = len(batch.records)
            last = batch.first_sequence + count - 1
            if last > self._highest.get(batch.session, 0):  # not sent before
                self._highest[batch.session] = last
                self._window.on_sent(last, now_s)
            in_flight += count

    def _new_window(self, records: Records) -> SendWindow:
        """Return a window for records of this size."""
        once = records.dtype['observation'].itemsize if self._gathers else 0
        return SendWindow(records.itemsize - once, once)

    def _on_ack(self, session: str, sequence: int) -> None:
        """Drop what the learner machine has, and send at once if a full batch is ready."""
        with self._lock:
            now_s = time.monotonic()
            if session not in self._highest and not self._spool.holds(session):
                self._others.acknowledged(session, sequence, now_s)
                return
            try:
                forgotten = self._spool.acknowledge(sequence, session)
            except RlError as error:
                self._events.note(ACKNOWLEDGEMENT_REFUSED, str(error), session)
                return
            if session == self._sender.session:
                self.acknowledged = max(self.acknowledged, sequence)
            if self._window is None:
                return
            if forgotten:
                self._window.on_acknowledged(sequence, forgotten, now_s)
            elif self._in_flight() and self._window.on_repeated_acknowledgement(now_s):
                self._go_back()
            if self._spool.unsent >= self._window.batch:
                self._fill(now_s)

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""From the spool to the learner machine: batches out, acknowledgements in."""

import time

from rclpy.node import Node
from rl_agent.ros_messages import batch_to_message
from rl_agent.ros_topics import (
    ACK_QOS,
    steady_clock,
    TRANSITIONS,
    TRANSITIONS_ACK,
    TRANSITIONS_QOS,
)
from rl_agent.spool import Spool
from rl_agent.transition_batch import Sender
from rl_msgs.msg import TransitionAck, TransitionBatch

_MOST_PER_BATCH = 256
_MOST_IN_FLIGHT = 4096
_RESEND_AFTER_S = 1.0


class Uplink:
    """Sends what the spool holds, in order, and again what is not acknowledged in time."""

    def __init__(self, node: Node, spool: Spool, sender: Sender, period_s: float) -> None:
        """Start sending.

        Args:
            node: whose executor serves the timer and the acknowledgements.
            spool: what to send.
            sender: who sends.
            period_s: time between two looks into the spool.
        """
        self._spool, self._sender, self._node = spool, sender, node
        self._progress_s = time.monotonic()
        self._publisher = node.create_publisher(TransitionBatch, TRANSITIONS, TRANSITIONS_QOS)
        self._acks = node.create_subscription(
            TransitionAck, TRANSITIONS_ACK, self._on_ack, ACK_QOS
        )
        self._timer = node.create_timer(period_s, self.send, clock=steady_clock())
        self.acknowledged = 0

    def send(self) -> None:
        """Send what is due; never waits."""
        if not self._publisher.get_subscription_count():
            self._progress_s = time.monotonic()
            return
        in_flight = self._spool.pending - self._spool.unsent
        if in_flight == 0:
            self._progress_s = time.monotonic()
        elif time.monotonic() - self._progress_s > _RESEND_AFTER_S:
            self._spool.rewind()
            self._progress_s = time.monotonic()
            in_flight = 0
        while in_flight < _MOST_IN_FLIGHT:
            batch = self._spool.next_batch(_MOST_PER_BATCH)
            if batch is None:
                return
            message = batch_to_message(batch, self._sender)
            message.header.stamp = self._node.get_clock().now().to_msg()
            self._publisher.publish(message)
            in_flight += len(batch.records)

    def close(self) -> None:
        """Stop sending."""
        self._node.destroy_timer(self._timer)
        self._node.destroy_subscription(self._acks)
        self._node.destroy_publisher(self._publisher)

    def _on_ack(self, message: TransitionAck) -> None:
        """Forget what the learner machine has."""
        if (message.robot, message.session) != (self._sender.robot, self._sender.session):
            return
        if message.sequence > self.acknowledged:
            self.acknowledged = message.sequence
            self._progress_s = time.monotonic()
            self._spool.acknowledge(message.sequence)

# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""The emergency stop, by topic and by service, and the service that re-arms."""

from rclpy.node import Node
from rl_agent.description.safety import ReactionDescription
from rl_agent.ros.ros_qos_mismatch import expected_mismatch
from rl_agent.ros.ros_topics import (
    EMERGENCY_STOP,
    EMERGENCY_STOP_LATCHED_QOS,
    EMERGENCY_STOP_QOS,
)
from rl_agent.safety.safety_state import SafetyState, Stop
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

CAUSE = 'emergency_stop'


class EmergencyStop:
    """Brings a person's word to the `SafetyState`.

    There are two subscriptions to one topic: a volatile one hears every reliable publisher, and
    a transient local one also hears what a latching publisher said before this node started.
    """

    def __init__(self, node: Node, state: SafetyState, reaction: ReactionDescription) -> None:
        """Offer topic and services.

        Args:
            node: the topic lives in its namespace, the services under its name.
            state: told of emergency stops and of re-arming.
            reaction: to an emergency stop.
        """
        self._node, self._state, self._reaction = node, state, reaction
        self._asked_by_topic = False
        self._subscriptions = [
            node.create_subscription(Bool, EMERGENCY_STOP, self._on_topic, EMERGENCY_STOP_QOS),
            node.create_subscription(
                Bool,
                EMERGENCY_STOP,
                self._on_topic,
                EMERGENCY_STOP_LATCHED_QOS,
                event_callbacks=expected_mismatch(),  # the other one hears volatile publishers
            ),
        ]
        self._services = [
            node.create_service(Trigger, '~/emergency_stop', self._on_stop),
            node.create_service(Trigger, '~/rearm', self._on_rearm),
        ]

    def close(self) -> None:
        """Take them back."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        for service in self._services:
            self._node.destroy_service(service)

    def _on_topic(self, message: Bool) -> None:
        """Stop, or note that the topic asks for it no more: that alone lets nothing move."""
        self._asked_by_topic = message.data
        if message.data:
            self._stop('asked for by topic')

    def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Stop."""
        self._stop('asked for by service')
        response.success = True
        response.message = 'stopped; only ~/rearm lets the robot move again'
        return response

    def _on_rearm(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Let the robot move again, if nothing is in the way."""
        response.success, response.message = self._state.rearm()
        return response

    def _stop(self, reason: str) -> None:
        """Stop the robot, latched."""
        stop = Stop(CAUSE, reason, self._reaction, True, self._why_still)
        self._state.begin(stop, emergency=True)

    def _why_still(self) -> str | None:
        """Return why the robot must still stand."""
        if not self._asked_by_topic:
            return None
        return f'the topic {self._node.resolve_topic_name(EMERGENCY_STOP)} says true'

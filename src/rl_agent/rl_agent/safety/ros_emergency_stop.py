# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Emergency stop by topic and by service, and the service that re-arms."""

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
    """Passes a person's stop and re-arm requests to the `SafetyState`.

    It subscribes to one topic twice: the volatile subscription receives from every reliable
    publisher, the transient local one also receives what a latching publisher sent before this
    node started.
    """

    def __init__(self, node: Node, state: SafetyState, reaction: ReactionDescription) -> None:
        """Subscribe to the topic and offer the services.

        Args:
            node: the topic is relative to its namespace, the services to its name.
            state: receives the stops and the re-arming.
            reaction: how the robot is stopped.
        """
        self._node, self._state, self._reaction = node, state, reaction
        self._topic_is_true = False
        self._subscriptions = [
            node.create_subscription(Bool, EMERGENCY_STOP, self._on_topic, EMERGENCY_STOP_QOS),
            node.create_subscription(
                Bool,
                EMERGENCY_STOP,
                self._on_topic,
                EMERGENCY_STOP_LATCHED_QOS,
                event_callbacks=expected_mismatch(),  # the other one matches volatile publishers
            ),
        ]
        self._services = [
            node.create_service(Trigger, '~/emergency_stop', self._on_stop),
            node.create_service(Trigger, '~/rearm', self._on_rearm),
        ]

    def close(self) -> None:
        """Unsubscribe and withdraw the services."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        for service in self._services:
            self._node.destroy_service(service)

    def _on_topic(self, message: Bool) -> None:
        """Stop on true; false alone does not let the robot move again."""
        self._topic_is_true = message.data
        if message.data:
            self._stop('asked for by topic')

    def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Stop the robot."""
        self._stop('asked for by service')
        response.success = True
        response.message = 'stopped; only ~/rearm lets the robot move again'
        return response

    def _on_rearm(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Re-arm, unless a cause persists."""
        response.success, response.message = self._state.rearm()
        return response

    def _stop(self, reason: str) -> None:
        """Stop the robot, latched."""
        stop = Stop(CAUSE, reason, self._reaction, True, self._persisting_cause)
        self._state.begin(stop, emergency=True)

    def _persisting_cause(self) -> str | None:
        """Return why the robot must not move yet."""
        if not self._topic_is_true:
            return None
        return f'the topic {self._node.resolve_topic_name(EMERGENCY_STOP)} says true'

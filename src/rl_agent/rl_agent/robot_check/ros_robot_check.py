# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""Listens to a robot and inspects the ROS graph, without publishing or calling anything."""

from functools import partial
import time
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.exceptions import InvalidNamespaceException
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.utilities import try_shutdown
from rclpy.validate_namespace import validate_namespace
from rl_agent.configuration import hint
from rl_agent.description.command_box import command_box
from rl_agent.description.robot import RobotDescription
from rl_agent.errors import ConfigurationError
from rl_agent.event_log import EventLog
from rl_agent.message_fields.ros_command_message import CommandMessage
from rl_agent.message_fields.ros_message_text import message_lines
from rl_agent.robot_check.field_watch import FieldWatch, TopicWatch
from rl_agent.robot_check.report import CheckRow
from rl_agent.robot_interface.ros_command_listeners import alternatives, explain_unheard
from rl_agent.robot_interface.ros_sensors import extract_values, RosSensors, SensorMessage
from rl_agent.ros.ros_node_main import ros_init_error
from rl_agent.ros.ros_qos_mismatch import unfit_publishers
from rl_agent.ros.ros_spinning import serve, start_timers
from rl_agent.ros.ros_topics import COMMAND_REHEARSED_QOS

_DISCOVERY_TIMEOUT_S = 5.0  # to find another node, on a busy machine
_SIMULATORS = ('simulated_robot', 'gazebo_robot')


class RobotCheck:
    """A node that only listens.

    Attributes:
        alone: whether no other node was found.
        domain: ROS domain ID.
        simulated: whether a simulator node is in the same namespace; in lockstep it waits for
            commands, so its rates mean nothing.
    """

    def __init__(self, description: RobotDescription, namespace: str, ros_args: list[str]) -> None:
        """Subscribe to the sensor topics.

        Raises:
            ConfigurationError: a message type is not installed or has no such fields, or ROS
                refuses the namespace or the ROS arguments.
        """
        self._description = description
        self._context = Context()
        self._node = _make_node(self._context, namespace, ros_args)
        self.domain = self._context.get_domain_id()
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self.alone, self.simulated = True, False
        self._sensors = sensors = RosSensors(self._node, description, EventLog(), self._on_message)
        start_timers(self._node, [sensors.sources.chore])
        self._names = {self._node.resolve_topic_name(item): item for item in sensors.topics}
        fields = [
            FieldWatch(
                extract.field,
                self._node.resolve_topic_name(extract.field.topic),
                partial(extract_values, extract),
            )
            for extract in sensors.extractors
        ]
        self._rows = [item.row for item in fields]
        max_age_s = description.safety.sensor_watchdog.max_age_s
        self._watches = {
            topic: TopicWatch([item for item in fields if item.field.topic == topic], max_age_s)
            for topic in sensors.topics
        }

    def run(self, seconds: float) -> list[CheckRow]:
        """Listen; return a row for each field, the command and the reset service.

        The time begins when another node is found, or after `_DISCOVERY_TIMEOUT_S`. It is extended
        while a topic is silent whose fields may be older.
        """
        serve(self._executor, _DISCOVERY_TIMEOUT_S, lambda: len(self._node.get_node_names()) > 1)
        serve(self._executor, seconds)
        late_s = max(watch.patience_s for watch in self._watches.values()) - seconds
        serve(self._executor, late_s, lambda: all(item.heard for item in self._watches.values()))
        now_s = time.monotonic()
        nodes = self._node.get_node_names_and_namespaces()
        self.alone = len(nodes) <= 1
        self.simulated = any((name, self._node.get_namespace()) in nodes for name in _SIMULATORS)
        rate_hz = None if self.simulated else self._description.rate_hz
        for watch in self._watches.values():
            for row in watch.check(now_s, rate_hz):
                if not watch.heard:
                    row.problems.append(self._explain_silence(row.topic))
        self._sensors.sources.look()
        for row in self._rows:
            row.problems += self._sensors.sources.problems(row.name)
        rows = [*self._rows, self._check_command()]
        if self._description.reset.service:
            rows.append(self._check_service(self._description.reset.service))
        return rows

    def first_command(self) -> list[str]:
        """Return the message of a first command as lines of text; nothing is sent.

        Raises:
            ConfigurationError: the message cannot be made, or `finish` fails.
        """
        description = self._description
        box = command_box(description.safety, description.action)
        message = CommandMessage(description.action, description.rate_hz, box)
        return message_lines(message.first(lambda: self._node.get_clock().now().nanoseconds))

    def close(self) -> None:
        """Leave the ROS graph."""
        self._executor.shutdown()
        self._node.destroy_node()
        try_shutdown(context=self._context)

    def _on_message(self, topic: str, heard: SensorMessage, values: object) -> None:
        """Pass a message to the watch of its topic."""
        self._watches[topic].on_message(heard.message, heard.received_s)

    def _explain_silence(self, topic: str) -> str:
        """Return the likely reason why a topic is silent."""
        wanted = self._description.topics[self._names[topic]]
        kinds = _types(self._node.get_publishers_info_by_topic(topic))
        if kinds and wanted not in kinds:
            return f'type: given {", ".join(kinds)}; accepted: {wanted}, as described'
        if kinds:
            unfit = unfit_publishers(self._node, topic, self._sensors.qos[self._names[topic]])
            if unfit:
                return unfit
            return f'{topic}: no message from its publishers; accepted: a steady stream'
        others = alternatives(self._node, topic, wanted, self._node.count_publishers)
        return f'{topic}: no publisher{others}'

    def _check_command(self) -> CheckRow:
        """Return the row of the command topic."""
        action = self._description.action
        topic = self._node.resolve_topic_name(action.topic)
        bounds = f'{min(action.low):.4g} to {max(action.high):.4g}'
        row = CheckRow('(command)', topic, bounds=bounds)
        problem = explain_unheard(self._node, topic, action.type, COMMAND_REHEARSED_QOS)
        if problem is not None:
            row.problems.append(problem)
        return row

    def _check_service(self, service: str) -> CheckRow:
        """Return the row of the reset service."""
        name, wanted = self._node.resolve_service_name(service), self._description.reset
        graph = dict(self._node.get_service_names_and_types())
        row = CheckRow('(reset)', name)
        if name not in graph:
            fitting = [item for item, kinds in graph.items() if wanted.service_type in kinds]
            row.problems.append(
                f'{name}: no such service{hint(name, fitting)}; accepted:'
                f' {wanted.service_type}; services of this type: {", ".join(fitting) or "none"}'
            )
        elif wanted.service_type not in graph[name]:
            row.problems.append(
                f'type: given {", ".join(graph[name])}; accepted: {wanted.service_type}'
            )
        return row


def _make_node(context: Context, namespace: str, ros_args: list[str]) -> Node:
    """Initialise the context and return a node in it.

    Raises:
        ConfigurationError: ROS refuses the arguments or the namespace.
    """
    try:
        validate_namespace(f'/{namespace}')
    except InvalidNamespaceException as error:
        message = str(error).partition(':\n')[0]
        raise ConfigurationError(
            f'--namespace: given {namespace!r}; accepted: a name such as robot_1 ({message})'
        ) from error
    try:
        rclpy.init(args=ros_args, context=context)
    except Exception as error:  # rclpy's C extension raises types of its own
        what, reason = ros_init_error(error)
        raise ConfigurationError(f'{what}: {reason}') from error
    return Node('check_robot', context=context, namespace=namespace)


def _types(endpoints: list[Any]) -> list[str]:
    """Return the message types of publishers or subscribers."""
    return sorted({endpoint.topic_type for endpoint in endpoints})

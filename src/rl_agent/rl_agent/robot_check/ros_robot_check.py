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

"""Listens to a robot and inspects the ROS graph, without publishing or calling anything."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
import time
from typing import Any

from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.utilities import try_shutdown
from rl_agent.configuration import hint
from rl_agent.description.action import SentDescription
from rl_agent.description.command_box import command_box
from rl_agent.description.robot import RobotDescription
from rl_agent.event_log import EventLog
from rl_agent.message_fields.message_yaml import message_values
from rl_agent.message_fields.ros_command_message import command_messages
from rl_agent.real_time.chore import Chore
from rl_agent.robot_check.check_report import CheckReport, CommandReport
from rl_agent.robot_check.control_ages import control_ages, ControlAges
from rl_agent.robot_check.field_watch import FieldWatch, TopicWatch
from rl_agent.robot_check.limit_outlook import limit_outlooks, LimitOutlook
from rl_agent.robot_check.observed_vector import ObservedVector
from rl_agent.robot_check.report import CheckRow
from rl_agent.robot_check.ros_endpoints import publishers, quality, subscribers
from rl_agent.robot_check.ros_field_report import end_stops, field_report, type_bounds
from rl_agent.robot_check.timeout_outlook import pose_outlooks, timeout_outlooks
from rl_agent.robot_interface.ros_command_listeners import alternatives, explain_unheard
from rl_agent.robot_interface.ros_listening_node import listening_node
from rl_agent.robot_interface.ros_sensors import extract_values, RosSensors, SensorMessage
from rl_agent.robot_model.ros_robot_descriptions import RobotDescriptions
from rl_agent.ros.ros_qos_mismatch import unfit_publishers
from rl_agent.ros.ros_spinning import serve, start_timers
from rl_agent.ros.ros_topics import COMMAND_REHEARSED_QOS, EMERGENCY_STOP, FLEET_EMERGENCY_STOP

_DISCOVERY_TIMEOUT_S = 5.0  # to find another node, on a busy machine
_LOOK_PERIOD_S = 0.5  # for the URDF
_SIMULATORS = ('simulated_robot', 'gazebo_robot')


def _never() -> bool:
    """Return that nobody has asked to stop."""
    return False


class RobotCheck:
    """A node that only listens."""

    def __init__(self, description: RobotDescription, namespace: str, ros_args: list[str]) -> None:
        """Subscribe to the sensor topics.

        Raises:
            ConfigurationError: a message type is not installed or has no such fields, ROS refuses
                the namespace or the ROS arguments, or the first command cannot be made.
        """
        self._description = description
        self._context = Context()
        self._node = listening_node('check_robot', self._context, namespace, ros_args)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._sensors = sensors = RosSensors(self._node, description, EventLog(), self._on_message)
        self._names = {self._node.resolve_topic_name(item): item for item in sensors.topics}
        fields = [
            FieldWatch(
                extract.field,
                self._node.resolve_topic_name(extract.field.topic),
                partial(extract_values, extract),
            )
            for extract in sensors.extractors
        ]
        self._fields = {item.field.name: item for item in fields}
        max_age_s = description.safety.sensor_watchdog.max_age_s
        self._watches = {
            topic: TopicWatch([item for item in fields if item.field.topic == topic], max_age_s)
            for topic in sensors.topics
        }
        self._vector = ObservedVector(description, fields)
        self._descriptions = RobotDescriptions(self._node)
        looking = Chore(self._descriptions.look, _LOOK_PERIOD_S)
        start_timers(self._node, [sensors.sources.chore, looking])
        self._first_commands = self._make_first_commands()
        self._began_s = time.monotonic()

    def find(self, seconds: float, is_stopped: Callable[[], bool] = _never) -> None:
        """Listen until another node is found, or for `_DISCOVERY_TIMEOUT_S`; then for a time.

        It is extended while a topic is silent whose fields may be older.

        Args:
            seconds: how long to listen.
            is_stopped: whether to end at once.
        """

        def is_found() -> bool:
            return is_stopped() or len(self._node.get_node_names()) > 1

        def is_complete() -> bool:
            return is_stopped() or all(item.heard for item in self._watches.values())

        serve(self._executor, _DISCOVERY_TIMEOUT_S, is_found)
        self._began_s = time.monotonic()
        serve(self._executor, seconds, is_stopped)
        late_s = max(watch.patience_s for watch in self._watches.values()) - seconds
        serve(self._executor, late_s, is_complete)

    def listen(self, seconds: float, is_stopped: Callable[[], bool] = _never) -> None:
        """Listen anew: the next report is about this time, but for its limits."""
        for watch in self._watches.values():
            watch.restart()
        self._began_s = time.monotonic()
        serve(self._executor, seconds, is_stopped)

    def report(self) -> CheckReport:
        """Return what was found since `find` or the last call of `listen`."""
        now_s, description = time.monotonic(), self._description
        self._vector.advance(now_s)
        nodes = self._node.get_node_names_and_namespaces()
        namespace = self._node.get_namespace()
        is_simulated = any((name, namespace) in nodes for name in _SIMULATORS)
        self._complete_rows(now_s, None if is_simulated else description.rate_hz)
        ages = {
            name: None if is_simulated else self._ages(item, now_s)
            for name, item in self._fields.items()
        }
        newest, service = self._vector.newest, description.reset.service
        return CheckReport(
            robot=description.name,
            namespace=namespace,
            domain=self._context.get_domain_id(),
            rate_hz=description.rate_hz,
            seconds=now_s - self._began_s,
            alone=len(nodes) <= 1,
            simulated=is_simulated,
            fields=tuple(
                field_report(
                    item, self._publishers(item), self._requested(item), now_s, ages[name]
                )
                for name, item in self._fields.items()
            ),
            commands=tuple(map(self._check_command, description.sent, self._first_commands)),
            reset=self._check_service(service) if service else None,
            limits=self._outlooks(ages, is_lockstep=is_simulated),
            names=self._vector.names,
            samples=self._vector.samples,
            observation=None if newest is None else newest.tolist(),
            image_load=self._vector.image_load,
        )

    def write_images(self, path: Path) -> bool:
        """Write what the policy sees of the newest frames as PNG; return whether there are any.

        Raises:
            OSError: it cannot be written.
        """
        return self._vector.write_images(path)

    def close(self) -> None:
        """Leave the ROS graph."""
        self._executor.shutdown()
        self._node.destroy_node()
        try_shutdown(context=self._context)

    def _complete_rows(self, now_s: float, rate_hz: float | None) -> None:
        """Complete the lines of all fields."""
        for watch in self._watches.values():
            for row in watch.check(now_s, rate_hz):
                if not watch.heard:
                    row.problems.append(self._explain_silence(row.topic))
        self._sensors.sources.look()
        for name, item in self._fields.items():
            item.row.problems += self._sensors.sources.problems(name)

    def _make_first_commands(self) -> list[dict[str, Any]]:
        """Return the first message of each command topic as plain values.

        Raises:
            ConfigurationError: the message cannot be made, or `finish` fails.
        """
        description = self._description
        box = command_box(description.safety, description.command)
        return [
            message_values(message.first(lambda: self._node.get_clock().now().nanoseconds))
            for _, message in command_messages(description.sent, description.rate_hz, box)
        ]

    def _ages(self, item: FieldWatch, now_s: float) -> ControlAges | None:
        """Return the ages of a field at the control rate since the last report."""
        if item.field.once:
            return None
        return control_ages(item.received_s, self._began_s, now_s, 1.0 / self._description.rate_hz)

    def _publishers(self, item: FieldWatch) -> Any:
        """Return the publishers that give a field."""
        ids = self._sensors.sources.publishers(item.field.name)
        return publishers(self._node, item.row.topic, ids)

    def _requested(self, item: FieldWatch) -> Any:
        """Return the quality of service that the agent asks for."""
        return quality(self._sensors.qos[item.field.topic])

    def _outlooks(
        self, ages: Mapping[str, ControlAges | None], *, is_lockstep: bool
    ) -> tuple[LimitOutlook, ...]:
        """Return what could stop the robot."""
        stops = map(self._node.resolve_topic_name, (EMERGENCY_STOP, FLEET_EMERGENCY_STOP))
        return (
            *limit_outlooks(
                self._description,
                self._fields,
                type_bounds(self._description),
                end_stops(self._descriptions),
            ),
            *pose_outlooks(self._description, self._fields),
            *timeout_outlooks(
                self._description,
                self._fields,
                ages,
                is_lockstep=is_lockstep,
                stop_publishers=sum(map(self._node.count_publishers, dict.fromkeys(stops))),
            ),
        )

    def _on_message(self, topic: str, heard: SensorMessage, values: object) -> None:
        """Pass a message to the watch of its topic."""
        self._vector.advance(heard.received_s)
        self._watches[topic].on_message(heard.message, heard.received_s)

    def _explain_silence(self, topic: str) -> str:
        """Return the likely reason why a topic is silent."""
        wanted = self._description.topics[self._names[topic]]
        kinds = sorted({item.type for item in publishers(self._node, topic)})
        if kinds and wanted not in kinds:
            return f'type: given {", ".join(kinds)}; accepted: {wanted}, as described'
        if kinds:
            unfit = unfit_publishers(self._node, topic, self._sensors.qos[self._names[topic]])
            if unfit:
                return unfit
            return f'{topic}: no message from its publishers; accepted: a steady stream'
        others = alternatives(self._node, topic, wanted, self._node.count_publishers)
        return f'{topic}: no publisher{others}'

    def _check_command(self, sent: SentDescription, first: dict[str, Any]) -> CommandReport:
        """Return what was found about a command topic."""
        topic = self._node.resolve_topic_name(sent.topic)
        bounds = f'{min(sent.low):.4g} to {max(sent.high):.4g}' if sent.low else '-'
        row = CheckRow('(command)', topic, bounds=bounds)
        problem = explain_unheard(self._node, topic, sent.type, COMMAND_REHEARSED_QOS)
        if problem is not None:
            row.problems.append(problem)
        return CommandReport(
            row=row,
            type=sent.type,
            subscribers=subscribers(self._node, topic),
            offered=quality(COMMAND_REHEARSED_QOS),
            is_default=sent.default is not None or not sent.low,
            first=first,
        )

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

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

"""The sensors of a robot in real time: polled, read, and waited for before an episode."""

from collections.abc import Callable
import math
import threading
import time

from rclpy.node import Node
from rl_agent.array_types import Float64Array
from rl_agent.description.robot import RobotDescription
from rl_agent.errors import RobotError
from rl_agent.event_log import EventLog
from rl_agent.robot_interface.ros_sensor_sources import SensorSources
from rl_agent.robot_interface.ros_sensors import RosSensors
from rl_agent.robot_interface.sensor_reader import SensorReader, watched_sensors
from rl_agent.safety.watchdogs import WatchedInput

_POLL_PERIOD_S = 0.001  # between two looks for messages, while an episode waits for them


class RealtimeSensors:
    """Takes messages when the control thread polls, and keeps the newest good values.

    Attributes:
        reader: of the values.
        watched: each topic with its largest age.
    """

    def __init__(
        self, node: Node, description: RobotDescription, timeout_s: float, events: EventLog
    ) -> None:
        """Subscribe.

        Args:
            node: relative topics are in its namespace.
            description: of the robot.
            timeout_s: a robot that is silent for this long before an episode is an error.
            events: receives reports of sensor faults and of two sources of one number.
        """
        self._timeout_s = timeout_s
        self._sensors = RosSensors(node, description, events, polled=True)
        self.reader = SensorReader(
            description.observation, self._sensors.latest, self._sensors.values_of, events
        )
        self.watched: list[WatchedInput] = watched_sensors(
            self.reader, description, node.resolve_topic_name
        )

    @property
    def changed(self) -> threading.Condition:
        """Notified at each message, see `RosSensors`."""
        return self._sensors.changed

    @property
    def sources(self) -> SensorSources:
        """Whether two nodes publish the same."""
        return self._sensors.sources

    @property
    def is_fresh(self) -> bool:
        """Whether no value is too old."""
        now_s = time.monotonic()
        return all(item.is_fresh(now_s) for item in self.watched)

    def receive(self) -> None:
        """Receive messages."""
        self._sensors.poll()

    def poll(self) -> None:
        """Receive messages; extract their values."""
        self.receive()
        self.reader.update()

    def values(self) -> dict[str, Float64Array] | None:
        """Return field to newest values, (raw,); None: one is missing or too old."""
        self.poll()
        return self.reader.values() if self.is_fresh and self.reader.is_complete else None

    def wait_for_new_messages(self, since_s: float, left_s: Callable[[float], float]) -> None:
        """Wait for a good message on every topic, received later, whatever its stamp.

        A reset may set the clock of a simulation or of a driver back.

        Args:
            since_s: time on the steady clock; -inf: any message.
            left_s: returns how much longer to wait until a time; a stop shortens it.

        Raises:
            RobotError: the robot is silent, or its messages do not fit.
        """

        def missing() -> list[str]:
            self.poll()
            return self.reader.missing(since_s)

        deadline_s = time.monotonic() + self._timeout_s
        with self.changed:
            while missing():
                if left_s(deadline_s) <= 0:
                    raise RobotError(self._explain_silence(missing()))
                self.changed.wait(min(left_s(deadline_s), _POLL_PERIOD_S))

    def close(self) -> None:
        """Unsubscribe."""
        self._sensors.close()

    def _explain_silence(self, topics: list[str]) -> str:
        """Return what is wrong with these topics, and what to check."""
        received = {}
        for topic in topics:
            was_heard = self.reader.last_good_s(topic) > -math.inf
            state = 'nothing new' if was_heard else 'no message'
            received[topic] = self.reader.fault(topic) or state
        return self._sensors.explain_silence(received, self._timeout_s)

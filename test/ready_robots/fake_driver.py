# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A driver of a robot that people own: its topics, types and qualities, and what it refuses.

A driver runs by itself, or in lockstep: then a period passes with each command, and its sensors
answer it. It checks each command as the real one would, or as a careful person would.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import threading
import time
from typing import Any, ClassVar

from fleet import SpinningListener
from rclpy.qos import qos_profile_sensor_data, QoSProfile
from rl_agent.description.command_box import command_box
from rl_agent.description.field_types import per_joint
from rl_agent.description.robot import load_robot
from rl_agent.ros.ros_messages import import_message
from std_srvs.srv import Trigger

BEST_EFFORT, RELIABLE = qos_profile_sensor_data, QoSProfile(depth=10)
WITHIN_S = 30.0
_TICK_S, _REPEAT_S, _ASK_S = 0.01, 0.1, 0.05
_ROUNDING = 1e-5  # of float32
_POLL_S = 0.01
_LOST = 5  # in real time only the newest command counts, so that some may be lost


@dataclass(frozen=True)
class Sensor:
    """A topic of the robot.

    Attributes:
        topic: in the robot's namespace.
        kind: message type, `package/msg/Name`.
        rate_hz: how often it is published; 0: once.
        make: fills a message.
        qos: what the driver offers; None: reliable.
        is_silent: returns whether nothing is published now.
    """

    topic: str
    kind: str
    rate_hz: float
    make: Callable[[Any], None]
    qos: QoSProfile | None = None
    is_silent: Callable[[], bool] = lambda: False


class FakeDriver(SpinningListener):
    """Publishes what a robot publishes, obeys what it obeys.

    Attributes:
        robot: name of the description.
        command_qos: what the driver asks for.
        stamped: whether its messages have headers; else a repeated one cannot be told from an
            answer, so that it repeats none after the first command.
        takes: lowest and highest number of a command that the robot itself takes.
        fastest: for positions: how fast the robot's joints turn at most, rad/s.
        commands: numbers of all commands that were obeyed, in order.
        wrong: what was wrong with commands, in words.
    """

    robot: ClassVar[str]
    command_qos: ClassVar[QoSProfile] = RELIABLE
    stamped: ClassVar[bool] = True
    takes: ClassVar[tuple[tuple[float, float], ...]]
    fastest: ClassVar[tuple[float, ...]] = ()

    def __init__(self, namespace: str, *, lockstep: bool, path: str = '') -> None:
        """Start; `path` is another description than that of `config/robots`."""
        super().__init__()
        self.description = load_robot(path or self.robot)
        self.commands: list[list[float]] = []
        self.wrong: list[str] = []
        self.namespace, self._lockstep = namespace, lockstep
        self._lock, self._stamp_ns, self._ticks = threading.RLock(), 10**9, 0
        self._asking = True
        node, action = self.node, self.description.action
        self._publishers = [
            (
                sensor,
                node.create_publisher(
                    import_message(sensor.kind), self.name(sensor.topic), sensor.qos or RELIABLE
                ),
            )
            for sensor in self.sensors()
        ]
        node.create_subscription(
            import_message(action.type),
            self.name(action.topic),
            self._on_command,
            self.command_qos,
        )
        self.connect()
        self.publish_once()
        self._clients: dict[str, Any] = {}
        node.create_timer(_REPEAT_S if lockstep else _TICK_S, self._tick)
        if self.description.reset.person:
            node.create_timer(_ASK_S, self._confirm)

    def sensors(self) -> Sequence[Sensor]:
        """Return its topics."""
        raise NotImplementedError

    def connect(self) -> None:
        """Create what else the driver has."""

    def numbers(self, message: Any) -> list[float]:
        """Return the numbers of a command; append to `wrong` what the driver would refuse."""
        raise NotImplementedError

    def move(self, command: Sequence[float], seconds: float) -> None:
        """Let some time pass under a command."""
        raise NotImplementedError

    def publish_once(self) -> None:
        """Publish what is published once, and again when it changes."""
        for sensor, publisher in self._publishers:
            if not sensor.rate_hz:
                self._publish(sensor, publisher)

    def name(self, topic: str) -> str:
        """Return the full name of a relative topic or service."""
        return f'/{self.namespace}/{topic}'

    def call(self, service: str) -> Any:
        """Call a service of the environment; return its answer."""
        client, done = self._client(service), threading.Event()
        assert client.wait_for_service(WITHIN_S), service
        future = client.call_async(Trigger.Request())
        future.add_done_callback(lambda _: done.set())
        assert done.wait(WITHIN_S), service
        return future.result()

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition.

        Raises:
            AssertionError: it does not hold in time.
        """
        deadline_s = time.monotonic() + WITHIN_S
        while not condition():
            assert time.monotonic() < deadline_s, f'{what}; last were {self.commands[-3:]}'
            time.sleep(_POLL_S)

    def stamp(self, message: Any, frame: str) -> None:
        """Fill in a header."""
        with self._lock:
            stamp_ns = self._stamp_ns if self._lockstep else time.time_ns()
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 10**9)
        message.header.frame_id = frame

    def check(self, holds: bool, what: str) -> None:
        """Note what is wrong unless something holds."""
        if not holds:
            self.wrong.append(what)

    def _on_command(self, message: Any) -> None:
        """Check and obey a command."""
        with self._lock:
            command = self.numbers(message)
            self._check_bounds(command)
            self.commands.append(command)
            if self._lockstep:
                period_s = 1.0 / self.description.rate_hz
                self.move(command, period_s)
                self._stamp_ns += round(period_s * 1e9)
                self._publish_all()

    def _check_bounds(self, command: Sequence[float]) -> None:
        """Note a command outside the box, or too far from the last one; 0 may come at once.

        The box lies within the robot's own bounds; joints turn at half of their speed at most. In
        real time a few commands may be lost in between.
        """
        safety = self.description.safety
        box = zip(*command_box(safety, self.description.command), strict=True)
        for number, (low, high), (least, most) in zip(command, box, self.takes, strict=True):
            inside = low - _ROUNDING <= number <= high + _ROUNDING
            self.check(inside and least < number < most, f'outside: {number}')
        assert safety.slew_per_s is not None
        if not self.commands or not any(command):
            return
        slews = per_joint(safety.slew_per_s, command)
        for slew, fastest in zip(slews, self.fastest, strict=False):
            self.check(slew <= fastest / 2, f'as fast as {slew} rad/s')
        for number, before, slew in zip(command, self.commands[-1], slews, strict=True):
            step = slew / self.description.rate_hz * (1 if self._lockstep else _LOST)
            self.check(abs(number - before) <= step + _ROUNDING, f'jump: {before} to {number}')

    def _tick(self) -> None:
        """Let time pass, or repeat the state of a robot at standstill."""
        with self._lock:
            if self._lockstep:
                if self.stamped or not self.commands:
                    self._publish_all()
                return
            self._ticks += 1
            if self.commands:
                self.move(self.commands[-1], _TICK_S)
            for sensor, publisher in self._publishers:
                every = max(round(1.0 / (sensor.rate_hz * _TICK_S)), 1) if sensor.rate_hz else 0
                if every and self._ticks % every == 0:
                    self._publish(sensor, publisher)

    def _publish_all(self) -> None:
        """Publish the state on all topics."""
        for sensor, publisher in self._publishers:
            if sensor.rate_hz:
                self._publish(sensor, publisher)

    def _publish(self, sensor: Sensor, publisher: Any) -> None:
        """Publish a message, unless the topic is silent."""
        if sensor.is_silent():
            return
        message = import_message(sensor.kind)()
        sensor.make(message)
        publisher.publish(message)

    def _confirm(self) -> None:
        """Be the person who has prepared the robot."""
        client = self._client('confirm_reset')
        if client.service_is_ready():
            client.call_async(Trigger.Request())

    def _client(self, service: str) -> Any:
        """Return the client of a service of the environment."""
        if service not in self._clients:
            self._clients[service] = self.node.create_client(
                Trigger, self.name(f'rl_env/{service}')
            )
        return self._clients[service]

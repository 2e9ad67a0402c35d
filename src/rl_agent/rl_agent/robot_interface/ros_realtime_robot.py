# Copyright 2026 The rl_agent authors. Licensed under the Apache License, Version 2.0.
"""A robot behind ROS topics that is commanded at a fixed rate of the steady clock."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
import gc
import time

from rclpy.node import Node
from rl_agent.array_types import Float64Array
from rl_agent.description.robot import RobotDescription
from rl_agent.description.safety import find_pose, POSITION_UNITS
from rl_agent.environment.robot import Reading
from rl_agent.errors import RobotError, StoppedError
from rl_agent.event_log import EventLog
from rl_agent.real_time.fixed_rate import FixedRate
from rl_agent.real_time.latency_histogram import LatencyHistogram
from rl_agent.real_time.rehearsal_schedule import RehearsalSchedule
from rl_agent.real_time.scheduling import collect_garbage
from rl_agent.robot_interface.ros_command import RosCommand
from rl_agent.robot_interface.ros_reset import RosReset
from rl_agent.robot_interface.ros_sensors import RosSensors
from rl_agent.robot_interface.sensor_reader import SensorReader
from rl_agent.safety.command_gate import CommandGate
from rl_agent.safety.safety_state import SafetyState
from rl_agent.safety.stop_motion import StopPlanner
from rl_agent.safety.watchdogs import POLICY, Watched

_TICKS_PER_COLLECTION = 10
_LOOK_S = 0.001  # between two looks for messages, while an episode waits for them


class RealtimeRobot:
    """Sends a command, waits for the next tick, returns what the sensors said last by then.

    The thread that calls `apply` is the control thread. It never waits for anything but the
    clock; what takes time is handed over when a command has just left.

    Attributes:
        rate: the ticks, and how many were late or missed.
        latency: observation complete to command published.
    """

    def __init__(
        self,
        node: Node,
        description: RobotDescription,
        timeout_s: float,
        state: SafetyState,
        events: EventLog,
        policy_heard_s: Callable[[], float] = time.monotonic,
        when_idle: Callable[[], None] = lambda: None,
        rehearse_decision: Callable[[Reading], None] = lambda reading: None,
        own_processor: bool = False,
    ) -> None:
        """Connect; nothing is sent yet.

        Args:
            node: relative topics live in its namespace; its executor spins in another thread.
            description: of the robot.
            timeout_s: an episode cannot begin with a robot that is silent for so long.
            state: whether the robot may move.
            events: told of what is wrong with sensors.
            policy_heard_s: returns when the learner was last heard, on the steady clock; the
                default is for a robot that needs no learner.
            when_idle: called when there is time until the next tick.
            rehearse_decision: does what the caller does between two calls of `apply`, without
                effect; see `RehearsalSchedule`.
            own_processor: the control thread does not share its processor.
        """
        self._node, self._description, self._timeout_s = node, description, timeout_s
        self._state, self._when_idle = state, when_idle
        self._rehearse_decision = rehearse_decision
        self._stopping_s: float | None = None
        self._begun_s: float | None = None  # when the observation of this step was complete
        self._pose = find_pose(description.safety, description.action, description.observation)
        self._is_position = description.action.unit in POSITION_UNITS
        self._sensors = RosSensors(node, description, polled=True)
        self._changed = self._sensors.changed
        self._reader = SensorReader(
            description.observation, self._sensors.latest, self._sensors.values_of, events
        )
        self._watched_sensors = self._watch_sensors()
        watched, policy_watchdog = [*self._watched_sensors], description.safety.policy_watchdog
        if policy_watchdog is not None:
            watched.append(Watched(POLICY, 'the policy', policy_watchdog, policy_heard_s))
        self._command = RosCommand(node, description.action, description.rate_hz, rehearsed=True)
        self._gate = CommandGate(
            self._command.send,
            state,
            StopPlanner(description.action),
            description.rate_hz,
            description.safety.command_watchdog,
            watched,
            self._look,
        )
        self._reset = RosReset(
            node, description, self._changed, self._left_s, timeout_s, self._leave_it
        )
        self.rate = FixedRate(description.rate_hz)
        self._rehearsals = RehearsalSchedule(
            self._rehearse, self.rate.period_s, own_processor=own_processor
        )
        self.latency = LatencyHistogram()

    @property
    def waits_for(self) -> str:
        """What a person is to do before an episode begins, in words; empty: nothing."""
        return self._reset.waits_for

    def wait_until_heard(self) -> None:
        """Wait until every sensor topic had a good message.

        Raises:
            RobotError: one is silent, or sends what does not fit.
        """
        self._await_fresh(-1.0, {})

    def reset(self, check: Callable[[Reading], None] = lambda reading: None) -> Reading:
        """Stop the robot, begin an episode; return its first reading, see `Robot.reset`."""
        self._begun_s = None

        def refuse(is_refused: bool = False) -> None:
            if is_refused or self._stopping_s is not None or self._state.stop is not None:
                raise StoppedError(f'reset: stopped: {self._state.words}')

        def look_at(reading: Reading) -> None:
            check(reading)
            refuse(reading.command is not None)

        def apply(command: Float64Array) -> Reading:
            self._begun_s = None
            reading = self.apply(command)
            look_at(reading)
            return reading

        self._gate.rest(self._description.safety.stop)
        collect_garbage()
        self.wait_until_heard()
        self.rate.start()
        self._reset.run(self._read, apply, refuse, look_at)
        self._gate.pause()
        self.rate.start()
        self._sensors.poll()
        self._begun_s = time.perf_counter()
        self._reader.update()
        return replace(self._reading(), command=self._gate.last_sent)

    def apply(self, command: Float64Array) -> Reading:
        """Send a command; return the reading of the next tick, see `Robot.apply`."""
        sent = self._gate.send(command)
        if sent and self._begun_s is not None:
            self.latency.add(time.perf_counter() - self._begun_s)
        self._when_idle()
        if self.rate.ticks % _TICKS_PER_COLLECTION == 0:
            gc.collect(0)
        self._rehearsals.run_before(self.rate.deadline_s)
        self.rate.wait()
        self._sensors.poll()
        self._begun_s = time.perf_counter()
        self._reader.update()
        self._gate.watchdogs.update(moving=True)
        reading = self._reading()
        last = self._gate.command_in_effect
        return reading if last is command else replace(reading, command=last)

    def sense(self) -> dict[str, Float64Array] | None:
        """Return the newest values, see `SensingRobot`."""
        self._look()
        now_s = time.monotonic()
        if not all(item.is_young(now_s) for item in self._watched_sensors):
            return None
        return self._reader.values()

    def rest(self) -> None:
        """Bring the robot to a stop, as at the end of an episode."""
        self._gate.rest(self._description.safety.stop)

    def prepare(self) -> None:
        """Be ready to move, and to wait as long as the time-out says."""
        self._stopping_s = None
        self._gate.start()

    def stop_waiting(self, grace_s: float) -> None:
        """Bring the robot to a stop, at once; let nothing wait for it longer than `grace_s`."""
        with self._changed:
            self._stopping_s = time.monotonic() + grace_s
            self._changed.notify_all()
        self._gate.retire(self._description.safety.stop)

    def close(self) -> None:
        """Disconnect."""
        self._gate.close()
        self._sensors.close()
        self._command.close()
        self._reset.close()

    def _watch_sensors(self) -> list[Watched]:
        """Return each sensor topic with its largest age."""
        watchdog, watched = self._description.safety.sensor_watchdog, []
        for topic in self._reader.topics:
            ages = [
                item.max_age_s or watchdog.max_age_s
                for item in self._description.observation
                if item.topic == topic
            ]
            watched.append(
                Watched(
                    f'sensor_too_old/{topic}',
                    self._node.resolve_topic_name(topic),
                    replace(watchdog, max_age_s=min(ages)),
                    partial(self._reader.good_since_s, topic),
                    partial(self._reader.why, topic),
                )
            )
        return watched

    def _rehearse(self) -> None:
        """Do all that the next tick will do, without effect: sense, decide, publish."""
        self._reader.decode_again()
        self._gate.watchdogs.update(moving=False)
        if self._reader.is_complete:
            self._rehearse_decision(self._reading())
        if self._gate.command_in_effect is not None:
            self._command.publish_unheard(self._gate.command_in_effect)

    def _look(self) -> None:
        """Take the values out of messages that have come."""
        self._sensors.poll()
        self._reader.update()

    def _reading(self) -> Reading:
        """Return the newest good values."""
        values = self._reader.values()
        if self._pose is not None:
            self._gate.update_pose(self._pose_of(values))
        stamp_ns = min(self._reader.stamp_ns(topic) for topic in self._reader.topics)
        now_s = time.monotonic()
        is_fresh = all(item.is_young(now_s) for item in self._watched_sensors)
        return Reading(values, stamp_ns, is_fresh=is_fresh)

    def _pose_of(self, values: Mapping[str, Float64Array]) -> Float64Array:
        """Return what the command sets, as measured, (action,)."""
        assert self._pose is not None
        field, places = self._pose
        return values[field][places]

    def _leave_it(self) -> None:
        """Owe no commands while somebody else has the robot, and keep track of where it is."""
        self._gate.pause()
        self._look()
        if self._is_position:
            is_known = self._pose is not None and self._reader.is_complete
            self._gate.on_external_motion(
                self._pose_of(self._reader.values()) if is_known else None
            )

    def _read(self, moved: bool) -> Reading:
        """Return a reading from after this call, see `RosReset.run`."""
        stamps = {topic: self._reader.stamp_ns(topic) for topic in self._reader.topics}
        # a driver that leaves its stamps at 0 never has a newer one
        stamps = {topic: stamp_ns for topic, stamp_ns in stamps.items() if stamp_ns > 0}
        self._gate.pause()
        self._await_fresh(time.monotonic(), stamps if moved else {})
        self._leave_it()
        return self._reading()

    def _await_fresh(self, since_s: float, stamps_ns: dict[str, int]) -> None:
        """Wait until every topic has a good message that came later, with a newer stamp.

        Raises:
            RobotError: the robot is silent, or sends what does not fit.
        """

        def missing() -> list[str]:
            self._look()
            return [
                topic
                for topic in self._reader.topics
                if self._reader.good_since_s(topic) <= since_s
                or self._reader.stamp_ns(topic) <= stamps_ns.get(topic, -2)
            ]

        deadline_s = time.monotonic() + self._timeout_s
        with self._changed:
            while missing():
                if self._left_s(deadline_s) <= 0:
                    raise RobotError(self._explain(missing()))
                self._changed.wait(min(self._left_s(deadline_s), _LOOK_S))

    def _left_s(self, deadline_s: float) -> float:
        """Return how much longer to wait; a stop shortens it."""
        return min(deadline_s, self._stopping_s or deadline_s) - time.monotonic()

    def _explain(self, topics: list[str]) -> str:
        """Return what is wrong with these topics, and what to look at."""
        heard = {}
        for topic in topics:
            said = self._reader.good_since_s(topic) > 0
            heard[topic] = self._reader.why(topic) or ('nothing new' if said else 'no message')
        return self._sensors.explain_silence(heard, self._timeout_s)
